//! One trace over all hops, whatever the formats.

use opentelemetry_proto::tonic::trace::v1::Span;

use crate::collector::{Collector, text};
use crate::demo::{Ask, GET};
use crate::process::{Process, header};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";
const SERVER: i32 = 2;
const CLIENT: i32 = 3;

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Calls through two services and returns what the second saw.
async fn through_two(
    formats: [&str; 2],
    sampler: &str,
    headers: &[(&str, &str)],
) -> (Collector, crate::demo::Answer) {
    let collector = Collector::start().await;
    let upstream = Process::exporting(
        &collector,
        &[
            ("OTEL_SERVICE_NAME", "upstream"),
            ("OTEL_PROPAGATORS", formats[1]),
            ("OTEL_TRACES_SAMPLER", sampler),
        ],
    );
    let edge = Process::exporting(
        &collector,
        &[
            ("OTEL_SERVICE_NAME", "edge"),
            ("OTEL_PROPAGATORS", formats[0]),
            ("OTEL_TRACES_SAMPLER", sampler),
            ("UPSTREAM", &upstream.address.to_string()),
        ],
    );
    let ask = Ask {
        upstream: true,
        ..Ask::default()
    };
    let answer = edge.get(ask, headers).await.unwrap().into_inner();
    edge.finish();
    upstream.finish();
    (collector, answer)
}

fn find(collector: &Collector, service: &str, kind: i32) -> Span {
    let mut spans = collector.spans();
    spans.retain(|(of, span)| of == service && span.kind == kind);
    assert_eq!(spans.len(), 1, "{service} {kind}: {spans:#?}");
    spans.remove(0).1
}

/// That all hops are of one trace, each below the one before; returns the first.
fn assert_chain(collector: &Collector) -> Span {
    let edge = find(collector, "edge", SERVER);
    let call = find(collector, "edge", CLIENT);
    let upstream = find(collector, "upstream", SERVER);
    assert_eq!(hex(&call.parent_span_id), hex(&edge.span_id));
    assert_eq!(hex(&upstream.parent_span_id), hex(&call.span_id));
    for (service, span) in collector.spans() {
        assert_eq!(
            hex(&span.trace_id),
            hex(&edge.trace_id),
            "{service}: {span:?}"
        );
        if span.name == "look up" {
            let below = if service == "edge" { &edge } else { &upstream };
            assert_eq!(hex(&span.parent_span_id), hex(&below.span_id));
            assert_eq!(text(&span.attributes, "things"), "3");
        }
    }
    assert_eq!(collector.spans().len(), 5, "two inner spans as well");
    edge
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_format_is_one_trace() {
    let w3c = format!("00-{TRACE}-{SPAN}-01");
    let b3 = format!("{TRACE}-{SPAN}-1");
    let multi = [
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", SPAN),
        ("x-b3-sampled", "1"),
    ];
    for (formats, headers, seen) in [
        (
            ["tracecontext"; 2],
            vec![("traceparent", w3c.as_str())],
            "traceparent",
        ),
        (["b3"; 2], vec![("b3", b3.as_str())], "b3"),
        (["b3multi"; 2], multi.to_vec(), "x-b3-traceid"),
        // B3 comes in, both go out, W3C is read.
        (
            ["tracecontext,b3", "tracecontext"],
            vec![("b3", b3.as_str())],
            "traceparent",
        ),
        // Several headers where one is configured, and the other way round.
        (["b3,b3multi", "b3multi"], multi.to_vec(), "b3"),
    ] {
        let (collector, answer) = through_two(formats, "parentbased_always_off", &headers).await;
        let first = assert_chain(&collector);
        assert_eq!(hex(&first.trace_id), TRACE, "{formats:?}");
        assert_eq!(hex(&first.parent_span_id), SPAN, "{formats:?}");
        assert!(header(&answer, seen).is_some(), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsampled_stays_unsampled() {
    for (format, header_in, value) in [
        (
            "tracecontext",
            "traceparent",
            format!("00-{TRACE}-{SPAN}-00"),
        ),
        ("b3", "b3", format!("{TRACE}-{SPAN}-0")),
        ("b3", "b3", "0".to_owned()),
    ] {
        let (collector, answer) =
            through_two([format; 2], "parentbased_always_on", &[(header_in, &value)]).await;
        assert!(
            collector.spans().is_empty(),
            "{value}: {:#?}",
            collector.spans()
        );
        let seen = header(&answer, header_in).unwrap();
        if value.len() > 1 {
            assert!(seen.contains(TRACE), "{seen}");
        }
        assert!(seen.ends_with('0'), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_or_forced_decision_is_ours_or_followed() {
    let open = format!("{TRACE}-{SPAN}");
    let forced = format!("{TRACE}-{SPAN}-d");
    let (collector, _) = through_two(["b3"; 2], "parentbased_always_on", &[("b3", &open)]).await;
    assert_eq!(hex(&assert_chain(&collector).trace_id), TRACE);
    let (collector, answer) =
        through_two(["b3"; 2], "parentbased_always_off", &[("b3", &open)]).await;
    assert!(collector.spans().is_empty());
    assert!(header(&answer, "b3").unwrap().ends_with("-0"), "{answer:?}");
    let (collector, answer) =
        through_two(["b3"; 2], "parentbased_always_off", &[("b3", &forced)]).await;
    assert_eq!(hex(&assert_chain(&collector).trace_id), TRACE);
    assert!(header(&answer, "b3").unwrap().ends_with("-d"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_headers_cost_the_trace_and_not_the_call() {
    for headers in [
        vec![("traceparent", "nonsense"), ("tracestate", "=")],
        vec![(
            "traceparent",
            "00-00000000000000000000000000000000-0000000000000000-01",
        )],
        vec![("baggage", "%zz"), ("b3", "d-d-d")],
        vec![("x-b3-traceid", TRACE)],
    ] {
        let formats = ["tracecontext,baggage,b3"; 2];
        let (collector, _) = through_two(formats, "parentbased_always_on", &headers).await;
        let first = assert_chain(&collector);
        assert!(first.parent_span_id.is_empty(), "{headers:?}");
        assert_ne!(hex(&first.trace_id), TRACE);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_baggage_and_request_id_travel_along() {
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let (collector, answer) = through_two(
        ["tracecontext,baggage"; 2],
        "parentbased_always_on",
        &[
            ("traceparent", &traceparent),
            ("tracestate", "vendor=value"),
            ("baggage", "tenant=blue"),
            ("x-request-id", "call-17"),
        ],
    )
    .await;
    assert_eq!(header(&answer, "tracestate"), Some("vendor=value"));
    assert_eq!(header(&answer, "baggage"), Some("tenant=blue"));
    assert_eq!(header(&answer, "x-request-id"), Some("call-17"));
    let span = find(&collector, "edge", SERVER);
    assert_eq!(span.trace_state, "vendor=value");
    assert_eq!(text(&span.attributes, "rpc.request_id"), "call-17");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_say_what_the_conventions_ask_for() {
    let collector = Collector::start().await;
    let upstream = Process::exporting(&collector, &[("OTEL_SERVICE_NAME", "upstream")]);
    let address = upstream.address;
    let edge = Process::exporting(
        &collector,
        &[
            ("OTEL_SERVICE_NAME", "edge"),
            ("UPSTREAM", &address.to_string()),
            ("MESH_PROVIDER", "istio"),
        ],
    );
    let edge_address = edge.address;
    let ask = Ask {
        upstream: true,
        attempts: 2,
        ..Ask::default()
    };
    let certificate = "By=spiffe://a;URI=spiffe://forged,By=spiffe://a;URI=spiffe://b/c";
    let headers = [
        ("x-forwarded-client-cert", certificate),
        ("grpc-previous-rpc-attempts", "1"),
        ("grpc-timeout", "5S"),
    ];
    edge.get(ask, &headers).await.unwrap();
    edge.finish();
    upstream.finish();
    let incoming = find(&collector, "edge", SERVER);
    let outgoing = find(&collector, "edge", CLIENT);
    let name = GET.trim_start_matches('/');
    for span in [&incoming, &outgoing] {
        assert_eq!(span.name, name);
        for (key, expected) in [
            ("rpc.system.name", "grpc"),
            ("rpc.method", name),
            ("rpc.idempotency", "no_side_effects"),
            ("rpc.status_code", "OK"),
            ("error.type", ""),
        ] {
            assert_eq!(text(&span.attributes, key), expected, "{key}");
        }
    }
    for (key, expected) in [
        ("rpc.caller", "spiffe://b/c"),
        ("rpc.previous_attempts", "1"),
        ("rpc.timeout", "5"),
        ("network.peer.address", "127.0.0.1"),
        ("server.address", "127.0.0.1"),
        ("server.port", &edge_address.port().to_string()),
        ("client.address", ""),
    ] {
        assert_eq!(text(&incoming.attributes, key), expected, "{key}");
    }
    assert!(text(&incoming.attributes, "user_agent.original").contains("tonic"));
    for (key, expected) in [
        ("server.address", "127.0.0.1"),
        ("server.port", &address.port().to_string()),
        ("rpc.previous_attempts", "2"),
        ("rpc.caller", ""),
    ] {
        assert_eq!(text(&outgoing.attributes, key), expected, "{key}");
    }
}

/// The flags of the `traceparent` that the second service saw.
async fn flags_seen(sampler: &str, came: Option<&str>) -> String {
    let headers: Vec<_> = came
        .map(|value| ("traceparent", value))
        .into_iter()
        .collect();
    let (_, answer) = through_two(["tracecontext"; 2], sampler, &headers).await;
    let seen = header(&answer, "traceparent").unwrap();
    seen.rsplit_once('-').unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_id_is_said_to_be_one() {
    // Those of traces that begin here are.
    assert_eq!(flags_seen("parentbased_always_on", None).await, "03");
    assert_eq!(flags_seen("parentbased_always_off", None).await, "02");
    // Of others it is as it was said.
    for (came, sampler, sent) in [
        ("03", "parentbased_always_on", "03"),
        ("01", "parentbased_always_on", "01"),
        ("02", "parentbased_always_on", "02"),
        ("00", "parentbased_always_on", "00"),
        ("03", "always_off", "02"),
        ("02", "always_on", "03"),
        ("fd", "parentbased_always_on", "01"),
    ] {
        let traceparent = format!("00-{TRACE}-{SPAN}-{came}");
        assert_eq!(
            flags_seen(sampler, Some(&traceparent)).await,
            sent,
            "{came}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_of_unknown_methods_have_one_name() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[("OTEL_SERVICE_NAME", "edge")]);
    process.unknown().await;
    process.finish();
    let span = find(&collector, "edge", SERVER);
    assert_eq!(span.name, "grpc");
    for (key, expected) in [
        ("rpc.method", "_OTHER"),
        ("rpc.method_original", "demo.v1.Things/Unknown"),
    ] {
        assert_eq!(text(&span.attributes, key), expected, "{key}");
    }
}
