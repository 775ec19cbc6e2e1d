//! W3C Trace Context, level 1: <https://www.w3.org/TR/trace-context/>.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::{hex, trim, write_hex};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// `00-` + 32 + `-` + 16 + `-` + 2.
const LENGTH: usize = 55;
const MAX_MEMBERS: usize = 32;
const MAX_VALUE: usize = 256;

pub(super) fn extract(headers: &HeaderMap) -> Option<SpanContext> {
    let mut values = headers.get_all(&TRACEPARENT).iter();
    let value = values.next()?;
    // Two parents are none: which one is meant cannot be known.
    if values.next().is_some() {
        return None;
    }
    let (trace, span, flags) = parse(trim(value.as_bytes()))?;
    let state = trace_state(headers).unwrap_or_default();
    Some(SpanContext::new(trace, span, flags, true, state))
}

fn parse(value: &[u8]) -> Option<(TraceId, SpanId, TraceFlags)> {
    let fixed = value.get(..LENGTH)?;
    let dashes = [2, 35, 52].iter().all(|at| fixed[*at] == b'-');
    if !dashes || fixed.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let [version] = hex(&fixed[..2])?;
    match version {
        0 if value.len() != LENGTH => return None,
        0xff => return None,
        // A later version may append fields, after a dash.
        _ if value.get(LENGTH).is_some_and(|next| *next != b'-') => return None,
        _ => {}
    }
    let trace = TraceId::from_bytes(hex(&fixed[3..35])?);
    let span = SpanId::from_bytes(hex(&fixed[36..52])?);
    let [flags] = hex(&fixed[53..55])?;
    if trace == TraceId::INVALID || span == SpanId::INVALID {
        return None;
    }
    Some((trace, span, TraceFlags::new(flags) & TraceFlags::SAMPLED))
}

/// All `tracestate` headers as one list; `None` when any member is malformed.
fn trace_state(headers: &HeaderMap) -> Option<TraceState> {
    let mut members = Vec::new();
    for header in headers.get_all(&TRACESTATE) {
        for member in header.to_str().ok()?.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            if !is_key(key)
                || value.is_empty()
                || value.len() > MAX_VALUE
                || !printable
                || value.contains('=')
            {
                return None;
            }
            members.push((key, value));
        }
    }
    if members.len() > MAX_MEMBERS {
        return None;
    }
    TraceState::from_key_value(members).ok()
}

/// A vendor's name, or a tenant's at a vendor. Stricter than the SDK, which
/// lets an empty half through.
fn is_key(key: &str) -> bool {
    match key.split_once('@') {
        None => !key.is_empty(),
        Some((tenant, vendor)) => {
            (1..=241).contains(&tenant.len())
                && (1..=14).contains(&vendor.len())
                && vendor.starts_with(|first: char| first.is_ascii_lowercase())
                && !vendor.contains('@')
        }
    }
}

/// The text of `traceparent`; `None` where there is no trace.
fn parent(span: &SpanContext) -> Option<[u8; LENGTH]> {
    if !span.is_valid() {
        return None;
    }
    let mut value = *b"00-00000000000000000000000000000000-0000000000000000-00";
    write_hex(&span.trace_id().to_bytes(), &mut value[3..35]);
    write_hex(&span.span_id().to_bytes(), &mut value[36..52]);
    if span.is_sampled() {
        value[54] = b'1';
    }
    Some(value)
}

/// As [`parent`], for what is no header.
pub(crate) fn traceparent(span: &SpanContext) -> Option<String> {
    String::from_utf8(parent(span)?.to_vec()).ok()
}

pub(super) fn inject(span: &SpanContext, headers: &mut HeaderMap) {
    let Some(value) = parent(span) else {
        return;
    };
    if let Ok(value) = HeaderValue::from_bytes(&value) {
        headers.insert(&TRACEPARENT, value);
    }
    headers.remove(&TRACESTATE);
    let state = span.trace_state();
    if state.into_iter().next().is_some()
        && let Ok(value) = HeaderValue::try_from(state.header())
    {
        headers.insert(&TRACESTATE, value);
    }
}
