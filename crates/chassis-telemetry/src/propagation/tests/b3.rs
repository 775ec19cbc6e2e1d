//! B3, in one header and in several.

use super::*;

/// What a B3 request comes to: ids, decision.
fn b3(pairs: &[(&'static str, &str)]) -> (String, Option<Decision>) {
    let propagation = Propagation::new(vec![Format::B3]);
    let (ids, _) = parent(&propagation, pairs);
    let context = propagation.extract(&headers(pairs)).unwrap_or_default();
    (ids, context.get::<Decision>().copied())
}

#[test]
fn b3_single() {
    let ids = |flag: &str| format!("{TRACE}-{SPAN}-{flag}");
    let short = format!("0000000000000000a3ce929d0e0e4736-{SPAN}-1");
    let none = String::new;
    let cases: Vec<(String, String, Option<Decision>)> = vec![
        (format!("{TRACE}-{SPAN}-1"), ids("1"), None),
        (format!("{TRACE}-{SPAN}-0"), ids("0"), None),
        (format!("{TRACE}-{SPAN}-d"), ids("1"), Some(Decision::Debug)),
        (format!("{TRACE}-{SPAN}"), ids("0"), Some(Decision::Defer)),
        (format!("{TRACE}-{SPAN}-1-{SPAN}"), ids("1"), None),
        (
            format!("{TRACE}-{SPAN}-{SPAN}"),
            ids("0"),
            Some(Decision::Defer),
        ),
        (
            format!("{}-{}-1", TRACE.to_uppercase(), SPAN.to_uppercase()),
            ids("1"),
            None,
        ),
        (format!("a3ce929d0e0e4736-{SPAN}-1"), short, None),
        ("0".into(), none(), Some(Decision::Deny)),
        ("1".into(), none(), Some(Decision::Accept)),
        ("d".into(), none(), Some(Decision::Debug)),
        (" 0 ".into(), none(), Some(Decision::Deny)),
        (String::new(), none(), None),
        ("2".into(), none(), None),
        ("-".into(), none(), None),
        (format!("{TRACE}-"), none(), None),
        (format!("{TRACE}-{SPAN}-"), none(), None),
        (format!("{TRACE}-{SPAN}-x"), none(), None),
        (format!("{TRACE}-{SPAN}-true"), none(), None),
        (format!("{TRACE}-{SPAN}-1-"), none(), None),
        (format!("{TRACE}-{SPAN}-1-{SPAN}-1"), none(), None),
        (format!("{TRACE}-{SPAN}-1-zz"), none(), None),
        (format!("{TRACE}0-{SPAN}-1"), none(), None),
        (format!("{TRACE}-{SPAN}0-1"), none(), None),
        (format!("{}-{SPAN}-1", "0".repeat(32)), none(), None),
        (format!("{TRACE}-{}-1", "0".repeat(16)), none(), None),
        (format!("{}-{SPAN}-1", "g".repeat(32)), none(), None),
    ];
    for (value, expected, decision) in cases {
        assert_eq!(b3(&[("b3", &value)]), (expected, decision), "{value:?}");
    }
}

#[test]
fn b3_multi() {
    let ids = |flag: &str| format!("{TRACE}-{SPAN}-{flag}");
    let both = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    let cases: Vec<(Vec<Pair<'_>>, String, Option<Decision>)> = vec![
        (vec![("x-b3-sampled", "1")], ids("1"), None),
        (vec![("x-b3-sampled", "0")], ids("0"), None),
        (vec![("x-b3-sampled", "true")], ids("1"), None),
        (vec![("x-b3-sampled", "false")], ids("0"), None),
        (vec![("x-b3-flags", "1")], ids("1"), Some(Decision::Debug)),
        (
            vec![("x-b3-flags", "1"), ("x-b3-sampled", "0")],
            ids("1"),
            Some(Decision::Debug),
        ),
        (
            vec![("x-b3-flags", "0"), ("x-b3-sampled", "1")],
            ids("1"),
            None,
        ),
        (vec![], ids("0"), Some(Decision::Defer)),
        (
            vec![("x-b3-sampled", "maybe")],
            ids("0"),
            Some(Decision::Defer),
        ),
        (
            vec![("x-b3-parentspanid", "nonsense"), ("x-b3-sampled", "1")],
            ids("1"),
            None,
        ),
        // The single header counts first, unless it is malformed.
        (
            vec![("b3", "0"), ("x-b3-sampled", "1")],
            String::new(),
            Some(Decision::Deny),
        ),
        (vec![("b3", "x"), ("x-b3-sampled", "1")], ids("1"), None),
    ];
    for (extra, expected, decision) in cases {
        let pairs = [&both[..], &extra].concat();
        assert_eq!(b3(&pairs), (expected, decision), "{extra:?}");
    }
    let none = (String::new(), None);
    assert_eq!(b3(&[("x-b3-sampled", "1")]).1, Some(Decision::Accept));
    assert_eq!(b3(&[("x-b3-sampled", "0")]).1, Some(Decision::Deny));
    assert_eq!(b3(&[("x-b3-flags", "1")]).1, Some(Decision::Debug));
    for half in [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)] {
        assert_eq!(b3(&[half, ("x-b3-sampled", "1")]), none, "{half:?}");
    }
    assert_eq!(b3(&[("x-b3-traceid", "xyz"), ("x-b3-spanid", SPAN)]), none);
}
