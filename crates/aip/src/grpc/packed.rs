//! Fields that are kept as they are encoded: what has no column of its own kind.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// An encoded message as a text; empty if it says nothing.
#[must_use]
pub fn text(encoded: impl AsRef<[u8]>) -> String {
    STANDARD_NO_PAD.encode(encoded)
}

/// The entries of a map, each as `encode` has it, in sequence: equal maps are equal texts.
#[must_use]
pub fn map<K: Ord, V>(
    map: impl IntoIterator<Item = (K, V)>,
    encode: impl FnMut((K, V)) -> Vec<u8>,
) -> String {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    text(entries.into_iter().flat_map(encode).collect::<Vec<u8>>())
}

/// What [`text`] was given; nothing, which is logged, of a text that it does not make.
#[must_use]
pub fn bytes(text: &str) -> Vec<u8> {
    STANDARD_NO_PAD.decode(text).unwrap_or_else(unreadable)
}

/// In place of what is kept and cannot be read, which is logged.
pub fn unreadable<M: Default>(why: impl Display) -> M {
    tracing::error!(%why, "what is kept of a field cannot be read");
    M::default()
}

#[cfg(test)]
mod tests {
    use super::{bytes, map, text};

    #[test]
    fn equal_maps_are_equal_texts() {
        let encode = |(key, value): (&str, u8)| [key.as_bytes(), &[value]].concat();
        let one = map([("b", 2), ("a", 1)], encode);
        assert_eq!(one, map([("a", 1), ("b", 2)], encode));
        assert_eq!(bytes(&one), b"a\x01b\x02");
        assert_eq!(map([], encode), "");
    }

    #[test]
    fn what_was_packed_is_unpacked_and_what_was_not_is_nothing() {
        for encoded in [b"".as_slice(), b"\x0a\x03EUR", &[0xff; 40]] {
            assert_eq!(bytes(&text(encoded)), encoded);
        }
        assert_eq!(text([]), "");
        assert_eq!(bytes("no base64!"), b"");
    }
}
