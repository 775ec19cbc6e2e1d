//! `x-forwarded-client-cert`, as Envoy writes it.
//!
//! Elements are separated by commas, an element's `key=value` pairs by
//! semicolons; a value that holds either, or an equals sign, is quoted, and a
//! quote within it escaped. Envoy appends its element to what the caller sent,
//! so only the last can be believed.

use std::sync::Arc;

use http::HeaderMap;

const NAME: &str = "x-forwarded-client-cert";

/// The URI (SPIFFE id) of the peer the nearest proxy saw. A certificate with
/// several names nobody.
pub(super) fn uri(headers: &HeaderMap) -> Option<Arc<str>> {
    let last = headers.get_all(NAME).iter().next_back()?;
    let element = last_element(last.to_str().ok()?)?;
    let mut uris = pairs(element).filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case("uri").then_some(value)
    });
    match (uris.next(), uris.next()) {
        (Some(one), None) => unquoted(one),
        _ => None,
    }
}

/// The last element, found from the end: there the text is the proxy's own,
/// while from the start a caller's open quote would turn it inside out.
///
/// `None` if its quotes are not where Envoy puts them.
fn last_element(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    let mut at = bytes.len();
    while at > 0 {
        at -= 1;
        match bytes[at] {
            b'"' if !quoted => {
                // Closes a value.
                if !matches!(bytes.get(at + 1), None | Some(b';' | b',')) {
                    return None;
                }
                quoted = true;
            }
            b'"' if !is_escaped(bytes, at) => {
                // Opens it.
                if at == 0 || bytes[at - 1] != b'=' {
                    return None;
                }
                quoted = false;
            }
            b',' if !quoted => return text.get(at + 1..),
            _ => {}
        }
    }
    (!quoted).then_some(text)
}

fn is_escaped(bytes: &[u8], at: usize) -> bool {
    let backslashes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\');
    backslashes.count() % 2 == 1
}

/// The pairs of an element whose quotes are in place.
fn pairs(element: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(element);
    std::iter::from_fn(move || {
        let text = rest?;
        let bytes = text.as_bytes();
        let mut quoted = false;
        let end = (0..bytes.len()).find(|at| match bytes[*at] {
            b'"' if !quoted || !is_escaped(bytes, *at) => {
                quoted = !quoted;
                false
            }
            b';' => !quoted,
            _ => false,
        });
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    })
}

fn unquoted(value: &str) -> Option<Arc<str>> {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('"') else {
        return (!value.contains('"')).then(|| value.into());
    };
    let inner = inner.strip_suffix('"')?;
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?),
            '"' => return None,
            _ => text.push(character),
        }
    }
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(NAME, HeaderValue::from_str(text).ok()?);
        uri(&headers).map(|uri| uri.to_string())
    }

    #[test]
    fn as_envoy_writes_it() {
        for (text, expected) in [
            (
                "By=spiffe://x/b;Hash=1;URI=spiffe://x/a",
                Some("spiffe://x/a"),
            ),
            (
                r#"By=spiffe://x/b;Hash=1;Subject="";URI=spiffe://x/a"#,
                Some("spiffe://x/a"),
            ),
            (
                r#"Subject="CN=a,O=b;c=\"d\"";URI=spiffe://x/a"#,
                Some("spiffe://x/a"),
            ),
            (r#"URI="spiffe://x/a,b""#, Some("spiffe://x/a,b")),
            ("uri=spiffe://x/a", Some("spiffe://x/a")),
            (
                "URI=spiffe://x/forged,URI=spiffe://x/a",
                Some("spiffe://x/a"),
            ),
            ("URI=spiffe://x/a;URI=spiffe://x/b", None),
            // The nearest proxy saw no URI.
            ("URI=spiffe://x/forged,Hash=1", None),
            (r#"Subject="URI=spiffe://x/forged""#, None),
            (r#"Subject="a;URI=spiffe://x/forged";Hash=1"#, None),
            ("", None),
            (r#"URI="spiffe://x/a"#, None),
            (r#"URI=spi"ff"e"#, None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn of_several_headers_the_last_counts() {
        let mut headers = HeaderMap::new();
        headers.append(NAME, HeaderValue::from_static("URI=spiffe://x/forged"));
        headers.append(NAME, HeaderValue::from_static("URI=spiffe://x/a"));
        assert_eq!(uri(&headers).as_deref(), Some("spiffe://x/a"));
    }

    const GENUINE: [&str; 3] = [
        "By=spiffe://x/b;Hash=1;URI=spiffe://x/a",
        r#"By=spiffe://x/b;Hash=1;Subject="";URI=spiffe://x/a"#,
        r#"By=spiffe://x/b;Subject="CN=\"a\",O=b;c";URI=spiffe://x/a"#,
    ];

    proptest! {
        #[test]
        fn what_a_caller_prepends_never_becomes_its_name(
            forged in "([ -~]|[\",;=\\\\]|URI=spiffe://x/forged|,URI=){0,12}",
            genuine in 0..GENUINE.len(),
        ) {
            let read = read(&format!("{forged},{}", GENUINE[genuine]));
            prop_assert!(read.is_none() || read.as_deref() == Some("spiffe://x/a"), "{read:?}");
        }

        #[test]
        fn what_is_quoted_is_read_back(value in "[ -~]{1,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert_eq!(read(&format!("By=b;URI=\"{quoted}\";Hash=1")), Some(value));
        }

        #[test]
        fn anything_is_read_without_panic(text in "[ -~]*") {
            let _ = read(&text);
        }
    }
}
