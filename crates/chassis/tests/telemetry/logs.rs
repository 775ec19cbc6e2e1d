//! The log, on standard output and at the collector.

use opentelemetry_proto::tonic::common::v1::any_value::Value;

use crate::collector::{Collector, text};
use crate::demo::Ask;
use crate::process::{Process, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_carry_the_ids_of_their_trace_here_and_there() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[]);
    process.get(Ask::default(), &[]).await.unwrap();
    let said = process.finish();
    let spans = collector.spans();
    let id = |name: &str| {
        let (_, span) = spans.iter().find(|(_, span)| span.name == name).unwrap();
        let hex = crate::traces::hex;
        (hex(&span.trace_id), hex(&span.span_id))
    };
    for (target, span) in [
        ("rpc", "demo.v1.Things/Get"),
        ("telemetry::demo", "look up"),
    ] {
        let lines = said.lines();
        let line = lines.iter().find(|line| line["target"] == target).unwrap();
        let (trace, span) = id(span);
        assert_eq!(line["trace_id"], trace);
        assert_eq!(line["span_id"], span);
    }
    let records = collector.records();
    let served = records
        .iter()
        .find(|record| text(&record.attributes, "code") == "OK")
        .unwrap();
    let (_, span) = spans.iter().find(|(_, span)| span.kind == 2).unwrap();
    assert_eq!(served.trace_id, span.trace_id);
    assert_eq!(served.span_id, span.span_id);
    assert_eq!(served.severity_text, "INFO");
    let body = served.body.clone().unwrap().value.unwrap();
    assert_eq!(body, Value::StringValue("served".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_appear_nowhere() {
    let collector = Collector::start().await;
    let process = Process::exporting(&collector, &[("LOG_FORMAT", "json")]);
    let headers = [
        ("authorization", "Bearer s3cret-bearer"),
        ("cookie", "session=s3cret-cookie"),
    ];
    process.get(Ask::default(), &headers).await.unwrap();
    let fail = Ask {
        code: 13,
        ..Ask::default()
    };
    process.get(fail, &headers).await.unwrap_err();
    let (_, metrics) = process.admin("GET", "/metrics", "");
    let said = process.finish();
    assert!(
        said.text.contains("asked"),
        "the handler prints its metadata"
    );
    let cause = said.calls().last().unwrap()["cause"].clone();
    assert_eq!(cause, "as asked: Bearer [redacted]");
    assert!(said.text.contains("x-request-id") || said.text.contains("user-agent"));
    let exported = collector.taken(|taken| format!("{taken:?}"));
    for secret in ["s3cret", "hunter2"] {
        for place in [&said.text, &exported, &metrics] {
            assert!(!place.contains(secret), "{secret} in {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_level_changes_while_running() {
    let process = Process::start(&[]);
    process.get(Ask::default(), &[]).await.unwrap();
    assert_eq!(
        process.admin("GET", "/loglevel", ""),
        (200, "info\n".to_owned())
    );
    let (status, _) = process.admin("PUT", "/loglevel", "info,rpc=debug");
    assert_eq!(status, 200);
    process.get(Ask::default(), &[]).await.unwrap();
    let (status, error) = process.admin("PUT", "/loglevel", "rpc=loud");
    assert_eq!(status, 400);
    assert!(error.contains("`loud` is no level"), "{error}");
    process.get(Ask::default(), &[]).await.unwrap();
    let (status, _) = process.admin("PUT", "/loglevel", "error");
    assert_eq!(status, 200);
    process.get(Ask::default(), &[]).await.unwrap();
    let said = process.finish();
    assert_eq!(said.calls().len(), 2, "{}", said.text);
}

#[test]
fn a_change_of_level_is_logged_with_who_made_it_whatever_the_levels() {
    let process = Process::start(&[("LOG_LEVEL", "off")]);
    let changes = ["error", "off", "info"];
    for level in changes {
        let (status, _) = process.admin("PUT", "/loglevel", level);
        assert_eq!(status, 200);
    }
    let said = process.finish();
    let mut lines = said.lines();
    lines.retain(|line| line["target"] == "audit");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let pairs: Vec<_> = (lines.iter())
        .map(|line| (text(&line["from"]), text(&line["to"])))
        .collect();
    let expected = [("off", "error"), ("error", "off"), ("off", "info")];
    let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
    assert_eq!(pairs, expected, "{}", said.text);
    for line in &lines {
        assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pretty_is_for_people() {
    let process = Process::start(&[("LOG_FORMAT", "pretty")]);
    process.get(Ask::default(), &[]).await.unwrap();
    let said = process.finish();
    let line = said
        .text
        .lines()
        .find(|line| line.contains(" rpc: "))
        .unwrap();
    assert!(
        line.contains("DEBUG rpc: served method=demo.v1.Things/Get code=OK"),
        "{line}"
    );
    assert!(!line.contains('\u{1b}'), "no colours in a pipe: {line}");
}

#[test]
fn a_level_that_is_none_is_refused() {
    let error = refused(&[("LOG_LEVEL", "loud")]);
    assert!(error.contains("LOG_LEVEL"), "{error}");
    assert!(error.contains("off, error, warn"), "{error}");
}
