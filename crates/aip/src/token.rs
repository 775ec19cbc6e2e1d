//! Opaque tokens: where a list or a watch left off.
//!
//! A token holds what it was made for, and for whom, so that one made for another
//! question or caller is refused instead of answered wrongly. It is neither secret
//! nor signed: what an answer holds is decided by who asks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use store::{Invalid, Position};
use uuid::Uuid;

use crate::model::{Filter, Sort};
use crate::owner::Requester;

const PAGE_OLDEST: u8 = 1;
const PAGE_NEWEST: u8 = 2;
const WATCH: u8 = 3;

/// The token of the page after the one that ends with `last`.
#[must_use]
pub fn page(by: &Requester, filter: &Filter, sort: Sort, last: Uuid) -> String {
    encode(page_kind(sort), last.as_bytes(), by, filter)
}

/// The inverse of [`page`], for the same requester, filter and sequence.
pub fn parse_page(
    token: &str,
    by: &Requester,
    filter: &Filter,
    sort: Sort,
) -> Result<Uuid, Invalid> {
    decode(token, page_kind(sort), by, filter)
        .map(Uuid::from_bytes)
        .ok_or_else(|| {
            Invalid::new(
                "must be the next_page_token of your own list with the same filter and order_by",
            )
        })
}

/// The token of a watch that has seen everything up to `position`.
#[must_use]
pub fn watch(by: &Requester, filter: &Filter, position: Position) -> String {
    encode(WATCH, &position.0.to_be_bytes(), by, filter)
}

/// The inverse of [`watch()`], for the same requester and filter.
pub fn parse_watch(token: &str, by: &Requester, filter: &Filter) -> Result<Position, Invalid> {
    decode(token, WATCH, by, filter)
        .map(|position| Position(u64::from_be_bytes(position)))
        .ok_or_else(|| {
            Invalid::new("must be the resume_token of your own watch with the same filter")
        })
}

/// The token of a watch of everything, as [`watch()`].
#[must_use]
pub fn everything(position: Position) -> String {
    let everyone = Requester {
        sees_all: true,
        ..Requester::default()
    };
    watch(&everyone, &Filter::default(), position)
}

fn page_kind(sort: Sort) -> u8 {
    match sort {
        Sort::Oldest => PAGE_OLDEST,
        Sort::Newest => PAGE_NEWEST,
    }
}

fn encode(kind: u8, place: &[u8], by: &Requester, filter: &Filter) -> String {
    BASE64.encode([&[kind], place, made_for(by, filter).as_bytes()].concat())
}

fn decode<const N: usize>(
    token: &str,
    kind: u8,
    by: &Requester,
    filter: &Filter,
) -> Option<[u8; N]> {
    let bytes = BASE64.decode(token).ok()?;
    let (place, rest) = bytes.strip_prefix(&[kind])?.split_first_chunk()?;
    (rest == made_for(by, filter).as_bytes()).then_some(*place)
}

/// The filter, then whose alone it is about, if anyone's.
fn made_for(by: &Requester, filter: &Filter) -> String {
    match &by.tenant {
        _ if !by.sees_all && !by.owner.is_nobody() => format!("{filter}\0{}", by.owner.as_str()),
        // No owner's name ends so.
        Some(tenant) if by.sees_all => format!("{filter}\0tenant/{tenant}\0"),
        _ => filter.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chassis::tenant::Tenant;

    use super::*;
    use crate::owner::OwnerName;

    /// Each by itself: whose token goes on for whom.
    #[test]
    fn a_token_is_for_who_was_given_it() {
        let tenants = ["a", "ab"].map(|it| Tenant::parse(it).unwrap());
        let web = || OwnerName::parse("web").unwrap();
        let mut all = vec![Requester::default()];
        for sees_all in [false, true] {
            all.extend(tenants.iter().map(|tenant| Requester {
                owner: web().within(tenant).unwrap(),
                sees_all,
                tenant: Some(tenant.clone()),
            }));
        }
        all.push(Requester {
            owner: web(),
            ..Requester::default()
        });
        let (filter, id) = (Filter::default(), Uuid::from_u128(7));
        for by in &all {
            let listed = page(by, &filter, Sort::Oldest, id);
            let watched = watch(by, &filter, Position(7));
            for other in &all {
                let is_its = other == by;
                let page = parse_page(&listed, other, &filter, Sort::Oldest);
                assert_eq!(page.is_ok(), is_its, "{by:?} {other:?}");
                let position = parse_watch(&watched, other, &filter);
                assert_eq!(position.is_ok(), is_its, "{by:?} {other:?}");
            }
        }
    }
}
