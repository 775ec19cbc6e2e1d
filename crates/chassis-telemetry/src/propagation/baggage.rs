//! W3C Baggage: <https://www.w3.org/TR/baggage/>.
//!
//! Quiet about malformed members: what a stranger sends does not belong in the log.

use std::fmt::Write as _;

use chassis_core::hex;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::baggage::{Baggage, BaggageMetadata};

static BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// The specification's limits, over all headers together.
const MAX_BYTES: usize = 8192;
const MAX_MEMBERS: usize = 64;

pub(super) fn extract(headers: &HeaderMap) -> Option<Baggage> {
    let mut values = headers.get_all(&BAGGAGE).iter().peekable();
    values.peek()?;
    let mut baggage = Baggage::new();
    let mut bytes = 0;
    for value in values {
        bytes += value.len();
        if bytes > MAX_BYTES {
            break;
        }
        for member in value.to_str().unwrap_or_default().split(',') {
            if baggage.len() < MAX_MEMBERS
                && let Some((key, value, metadata)) = parse(member)
            {
                baggage.insert_with_metadata(key, value, metadata);
            }
        }
    }
    (!baggage.is_empty()).then_some(baggage)
}

fn parse(member: &str) -> Option<(String, String, BaggageMetadata)> {
    let (pair, metadata) = member.split_once(';').unwrap_or((member, ""));
    let (key, value) = pair.split_once('=')?;
    let key = key.trim();
    if key.is_empty() {
        return None;
    }
    let value = hex::percent_decode(value.trim())?.into_owned();
    Some((
        key.to_owned(),
        value,
        BaggageMetadata::from(metadata.trim()),
    ))
}

pub(super) fn inject(baggage: &Baggage, headers: &mut HeaderMap) {
    if baggage.is_empty() {
        return;
    }
    let mut text = String::new();
    for (key, (value, metadata)) in baggage {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(key.as_str());
        text.push('=');
        for byte in value.as_str().bytes() {
            // `baggage-octet`, less the percent sign itself.
            let plain =
                byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\' | b'%');
            if plain {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
        if !metadata.as_str().is_empty() {
            text.push(';');
            text.push_str(metadata.as_str());
        }
    }
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(&BAGGAGE, value);
    }
}
