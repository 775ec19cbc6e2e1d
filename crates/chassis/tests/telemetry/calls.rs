//! Each way a call can end has its span, its metric and its line.

use http::uri::PathAndQuery;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use tonic::Code;
use tonic::client::Grpc;
use tonic_prost::ProstCodec;

use crate::collector::{Collector, text};
use crate::demo::{Answer, Ask, GET};
use crate::direct::Direct;
use crate::process::{Process, Said, value, with_headers};

const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Those that are the server's own fault.
const ERRORS: [i32; 6] = [2, 4, 12, 13, 14, 15];

fn served(collector: &Collector) -> Vec<Span> {
    let mut spans: Vec<_> = collector
        .spans()
        .into_iter()
        .map(|(_, span)| span)
        .collect();
    spans.retain(|span| span.kind == 2);
    spans.sort_by_key(|span| span.start_time_unix_nano);
    spans
}

/// `code error.type count` of each series of a histogram of calls.
fn durations(collector: &Collector, name: &str) -> Vec<String> {
    let mut series = Vec::new();
    for metric in collector.metrics() {
        if metric.name == name
            && let Some(Data::Histogram(histogram)) = metric.data
        {
            for point in histogram.data_points {
                let code = text(&point.attributes, "rpc.status_code");
                let error = text(&point.attributes, "error.type");
                series.push(format!("{code} {error} {}", point.count));
            }
        }
    }
    series.sort();
    series
}

/// Waits until that many calls of the rpc are running, as the server sees it.
async fn active(process: &Process, rpc: &str, calls: u32) {
    let line = format!(
        "rpc_server_active_requests{{rpc_method=\"demo.v1.Things/{rpc}\",rpc_system_name=\"grpc\"}} {calls}"
    );
    while !process.admin("GET", "/metrics", "").1.contains(&line) {
        tokio::task::yield_now().await;
    }
}

/// The only call that was served: its span's code and error, its metric, its line.
fn assert_one(collector: &Collector, said: &Said, code: &str, error: &str) {
    let spans = served(collector);
    assert_eq!(spans.len(), 1, "{spans:#?}");
    let attributes = &spans[0].attributes;
    assert_eq!(text(attributes, "rpc.status_code"), code);
    assert_eq!(text(attributes, "error.type"), error);
    let metric_error = if error.is_empty() { "" } else { code };
    assert_eq!(
        durations(collector, "rpc.server.call.duration"),
        [format!("{code} {metric_error} 1")]
    );
    let calls = said.calls();
    assert_eq!(calls.len(), 1, "{said:?}");
    assert_eq!(calls[0]["code"], code);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_code() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[]);
    for code in 0..17 {
        let ask = Ask {
            code,
            ..Ask::default()
        };
        let answered = process.get(ask, &[]).await;
        assert_eq!(
            answered.err().map_or(0, |status| status.code() as i32),
            code
        );
    }
    let said = process.finish();
    let spans = served(&collector);
    assert_eq!(spans.len(), 17);
    let mut expected = Vec::new();
    for ((code, span), line) in (0..).zip(&spans).zip(said.calls()) {
        let name = CODES[usize::try_from(code).unwrap()];
        let error = if ERRORS.contains(&code) { name } else { "" };
        assert_eq!(text(&span.attributes, "rpc.status_code"), name);
        assert_eq!(text(&span.attributes, "error.type"), error);
        let status = span.status.clone().unwrap_or_default();
        assert_eq!(status.code, if error.is_empty() { 0 } else { 2 }, "{name}");
        expected.push(format!("{name} {error} 1"));
        assert_eq!(line["code"], name);
        let level = match name {
            "UNKNOWN" | "INTERNAL" | "DATA_LOSS" => "ERROR",
            "DEADLINE_EXCEEDED" | "UNAVAILABLE" | "RESOURCE_EXHAUSTED" => "WARN",
            _ => "INFO",
        };
        assert_eq!(line["level"], level, "{name}");
    }
    expected.sort();
    assert_eq!(durations(&collector, "rpc.server.call.duration"), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_given_up() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[]);
    let ask = Ask {
        hang: true,
        ..Ask::default()
    };
    tokio::select! {
        answer = process.get(ask, &[]) => panic!("{answer:?}"),
        () = active(&process, "Get", 1) => {}
    }
    // That it was given up has reached the server.
    active(&process, "Get", 0).await;
    let said = process.finish();
    assert_one(&collector, &said, "CANCELLED", "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_takes_too_long() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[]);
    let ask = Ask {
        hang: true,
        ..Ask::default()
    };
    let request = with_headers(ask, &[("grpc-timeout", "50m")]);
    let path = PathAndQuery::from_static(GET);
    let codec = ProstCodec::<Ask, Answer>::default();
    // Only the server watches the clock.
    let mut client = Grpc::new(Direct::connect(process.address).await);
    client.ready().await.unwrap();
    let status = client.unary(request, path, codec).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let said = process.finish();
    assert_one(&collector, &said, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_panics() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[]);
    let ask = Ask {
        panic: true,
        ..Ask::default()
    };
    process.get(ask, &[]).await.unwrap_err();
    let said = process.finish();
    assert_one(&collector, &said, "INTERNAL", "panic");
    let lines = said.lines();
    let panic = lines.iter().find(|line| line["target"] == "panic").unwrap();
    assert_eq!(panic["message"], "as asked");
    assert!(panic["location"].as_str().unwrap().contains("demo.rs"));
    assert_eq!(panic["trace_id"], said.calls()[0]["trace_id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_to_its_end_and_one_that_breaks() {
    for (code, error) in [(0, ""), (15, "DATA_LOSS"), (9, "")] {
        let collector = Collector::start().await;
        let process = Process::exporting(&collector, &[]);
        let ask = Ask {
            code,
            messages: 3,
            ..Ask::default()
        };
        let mut stream = process.watch(ask).await;
        for _ in 0..3 {
            stream.message().await.unwrap().unwrap();
        }
        let end = stream.message().await;
        assert_eq!(end.err().map_or(0, |status| status.code() as i32), code);
        let said = process.finish();
        let name = CODES[usize::try_from(code).unwrap()];
        assert_one(&collector, &said, name, error);
        // Each message is counted, with its size.
        for (name, count, bytes) in [
            ("rpc.server.response.message.size", 3, 306.0),
            (
                "rpc.server.request.message.size",
                1,
                f64::from(code.min(1) * 2 + 2),
            ),
        ] {
            let metrics = collector.metrics();
            let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
            let Some(Data::Histogram(histogram)) = &metric.data else {
                panic!("{metric:?}");
            };
            let point = &histogram.data_points[0];
            assert_eq!((point.count, point.sum), (count, Some(bytes)), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_its_reader_leaves() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[]);
    let ask = Ask {
        messages: 1,
        hang: true,
        ..Ask::default()
    };
    let mut stream = process.watch(ask).await;
    stream.message().await.unwrap().unwrap();
    drop(stream);
    active(&process, "Watch", 0).await;
    let said = process.finish();
    assert_one(&collector, &said, "CANCELLED", "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstreams_stream_to_its_end_and_one_that_breaks() {
    for (code, name) in [(0, "OK"), (15, "DATA_LOSS")] {
        let (collector, of_upstream) = (Collector::start().await, Collector::start().await);
        let upstream = Process::exporting(&of_upstream, &[]);
        let address = upstream.address.to_string();
        let process = Process::exporting(&collector, &[("UPSTREAM", &address)]);
        let ask = Ask {
            code,
            messages: 2,
            upstream: true,
            ..Ask::default()
        };
        let mut stream = process.watch(ask).await;
        for _ in 0..2 {
            stream.message().await.unwrap().unwrap();
        }
        let end = stream.message().await;
        assert_eq!(end.err().map_or(0, |status| status.code() as i32), code);
        process.finish();
        let error = if code == 0 { "" } else { name };
        let expected = [format!("{name} {error} 1")];
        for side in ["rpc.client.call.duration", "rpc.server.call.duration"] {
            assert_eq!(durations(&collector, side), expected, "{side}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_dies_within_a_stream() {
    let (collector, of_upstream) = (Collector::start().await, Collector::start().await);
    let upstream = Process::exporting(&of_upstream, &[]);
    let address = upstream.address.to_string();
    let process = Process::exporting(&collector, &[("UPSTREAM", &address)]);
    let ask = Ask {
        messages: 1,
        hang: true,
        upstream: true,
        ..Ask::default()
    };
    let mut stream = process.watch(ask).await;
    stream.message().await.unwrap().unwrap();
    // Killed.
    drop(upstream);
    let status = stream.message().await.unwrap_err();
    let said = process.finish();
    let name = CODES[status.code() as usize];
    assert_ne!(name, "OK");
    assert_eq!(
        durations(&collector, "rpc.client.call.duration"),
        [format!("{name} {name} 1")]
    );
    let spans = collector.spans();
    let (_, called) = spans.iter().find(|(_, span)| span.kind == 3).unwrap();
    assert_eq!(called.status.clone().unwrap().code, 2);
    assert_eq!(text(&called.attributes, "rpc.status_code"), name);
    let calls = said.calls();
    assert_eq!(calls.len(), 2, "{said:?}");
    assert!(calls.iter().all(|line| line["code"] == name), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_not_there() {
    let collector = Collector::start().await;
    // Bound and let go: nobody listens there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let process = Process::exporting(&collector, &[("UPSTREAM", &nobody.to_string())]);
    let ask = Ask {
        upstream: true,
        ..Ask::default()
    };
    let status = process.get(ask, &[]).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    process.finish();
    assert_eq!(
        durations(&collector, "rpc.client.call.duration"),
        ["UNAVAILABLE UNAVAILABLE 1"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_a_request_id() {
    let process = Process::start(&[]);
    let answer = process
        .get(Ask::default(), &[("x-request-id", "mine")])
        .await
        .unwrap();
    assert_eq!(value(answer.metadata(), "x-request-id"), "mine");
    let made = process.get(Ask::default(), &[]).await.unwrap();
    let made = value(made.metadata(), "x-request-id").to_owned();
    assert_eq!(made.len(), 36);
    let odd = process
        .get(Ask::default(), &[("x-request-id", "a b\"c")])
        .await
        .unwrap();
    assert_eq!(value(odd.metadata(), "x-request-id").len(), 36);
    let failed = process
        .get(
            Ask {
                code: 5,
                ..Ask::default()
            },
            &[("x-request-id", "mine")],
        )
        .await
        .unwrap_err();
    assert_eq!(value(failed.metadata(), "x-request-id"), "mine");
    let said = process.finish();
    // Without a collector nothing is sampled: only what failed is said.
    assert_eq!(said.calls().len(), 1);
    assert_eq!(said.calls()[0]["request_id"], "mine");
}
