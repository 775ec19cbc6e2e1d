//! B3, single and multi: <https://github.com/openzipkin/b3-propagation>.

use chassis_core::hex;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::{Decision, Found, trim};

static SINGLE: HeaderName = HeaderName::from_static("b3");
static TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
static SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
static PARENT_SPAN_ID: HeaderName = HeaderName::from_static("x-b3-parentspanid");
static SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
static FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");

/// The single header counts before the others, whichever is configured.
pub(super) fn extract(headers: &HeaderMap) -> Found {
    if let Some(value) = headers.get(&SINGLE)
        && let Some(found) = single(trim(value.as_bytes()))
    {
        return found;
    }
    multi(headers).unwrap_or_default()
}

/// What a decision without ids, or beside them, comes to.
#[derive(Clone, Copy)]
enum Sampling {
    Yes,
    No,
    Debug,
    Unsaid,
}

fn single(value: &[u8]) -> Option<Found> {
    let mut parts = value.split(|byte| *byte == b'-');
    let first = parts.next()?;
    let Some(span) = parts.next() else {
        return Some(without_ids(state(first)?));
    };
    let trace = trace_id(first)?;
    let span = span_id(span)?;
    let sampling = match parts.next() {
        None => Sampling::Unsaid,
        // A parent's id may follow directly where nothing is decided.
        Some(parent) if parent.len() == 16 => {
            hex::decode::<8>(parent)?;
            Sampling::Unsaid
        }
        Some(word) => {
            let sampling = state(word)?;
            if let Some(parent) = parts.next() {
                hex::decode::<8>(parent)?;
            }
            sampling
        }
    };
    if parts.next().is_some() {
        return None;
    }
    Some(with_ids(trace, span, sampling))
}

fn multi(headers: &HeaderMap) -> Option<Found> {
    let bytes = |name: &HeaderName| {
        headers
            .get(name)
            .map(|value: &HeaderValue| trim(value.as_bytes()))
    };
    let sampling = if bytes(&FLAGS) == Some(b"1") {
        Sampling::Debug
    } else {
        match bytes(&SAMPLED) {
            Some(b"1") => Sampling::Yes,
            Some(b"0") => Sampling::No,
            Some(word) if word.eq_ignore_ascii_case(b"true") => Sampling::Yes,
            Some(word) if word.eq_ignore_ascii_case(b"false") => Sampling::No,
            _ => Sampling::Unsaid,
        }
    };
    match (bytes(&TRACE_ID), bytes(&SPAN_ID)) {
        (None, None) => Some(without_ids(sampling)),
        (Some(trace), Some(span)) => Some(with_ids(trace_id(trace)?, span_id(span)?, sampling)),
        // Half a context is none.
        _ => None,
    }
}

fn state(word: &[u8]) -> Option<Sampling> {
    match word {
        b"1" => Some(Sampling::Yes),
        b"0" => Some(Sampling::No),
        b"d" => Some(Sampling::Debug),
        _ => None,
    }
}

/// 64 bits are the low half of 128.
fn trace_id(digits: &[u8]) -> Option<TraceId> {
    let id = if digits.len() == 16 {
        TraceId::from(u128::from(u64::from_be_bytes(hex::decode(digits)?)))
    } else {
        TraceId::from_bytes(hex::decode(digits)?)
    };
    (id != TraceId::INVALID).then_some(id)
}

fn span_id(digits: &[u8]) -> Option<SpanId> {
    let id = SpanId::from_bytes(hex::decode(digits)?);
    (id != SpanId::INVALID).then_some(id)
}

fn without_ids(sampling: Sampling) -> Found {
    let decision = match sampling {
        Sampling::Yes => Some(Decision::Accept),
        Sampling::No => Some(Decision::Deny),
        Sampling::Debug => Some(Decision::Debug),
        Sampling::Unsaid => None,
    };
    Found {
        decision,
        ..Found::default()
    }
}

fn with_ids(trace: TraceId, span: SpanId, sampling: Sampling) -> Found {
    let (flags, decision) = match sampling {
        Sampling::Yes => (TraceFlags::SAMPLED, None),
        Sampling::No => (TraceFlags::NOT_SAMPLED, None),
        Sampling::Debug => (TraceFlags::SAMPLED, Some(Decision::Debug)),
        Sampling::Unsaid => (TraceFlags::NOT_SAMPLED, Some(Decision::Defer)),
    };
    Found {
        parent: Some(SpanContext::new(trace, span, flags, true, TraceState::NONE)),
        decision,
        ..Found::default()
    }
}

/// The decision to pass on: a caller's that we did not take up stays open.
fn outgoing(span: &SpanContext, decision: Option<Decision>) -> Option<u8> {
    match decision {
        Some(Decision::Debug) => Some(b'd'),
        Some(Decision::Defer) if span.is_remote() => None,
        Some(Decision::Accept) if !span.is_valid() => Some(b'1'),
        Some(Decision::Deny) if !span.is_valid() => Some(b'0'),
        _ if !span.is_valid() => None,
        _ if span.is_sampled() => Some(b'1'),
        _ => Some(b'0'),
    }
}

pub(super) fn inject_single(
    span: &SpanContext,
    decision: Option<Decision>,
    headers: &mut HeaderMap,
) {
    let mut buffer = [b'-'; 51];
    let mut length = 0;
    if span.is_valid() {
        hex::encode(&span.trace_id().to_bytes(), &mut buffer[..32]);
        hex::encode(&span.span_id().to_bytes(), &mut buffer[33..49]);
        length = 49;
    }
    if let Some(word) = outgoing(span, decision) {
        if length > 0 {
            length += 1;
        }
        buffer[length] = word;
        length += 1;
    }
    if length > 0
        && let Ok(value) = HeaderValue::from_bytes(&buffer[..length])
    {
        headers.insert(&SINGLE, value);
    }
}

pub(super) fn inject_multi(
    span: &SpanContext,
    decision: Option<Decision>,
    headers: &mut HeaderMap,
) {
    if span.is_valid() {
        let mut trace = [0; 32];
        hex::encode(&span.trace_id().to_bytes(), &mut trace);
        let mut id = [0; 16];
        hex::encode(&span.span_id().to_bytes(), &mut id);
        if let (Ok(trace), Ok(id)) = (
            HeaderValue::from_bytes(&trace),
            HeaderValue::from_bytes(&id),
        ) {
            headers.insert(&TRACE_ID, trace);
            headers.insert(&SPAN_ID, id);
            headers.remove(&PARENT_SPAN_ID);
        }
    }
    match outgoing(span, decision) {
        Some(b'd') => {
            headers.insert(&FLAGS, HeaderValue::from_static("1"));
            headers.remove(&SAMPLED);
        }
        Some(b'1') => {
            headers.insert(&SAMPLED, HeaderValue::from_static("1"));
        }
        Some(_) => {
            headers.insert(&SAMPLED, HeaderValue::from_static("0"));
        }
        None => {}
    }
}
