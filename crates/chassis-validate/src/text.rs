//! Addresses, hosts and identifiers, as protovalidate defines them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

mod uri;

pub use uri::{is_uri, is_uri_ref};

/// An address of mail, by the WHATWG's definition (HTML, "valid e-mail address").
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&it);
    !local.is_empty() && local.bytes().all(allowed) && domain.split('.').all(is_label)
}

/// A name of a host (RFC 1123): labels of at most 63 bytes, 253 in all, the last
/// of which is no number; it may end with a dot.
#[must_use]
pub fn is_hostname(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let last = name.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && name.split('.').all(is_label)
        && !last.bytes().all(|it| it.is_ascii_digit())
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || *it == b'-')
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

/// An address of version 4, 6, or either (0); of 6 with a zone, perhaps.
#[must_use]
pub fn is_ip(text: &str, version: i64) -> bool {
    let four = || text.parse::<Ipv4Addr>().is_ok();
    let six = || {
        let (address, zone) = match text.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (text, None),
        };
        address.parse::<Ipv6Addr>().is_ok()
            && zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('\0'))
    };
    match version {
        0 => four() || six(),
        4 => four(),
        6 => six(),
        _ => false,
    }
}

/// `address/length` of version 4, 6, or either (0); if `strict`, what is beyond
/// the length is zero.
#[must_use]
pub fn is_ip_prefix(text: &str, version: i64, strict: bool) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let (bits, width, of) = match address {
        IpAddr::V4(it) => (u128::from(it.to_bits()) << 96, 32, 4),
        IpAddr::V6(it) => (it.to_bits(), 128, 6),
    };
    let Some(length) = number(length, width) else {
        return false;
    };
    let beyond = bits.checked_shl(length).unwrap_or_default();
    (version == 0 || version == of) && (!strict || beyond == 0)
}

/// Digits without a leading zero, at most `most`.
fn number(text: &str, most: u32) -> Option<u32> {
    let digits = text.bytes().all(|it| it.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    let value = text.parse().ok().filter(|it| *it <= most);
    value.filter(|_| digits && plain)
}

/// `host:port`, `address:port` or `[address of version 6]:port`; if
/// `port_required` is not set, the port may be missing.
#[must_use]
pub fn is_host_and_port(text: &str, port_required: bool) -> bool {
    let is_port = |port: &str| number(port, 65_535).is_some();
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, rest)) = rest.rsplit_once(']') else {
            return false;
        };
        let port = match rest.strip_prefix(':') {
            Some(port) => is_port(port),
            None => rest.is_empty() && !port_required,
        };
        return port && is_ip(address, 6);
    }
    let is_host = |host: &str| is_hostname(host) || is_ip(host, 4);
    match text.rsplit_once(':') {
        Some((host, port)) => is_host(host) && is_port(port),
        None => !port_required && is_host(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_from_what_looks_like_it() {
        assert!(is_email("a.b+c@d-e.example") && !is_email("a@-b") && !is_email("a@b@c"));
        assert!(is_hostname("a-1.example.") && !is_hostname("10.0.0.1") && !is_hostname("a..b"));
        assert!(is_ip("::1%eth0", 6) && !is_ip("::1%", 0) && !is_ip("01.2.3.4", 4));
        assert!(is_ip("1.2.3.4", 0) && !is_ip("1.2.3.4", 6) && !is_ip("1.2.3.4", 5));
        assert!(is_ip_prefix("10.0.0.0/8", 4, true) && !is_ip_prefix("10.0.0.1/8", 4, true));
        assert!(is_ip_prefix("10.0.0.1/32", 0, true) && !is_ip_prefix("10.0.0.1/08", 0, false));
        assert!(is_ip_prefix("::1/128", 6, true) && !is_ip_prefix("::1%a/64", 6, false));
        assert!(is_host_and_port("[::1]:80", true) && !is_host_and_port("::1:80", true));
        assert!(is_host_and_port("a.example", false) && !is_host_and_port("a.example:", false));
    }
}
