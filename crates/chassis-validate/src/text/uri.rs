//! URIs (RFC 3986), zones of addresses included (RFC 6874).

use super::is_ip;

/// With a scheme.
#[must_use]
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    letters.next().is_some_and(|it| it.is_ascii_alphabetic())
        && letters.all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it))
        && has_parts(rest, true)
}

/// With a scheme or relative to one that has.
#[must_use]
pub fn is_uri_ref(text: &str) -> bool {
    is_uri(text) || has_parts(text, false)
}

/// What follows the scheme.
fn has_parts(text: &str, after_scheme: bool) -> bool {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let in_query = |it: u8| is_pchar(it) || b"/?".contains(&it);
    if !made_of(fragment, in_query) || !made_of(query, in_query) {
        return false;
    }
    let path = if let Some(rest) = text.strip_prefix("//") {
        let end = rest.find('/').unwrap_or(rest.len());
        if !is_authority(&rest[..end]) {
            return false;
        }
        &rest[end..]
    } else {
        let first = text.split('/').next().unwrap_or_default();
        if !after_scheme && first.contains(':') {
            return false;
        }
        text
    };
    made_of(path, |it| is_pchar(it) || it == b'/')
}

fn is_authority(text: &str) -> bool {
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (user, rest),
        None => ("", text),
    };
    if !made_of(user, |it| is_plain(it) || it == b':') {
        return false;
    }
    let (host, port) = if rest.starts_with('[') {
        let Some(end) = rest.find(']') else {
            return false;
        };
        (&rest[..=end], &rest[end + 1..])
    } else {
        rest.split_at(rest.find(':').unwrap_or(rest.len()))
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.bytes().all(|it| it.is_ascii_digit()),
        None => port.is_empty(),
    };
    port && is_host(host)
}

fn is_host(host: &str) -> bool {
    let Some(literal) = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) else {
        return made_of(host, is_plain) && is_utf8(host);
    };
    if let Some(future) = literal.strip_prefix(['v', 'V']) {
        return future.split_once('.').is_some_and(|(version, rest)| {
            !version.is_empty()
                && version.bytes().all(|it| it.is_ascii_hexdigit())
                && !rest.is_empty()
                && rest.bytes().all(|it| is_plain(it) || it == b':')
        });
    }
    match literal.split_once("%25") {
        Some((address, zone)) => {
            is_ip(address, 6) && !zone.is_empty() && made_of(zone, is_unreserved) && is_utf8(zone)
        }
        None => !literal.contains('%') && is_ip(literal, 6),
    }
}

/// Whether every byte is allowed or written as `%` and two digits.
fn made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = *byte == b'%'
            && bytes
                .get(at + 1..at + 3)
                .is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit));
        if escaped {
            at += 3;
        } else if allowed(*byte) {
            at += 1;
        } else {
            return false;
        }
    }
    true
}

/// Whether what is escaped makes text.
fn is_utf8(text: &str) -> bool {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let escaped = (first == b'%')
            .then(|| {
                rest.get(1..3)
                    .and_then(|it| u8::from_str_radix(it, 16).ok())
            })
            .flatten();
        let length = if escaped.is_some() { 3 } else { 1 };
        bytes.push(escaped.unwrap_or(first));
        // Only what is ASCII is there.
        rest = rest.get(length..).unwrap_or_default();
    }
    std::str::from_utf8(&bytes).is_ok()
}

fn is_unreserved(it: u8) -> bool {
    it.is_ascii_alphanumeric() || b"-._~".contains(&it)
}

fn is_plain(it: u8) -> bool {
    is_unreserved(it) || b"!$&'()*+,;=".contains(&it)
}

fn is_pchar(it: u8) -> bool {
    is_plain(it) || b":@".contains(&it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        for uri in [
            "https://user:pw@host.example:80/a/b;c=1?d=/?#e",
            "urn:isbn:1",
            "a://[::1%25eth0]:1/",
            "a://[v1.x:y]",
            "file:///x",
            "a:",
        ] {
            assert!(is_uri(uri) && is_uri_ref(uri), "{uri}");
        }
        for other in ["./a:b", "//host/x", "?q", "", "a/b:c"] {
            assert!(!is_uri(other) && is_uri_ref(other), "{other}");
        }
        for wrong in [
            "a://[::1",
            "1a:b",
            "a://host:x",
            "a:b c",
            "a:%zz",
            "a://%ff/",
            "a://[::1%eth0]",
        ] {
            assert!(!is_uri(wrong), "{wrong}");
        }
    }
}
