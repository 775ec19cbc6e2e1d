//! W3C Trace Context, level 2: <https://www.w3.org/TR/trace-context-2/>.
//!
//! The SDK holds to level 1 in two points: of a trace that it starts it does not
//! say that the id is random, and some keys of `tracestate` it does not take.
//! Both travel in the context, beside its span.

use chassis_core::hex;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};

use super::trim;

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// `00-` + 32 + `-` + 16 + `-` + 2.
const LENGTH: usize = 55;
const MAX_MEMBERS: usize = 32;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

/// The last seven bytes of the trace's id are random.
const RANDOM: TraceFlags = TraceFlags::new(0x02);

/// Marks a context whose trace has a random id, where the span does not say so.
#[derive(Debug, Clone, Copy)]
struct RandomTrace;

/// A `tracestate` as it came, with keys that the SDK does not take.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WholeState(HeaderValue);

/// `parent`, marked if `span`, made below it, does not say that the id of its
/// trace is random. Those that begin here have ids of the SDK, which are; of
/// others it is kept as it came.
pub(crate) fn with_randomness(parent: Context, span: &SpanContext) -> Context {
    let random = {
        let above = parent.span();
        let above = above.span_context();
        !above.is_valid() || is_random(above)
    };
    if random && !is_random(span) {
        parent.with_value(RandomTrace)
    } else {
        parent
    }
}

fn is_random(span: &SpanContext) -> bool {
    span.trace_flags() & RANDOM == RANDOM
}

pub(super) fn extract(headers: &HeaderMap) -> Option<(SpanContext, Option<WholeState>)> {
    let mut values = headers.get_all(&TRACEPARENT).iter();
    let value = values.next()?;
    // Two parents are none: which one is meant cannot be known.
    if values.next().is_some() {
        return None;
    }
    let (trace, span, flags) = parse(trim(value.as_bytes()))?;
    let (state, whole) = trace_state(headers).unwrap_or_default();
    Some((SpanContext::new(trace, span, flags, true, state), whole))
}

fn parse(value: &[u8]) -> Option<(TraceId, SpanId, TraceFlags)> {
    let fixed = value.get(..LENGTH)?;
    let dashes = [2, 35, 52].iter().all(|at| fixed[*at] == b'-');
    if !dashes || fixed.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let [version] = hex::decode(&fixed[..2])?;
    match version {
        0 if value.len() != LENGTH => return None,
        0xff => return None,
        // A later version may append fields, after a dash.
        _ if value.get(LENGTH).is_some_and(|next| *next != b'-') => return None,
        _ => {}
    }
    let trace = TraceId::from_bytes(hex::decode(&fixed[3..35])?);
    let span = SpanId::from_bytes(hex::decode(&fixed[36..52])?);
    let [flags] = hex::decode(&fixed[53..55])?;
    if trace == TraceId::INVALID || span == SpanId::INVALID {
        return None;
    }
    let known = TraceFlags::SAMPLED | RANDOM;
    Some((trace, span, TraceFlags::new(flags) & known))
}

/// All `tracestate` headers as one list, and beside what the SDK takes of it all
/// of it, if that is more; `None` when any member is malformed.
fn trace_state(headers: &HeaderMap) -> Option<(TraceState, Option<WholeState>)> {
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
    if let Ok(state) = TraceState::from_key_value(members.iter().copied()) {
        return Some((state, None));
    }
    let list: Vec<_> = members
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let whole = HeaderValue::try_from(list.join(",")).ok().map(WholeState);
    members.retain(|member| TraceState::from_key_value([*member]).is_ok());
    Some((TraceState::from_key_value(members).ok()?, whole))
}

fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    key.len() <= MAX_KEY
        && key.bytes().next().is_some_and(plain)
        && key
            .bytes()
            .all(|byte| plain(byte) || b"_-*/@".contains(&byte))
}

/// The text of `traceparent`; `None` where there is no trace.
fn parent(context: &Context) -> Option<[u8; LENGTH]> {
    let span = context.span();
    let span = span.span_context();
    if !span.is_valid() {
        return None;
    }
    let mut value = *b"00-00000000000000000000000000000000-0000000000000000-00";
    hex::encode(&span.trace_id().to_bytes(), &mut value[3..35]);
    hex::encode(&span.span_id().to_bytes(), &mut value[36..52]);
    let random = is_random(span) || context.get::<RandomTrace>().is_some();
    value[54] += u8::from(span.is_sampled()) + 2 * u8::from(random);
    Some(value)
}

/// `traceparent` and `tracestate` as text, for what is no header; `None` where
/// there is no trace.
pub(crate) fn texts(context: &Context) -> Option<(String, String)> {
    let parent = String::from_utf8(parent(context)?.to_vec()).ok()?;
    let state = match context.get::<WholeState>() {
        Some(WholeState(whole)) => whole.to_str().ok()?.to_owned(),
        None => context.span().span_context().trace_state().header(),
    };
    Some((parent, state))
}

pub(super) fn inject(context: &Context, headers: &mut HeaderMap) {
    let Some(value) = parent(context) else {
        return;
    };
    if let Ok(value) = HeaderValue::from_bytes(&value) {
        headers.insert(&TRACEPARENT, value);
    }
    headers.remove(&TRACESTATE);
    if let Some(WholeState(whole)) = context.get::<WholeState>() {
        headers.insert(&TRACESTATE, whole.clone());
        return;
    }
    let span = context.span();
    let state = span.span_context().trace_state();
    if state.into_iter().next().is_some()
        && let Ok(value) = HeaderValue::try_from(state.header())
    {
        headers.insert(&TRACESTATE, value);
    }
}
