//! `x-request-id`: taken if sane, made if absent, returned and passed on.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher as _, RandomState};

use bytes::Bytes;
use chassis_core::hex;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) static HEADER: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 128;

/// The caller's id if it is one to log and pass on, else a new one.
pub(crate) fn accept_or_create(headers: &HeaderMap) -> HeaderValue {
    match headers.get(&HEADER) {
        Some(value) if is_sane(value.as_bytes()) => value.clone(),
        _ => create(),
    }
}

fn is_sane(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    !id.is_empty() && id.len() <= MAX_LENGTH && id.iter().all(allowed)
}

/// A version 4 UUID. It names a call and guards nothing, so a generator that is
/// fast rather than unpredictable makes it.
fn create() -> HeaderValue {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&next().to_be_bytes());
    bytes[8..].copy_from_slice(&next().to_be_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = [b'-'; 36];
    for (from, to) in [
        (0..4, 0..8),
        (4..6, 9..13),
        (6..8, 14..18),
        (8..10, 19..23),
        (10..16, 24..36),
    ] {
        hex::encode(&bytes[from], &mut text[to]);
    }
    // Shared from the start: it is cloned at each turn of the call.
    let shared = Bytes::from_owner(text);
    HeaderValue::from_maybe_shared(shared).unwrap_or(HeaderValue::from_static("-"))
}

/// xoroshiro128++, seeded for each thread from the process's hash keys.
fn next() -> u64 {
    thread_local! {
        static STATE: Cell<[u64; 2]> = Cell::new({
            let keys = RandomState::new();
            [keys.hash_one(0), keys.hash_one(1) | 1]
        });
    }
    STATE.with(|state| {
        let [a, mut b] = state.get();
        let result = a.wrapping_add(b).rotate_left(17).wrapping_add(a);
        b ^= a;
        state.set([a.rotate_left(49) ^ b ^ b << 21, b.rotate_left(28)]);
        result
    })
}

thread_local! {
    static CURRENT: RefCell<Option<HeaderValue>> = const { RefCell::new(None) };
}

/// The id of the call that runs on this thread right now.
pub(crate) fn current() -> Option<HeaderValue> {
    CURRENT.with_borrow(Clone::clone)
}

/// Makes `id` the current one until it is dropped.
pub(crate) fn enter(id: Option<HeaderValue>) -> Entered {
    Entered(CURRENT.replace(id))
}

pub(crate) struct Entered(Option<HeaderValue>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.replace(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn accept(value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(&HEADER, HeaderValue::from_str(value).unwrap());
        accept_or_create(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn sane_ids_are_kept_and_others_replaced() {
        for id in ["1", "a-b_c.d:e/f+g=@h", &"x".repeat(128)] {
            assert_eq!(accept(id), id);
        }
        for id in ["", "a b", "a\"b", "{}", &"x".repeat(129)] {
            let made = accept(id);
            assert_ne!(made, id);
            let made = uuid::Uuid::parse_str(&made).unwrap();
            assert_eq!(made.get_version_num(), 4);
            assert_eq!(made.get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn made_ids_differ_within_and_across_threads() {
        let make = || (0..10_000).map(|_| create()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(make)).collect();
        let ids: HashSet<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(ids.len(), 40_000);
    }
}
