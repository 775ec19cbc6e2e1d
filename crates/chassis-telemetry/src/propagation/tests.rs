use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::TraceContextExt;

use super::*;

mod b3;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

type Pair<'a> = (&'static str, &'a str);

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        })
        .collect()
}

fn w3c() -> Propagation {
    Propagation::new(vec![Format::TraceContext, Format::Baggage])
}

/// `trace-span-flags`, or empty, and the trace state.
fn parent(propagation: &Propagation, pairs: &[(&'static str, &str)]) -> (String, String) {
    let context = propagation.extract(&headers(pairs)).unwrap_or_default();
    let span = context.span();
    let span = span.span_context();
    if !span.is_valid() {
        return (String::new(), String::new());
    }
    assert!(span.is_remote());
    let flags = u8::from(span.is_sampled());
    (
        format!("{}-{}-{flags}", span.trace_id(), span.span_id()),
        span.trace_state().header(),
    )
}

// The cases of https://github.com/w3c/trace-context/blob/main/test/test.py.
#[test]
fn traceparent_is_taken_or_left_whole() {
    let sampled = format!("{TRACE}-{SPAN}-1");
    let unsampled = format!("{TRACE}-{SPAN}-0");
    let cases: &[(&[&str], &str)] = &[
        (&["00-{t}-{s}-01"], &sampled),
        (&["00-{t}-{s}-00"], &unsampled),
        // Unknown flags are cleared.
        (&["00-{t}-{s}-ff"], &sampled),
        (&["00-{t}-{s}-fe"], &unsampled),
        // Blanks around it.
        (&[" 00-{t}-{s}-01"], &sampled),
        (&["\t00-{t}-{s}-01 \t"], &sampled),
        // Versions to come: what follows a dash is not ours to judge.
        (&["cc-{t}-{s}-01"], &sampled),
        (&["cc-{t}-{s}-01-what-the-future-will-be-like"], &sampled),
        (&["cc-{t}-{s}-01.what-the-future-will-be-like"], ""),
        (&["fe-{t}-{s}-01-"], &sampled),
        (&["ff-{t}-{s}-01"], ""),
        (&["00-{t}-{s}-01-what-the-future-will-be-like"], ""),
        (&["00-{t}-{s}-01."], ""),
        (&["00-{t}-{s}-01-"], ""),
        // Version.
        (&[".0-{t}-{s}-01"], ""),
        (&["0.-{t}-{s}-01"], ""),
        (&["0-{t}-{s}-01"], ""),
        (&["000-{t}-{s}-01"], ""),
        (&["0000-{t}-{s}-01"], ""),
        // Trace id.
        (&["00-00000000000000000000000000000000-{s}-01"], ""),
        (&["00-.bf92f3577b34da6a3ce929d0e0e4736-{s}-01"], ""),
        (&["00-4bf92f3577b34da6a3ce929d0e0e473.-{s}-01"], ""),
        (&["00-4BF92F3577B34DA6A3CE929D0E0E4736-{s}-01"], ""),
        (&["00-{t}0-{s}-01"], ""),
        (&["00-4bf92f3577b34da6a3ce929d0e0e473-{s}-01"], ""),
        // Parent id.
        (&["00-{t}-0000000000000000-01"], ""),
        (&["00-{t}-.0f067aa0ba902b7-01"], ""),
        (&["00-{t}-00f067aa0ba902b.-01"], ""),
        (&["00-{t}-00F067AA0BA902B7-01"], ""),
        (&["00-{t}-{s}0-01"], ""),
        (&["00-{t}-00f067aa0ba902b-01"], ""),
        // Flags.
        (&["00-{t}-{s}-.0"], ""),
        (&["00-{t}-{s}-0."], ""),
        (&["00-{t}-{s}-0A"], ""),
        (&["00-{t}-{s}-001"], ""),
        (&["00-{t}-{s}-1"], ""),
        (&["00-{t}-{s}-"], ""),
        (&["00-{t}-{s}"], ""),
        (&[""], ""),
        (&["00"], ""),
        (&["\u{fc}\u{fc}"], ""),
        // Two of them.
        (&["00-{t}-{s}-01", "00-{t}-{s}-01"], ""),
        (&["00-{t}-{s}-01", ""], ""),
    ];
    for (values, expected) in cases {
        let values: Vec<String> = values
            .iter()
            .map(|value| value.replace("{t}", TRACE).replace("{s}", SPAN))
            .collect();
        let pairs: Vec<_> = values
            .iter()
            .map(|value| ("traceparent", value.as_str()))
            .collect();
        assert_eq!(parent(&w3c(), &pairs).0, *expected, "{values:?}");
    }
}

#[test]
fn tracestate_is_kept_or_dropped_whole_and_never_costs_the_parent() {
    let long_key = "a".repeat(256);
    let longer_key = "a".repeat(257);
    let long_value = "v".repeat(256);
    let longer_value = "v".repeat(257);
    let full = (1..=32)
        .map(|n| format!("k{n}=1"))
        .collect::<Vec<_>>()
        .join(",");
    let cases: Vec<(Vec<String>, String)> = vec![
        (vec!["foo=1".into()], "foo=1".into()),
        (vec!["foo=1,bar=2".into()], "foo=1,bar=2".into()),
        (vec!["foo=1".into(), "bar=2".into()], "foo=1,bar=2".into()),
        (vec!["foo=1".into(), String::new()], "foo=1".into()),
        (vec![String::new()], String::new()),
        (vec!["foo=1,".into()], "foo=1".into()),
        (
            vec!["foo=1 \t , \t bar=2, \t baz=3".into()],
            "foo=1,bar=2,baz=3".into(),
        ),
        (
            vec!["t@v=1,t-_*/0@v-_*/0=2".into()],
            "t@v=1,t-_*/0@v-_*/0=2".into(),
        ),
        (vec![format!("{long_key}=1")], format!("{long_key}=1")),
        (vec![format!("{longer_key}=1")], String::new()),
        (vec![format!("a={long_value}")], format!("a={long_value}")),
        (vec![format!("a={longer_value}")], String::new()),
        (vec![full.clone()], full.clone()),
        (vec![format!("{full},k33=1")], String::new()),
        (vec!["foo =1".into()], String::new()),
        (vec!["FOO=1".into()], String::new()),
        (vec!["foo.bar=1".into()], String::new()),
        (vec!["@foo=1,bar=2".into()], String::new()),
        (vec!["_foo=1,bar=2".into()], String::new()),
        (vec!["=1,bar=2".into()], String::new()),
        // A level 1 key is a name, or one of a tenant at a vendor.
        (vec!["1st=1,2@3rd=2".into()], "1st=1,2@3rd=2".into()),
        (vec!["foo@=1,bar=2".into()], "foo@=1,bar=2".into()),
        (vec!["foo@@bar=1,bar=2".into()], "foo@@bar=1,bar=2".into()),
        (vec!["a@b@c=1,bar= 2".into()], "a@b@c=1,bar= 2".into()),
        (
            vec![format!("a@{0}=1,{0}@b=2", "v".repeat(254))],
            format!("a@{0}=1,{0}@b=2", "v".repeat(254)),
        ),
        (vec!["foo=bar=baz".into()], String::new()),
        (vec!["foo=,bar=3".into()], String::new()),
        (vec!["foo".into()], String::new()),
        (vec!["foo=1\u{fc}".into()], String::new()),
    ];
    for (values, expected) in cases {
        let traceparent = format!("00-{TRACE}-{SPAN}-01");
        let mut pairs = vec![("traceparent", traceparent.as_str())];
        pairs.extend(values.iter().map(|value| ("tracestate", value.as_str())));
        assert_eq!(
            parent(&w3c(), &pairs).0,
            format!("{TRACE}-{SPAN}-1"),
            "{values:?}"
        );
        let mut sent = vec![format!("traceparent: {traceparent}")];
        if !expected.is_empty() {
            sent.push(format!("tracestate: {expected}"));
        }
        assert_eq!(passed_on(&[Format::TraceContext], &pairs), sent);
    }
    assert_eq!(parent(&w3c(), &[("tracestate", "foo=1")]).1, "");
}

#[test]
fn the_flags_that_are_known_are_passed_on() {
    for (flags, sent) in [
        ("00", "00"),
        ("01", "01"),
        ("02", "02"),
        ("03", "03"),
        ("ff", "03"),
        ("fc", "00"),
    ] {
        for version in ["00", "cc"] {
            let came = format!("{version}-{TRACE}-{SPAN}-{flags}");
            let sent = format!("traceparent: 00-{TRACE}-{SPAN}-{sent}");
            let pairs = [("traceparent", came.as_str())];
            assert_eq!(passed_on(&[Format::TraceContext], &pairs), [sent], "{came}");
        }
    }
}

#[test]
fn what_the_sdk_cannot_hold_is_kept_for_what_is_published() {
    let came = format!("00-{TRACE}-{SPAN}-03");
    let pairs = [("traceparent", came.as_str()), ("tracestate", "a@b@c=1")];
    let context = w3c().extract(&headers(&pairs)).unwrap();
    assert_eq!(texts(&context), Some((came, "a@b@c=1".to_owned())));
}

#[test]
fn the_last_format_that_is_well_formed_counts() {
    let other = "11111111111111111111111111111111";
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let b3 = format!("{other}-{SPAN}-1");
    let both = [("traceparent", traceparent.as_str()), ("b3", b3.as_str())];
    let b3_last = Propagation::new(vec![Format::TraceContext, Format::B3]);
    let w3c_last = Propagation::new(vec![Format::B3, Format::TraceContext]);
    assert!(parent(&b3_last, &both).0.starts_with(other));
    assert!(parent(&w3c_last, &both).0.starts_with(TRACE));
    let malformed = [("traceparent", traceparent.as_str()), ("b3", "nonsense")];
    assert!(parent(&b3_last, &malformed).0.starts_with(TRACE));
    assert_eq!(parent(&w3c(), &[("b3", &b3)]).0, "");
}

fn passed_on(formats: &[Format], pairs: &[(&'static str, &str)]) -> Vec<String> {
    let propagation = Propagation::new(formats.to_vec());
    let context = propagation.extract(&headers(pairs)).unwrap_or_default();
    let mut out = HeaderMap::new();
    propagation.inject(&context, &mut out);
    let mut out: Vec<_> = out
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    out.sort();
    out
}

#[test]
fn what_came_in_goes_out() {
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    assert_eq!(
        passed_on(
            &[Format::TraceContext, Format::Baggage],
            &[
                ("traceparent", traceparent.as_str()),
                ("tracestate", "a=1"),
                ("tracestate", "b=2"),
                ("baggage", "user=al%20ice;secret"),
            ]
        ),
        [
            "baggage: user=al%20ice;secret".to_owned(),
            format!("traceparent: {traceparent}"),
            "tracestate: a=1,b=2".to_owned(),
        ]
    );
    for value in [
        format!("{TRACE}-{SPAN}-1"),
        format!("{TRACE}-{SPAN}-0"),
        format!("{TRACE}-{SPAN}-d"),
        format!("{TRACE}-{SPAN}"),
        "0".into(),
        "1".into(),
        "d".into(),
    ] {
        assert_eq!(
            passed_on(&[Format::B3], &[("b3", &value)]),
            [format!("b3: {value}")]
        );
    }
    let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    let ids_out = [
        format!("x-b3-spanid: {SPAN}"),
        format!("x-b3-traceid: {TRACE}"),
    ];
    for (name, value) in [
        ("x-b3-sampled", "1"),
        ("x-b3-sampled", "0"),
        ("x-b3-flags", "1"),
    ] {
        let mut expected = ids_out.to_vec();
        expected.push(format!("{name}: {value}"));
        expected.sort();
        let pairs = [&ids[..], &[(name, value)]].concat();
        assert_eq!(passed_on(&[Format::B3Multi], &pairs), expected);
    }
    assert_eq!(passed_on(&[Format::B3Multi], &ids), ids_out);
}

#[test]
fn nothing_in_nothing_out() {
    for formats in [
        &[Format::TraceContext, Format::Baggage][..],
        &[Format::B3],
        &[Format::B3Multi],
        &[],
    ] {
        assert!(passed_on(formats, &[]).is_empty());
    }
}

#[test]
fn baggage_keeps_what_is_well_formed() {
    let entries = |values: &[&str]| {
        let pairs: Vec<_> = values.iter().map(|value| ("baggage", *value)).collect();
        let context = w3c().extract(&headers(&pairs)).unwrap_or_default();
        let mut entries: Vec<_> = context
            .baggage()
            .iter()
            .map(|(key, (value, _))| format!("{key}={value}"))
            .collect();
        entries.sort();
        entries.join(",")
    };
    assert_eq!(entries(&["a=1,b=2", "c=%C3%A9"]), "a=1,b=2,c=\u{e9}");
    assert_eq!(entries(&["a=x=y"]), "a=x=y");
    assert_eq!(entries(&["a=1,nonsense,=2,b=%zz,c=%ff,d=4"]), "a=1,d=4");
    assert_eq!(entries(&[&format!("a={}", "x".repeat(9000))]), "");
    let many = (0..100)
        .map(|n| format!("k{n}=1"))
        .collect::<Vec<_>>()
        .join(",");
    assert_eq!(entries(&[&many]).split(',').count(), 64);
}
