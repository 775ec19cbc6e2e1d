//! Keeps secrets out of the log, wherever they slip in.

use std::ops::Range;

pub(crate) const REDACTED: &str = "[redacted]";

// What a secret follows.
const AUTHORIZATION: &str = "authorization";
const COOKIE: &str = "cookie";
const BEARER: &str = "bearer ";
const PASSWORD: &str = "password=";
const AUTHORITY: &str = "://";

/// Whether a field's name says that its value is a secret, which never appears.
pub(crate) fn is_secret(name: &str) -> bool {
    has_any(name.as_bytes(), secret_names)
        || name.eq_ignore_ascii_case("api_key")
        || name.eq_ignore_ascii_case("apikey")
}

/// The names of secrets that begin so.
fn secret_names(first: u8) -> &'static [&'static str] {
    match first {
        b'a' => &["authorization"],
        b'c' => &["cookie", "credential"],
        b'p' => &["passwd", "password", "private_key"],
        b's' => &["secret"],
        b't' => &["token"],
        _ => &[],
    }
}

/// `text` without credentials: those after a header's name or an authentication
/// scheme, as in a printed request, and those in a URL.
pub(crate) fn scrub(text: String) -> String {
    scrubbed(&text).unwrap_or(text)
}

/// As [`scrub`]; `None` where there is nothing to take out.
pub(crate) fn scrubbed(text: &str) -> Option<String> {
    // Almost all text has no mark: one look at it tells, five do not.
    if !has_any(text.as_bytes(), marks) {
        return None;
    }
    let first = secret(text.as_bytes(), 0)?;
    let mut clean = String::with_capacity(text.len());
    let (mut written, mut next) = (0, Some(first));
    while let Some(range) = next {
        clean.push_str(&text[written..range.start]);
        clean.push_str(REDACTED);
        written = range.end;
        next = secret(text.as_bytes(), written);
    }
    clean.push_str(&text[written..]);
    Some(clean)
}

/// The marks of secrets that begin so.
fn marks(first: u8) -> &'static [&'static str] {
    match first {
        b'a' => &[AUTHORIZATION],
        b'c' => &[COOKIE],
        b'b' => &[BEARER],
        b'p' => &[PASSWORD],
        b':' => &[AUTHORITY],
        _ => &[],
    }
}

/// The first secret at or after `from`.
fn secret(text: &[u8], from: usize) -> Option<Range<usize>> {
    let after = |needle: &str, end: fn(&u8) -> bool, skip: fn(&u8) -> bool| {
        let mut from = from;
        while let Some(at) = find(text, needle.as_bytes(), from) {
            let start = at + needle.len();
            let skipped = text[start..].iter().take_while(|byte| skip(byte)).count();
            let start = start + skipped;
            let length = text[start..].iter().take_while(|byte| !end(byte)).count();
            let range = start..start + length;
            if length > 0 && &text[range.clone()] != REDACTED.as_bytes() {
                return Some(range);
            }
            from = start;
        }
        None
    };
    let end_of_value: fn(&u8) -> bool = |byte| matches!(byte, b'"' | b'\'' | b',' | b'}' | b'\n');
    let end_of_word: fn(&u8) -> bool =
        |byte| matches!(byte, b'"' | b'\'' | b',' | b'}' | b' ' | b'\n' | b'\\');
    let punctuation: fn(&u8) -> bool = |byte| matches!(byte, b'"' | b'\'' | b':' | b'=' | b' ');
    let nothing: fn(&u8) -> bool = |_| false;
    [
        after(AUTHORIZATION, end_of_value, punctuation),
        after(COOKIE, end_of_value, punctuation),
        after(BEARER, end_of_word, nothing),
        after(PASSWORD, end_of_word, nothing),
        user_info(text, from),
    ]
    .into_iter()
    .flatten()
    .min_by_key(|range| range.start)
}

/// The password of `scheme://user:password@host`, also one whose slash is not
/// encoded.
fn user_info(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut from = from;
    while let Some(at) = find(text, AUTHORITY.as_bytes(), from) {
        let start = at + AUTHORITY.len();
        let authority = &text[start..];
        let length = authority
            .iter()
            .take_while(|byte| !matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'\n'))
            .count();
        // Up to the next URL, if one follows in a list.
        let length = find(&authority[..length], AUTHORITY.as_bytes(), 0).unwrap_or(length);
        if let Some(end) = authority[..length].iter().rposition(|byte| *byte == b'@')
            && let Some(colon) = authority[..end].iter().position(|byte| *byte == b':')
        {
            let range = start + colon + 1..start + end;
            if !range.is_empty() && &text[range.clone()] != REDACTED.as_bytes() {
                return Some(range);
            }
        }
        from = start;
    }
    None
}

/// Whether one of the needles, in lower case, occurs in `text` in any case;
/// `needles` has those that begin with a character.
fn has_any(text: &[u8], needles: fn(u8) -> &'static [&'static str]) -> bool {
    text.iter().enumerate().any(|(at, first)| {
        needles(first.to_ascii_lowercase()).iter().any(|needle| {
            let found = text.get(at..at + needle.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(needle.as_bytes()))
        })
    })
}

/// Where `needle`, in lower case, occurs in `text` in any case.
fn find(text: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let (first, rest) = needle.split_first()?;
    let either = [*first, first.to_ascii_uppercase()];
    let last = text.len().checked_sub(needle.len())?;
    (from..=last).find(|at| {
        either.contains(&text[*at]) && text[at + 1..at + needle.len()].eq_ignore_ascii_case(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        for (text, expected) in [
            ("nothing to hide: 42", "nothing to hide: 42"),
            ("", ""),
            (
                r#"{"authorization": "Bearer abc.def", "x-a": "1"}"#,
                r#"{"authorization": "[redacted]", "x-a": "1"}"#,
            ),
            ("Authorization: Basic dXNlcg==", "Authorization: [redacted]"),
            ("sent BEARER abc to", "sent BEARER [redacted] to"),
            ("set-cookie: id=1", "set-cookie: [redacted]"),
            (
                "postgres://me:hunter2@db:5432/x and https://db/y",
                "postgres://me:[redacted]@db:5432/x and https://db/y",
            ),
            (
                "'nats://me:hunt/er?2@a:1,nats://me:hunter2@b:1' is none",
                "'nats://me:[redacted]@a:1,nats://me:[redacted]@b:1' is none",
            ),
            ("https://db:1/x#y", "https://db:1/x#y"),
            (
                "host=db password=hunter2 user=me",
                "host=db password=[redacted] user=me",
            ),
            (
                "caf\u{e9} bearer caf\u{e9} caf\u{e9}",
                "caf\u{e9} bearer [redacted] caf\u{e9}",
            ),
        ] {
            let clean = scrub(text.to_owned());
            assert_eq!(clean, expected);
            assert_eq!(scrub(clean), expected);
        }
    }

    #[test]
    fn every_needle_is_found_by_how_it_begins() {
        for needles in [marks, secret_names] {
            for first in 0..=u8::MAX {
                for needle in needles(first) {
                    assert_eq!(needle.as_bytes()[0], first, "{needle}");
                    let text = format!("a b {}", needle.to_uppercase());
                    assert!(has_any(text.as_bytes(), needles), "{needle}");
                    let short = &text.as_bytes()[..text.len() - 1];
                    assert!(!has_any(short, needles), "{needle}");
                }
            }
        }
    }

    #[test]
    fn names_tell() {
        for name in [
            "authorization",
            "Set-Cookie",
            "db_password",
            "access_token",
            "API_KEY",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["message", "method", "keyboard"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
