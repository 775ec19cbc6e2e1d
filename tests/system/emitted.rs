//{% capture source %}§{% raw %}
//! The README shows what one call emits.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tempfile::TempDir;
use tonic::Request;

use crate::helpers::{Server, command, create_request};
use crate::trace::{SPAN, TRACE, World};

/// What the README says under "Watch it".
fn shown() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once("\n## Watch it\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    section.to_owned()
}

/// Hides what differs from run to run (ids, times, ports), and spacing.
fn steady(text: &str) -> String {
    let number = |word: &str| {
        word.contains(|c: char| c.is_ascii_digit())
            && word
                .chars()
                .all(|c| c.is_ascii_digit() || "abcdefTZ.:+-".contains(c))
    };
    let ends = |c: char| !(c.is_ascii_alphanumeric() || "._:+-".contains(c));
    text.lines()
        .map(|line| {
            let pieces = line.split_inclusive(ends).map(|piece| {
                let word = piece.trim_end_matches(ends);
                let shown = if number(word) { "#" } else { word };
                format!("{shown}{}", &piece[word.len()..])
            });
            let line: String = pieces.collect();
            line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n"
        })
        .collect()
}

fn tree(spans: &[Span]) -> String {
    let top = spans.iter().find(|span| span.kind == 2).unwrap();
    let mut below: Vec<_> = spans
        .iter()
        .filter(|span| span.parent_span_id == top.span_id)
        .collect();
    below.sort_by_key(|span| span.start_time_unix_nano);
    assert_eq!(below.len() + 1, spans.len(), "{spans:#?}");
    let mut text = String::new();
    for (at, span) in std::iter::once(top)
        .chain(below.iter().copied())
        .enumerate()
    {
        let indent = match at {
            0 => "",
            _ if at == below.len() => "└─ ",
            _ => "├─ ",
        };
        let kind = ["", "internal", "server", "client"][usize::try_from(span.kind).unwrap()];
        let took = span.end_time_unix_nano - span.start_time_unix_nano;
        let name = format!("{indent}{}", span.name);
        let took = f64::from(u32::try_from(took / 1000).unwrap()) / 1000.0;
        writeln!(text, "{name:<48} {kind:<8} {took:.1} ms").unwrap();
    }
    text
}

fn attributes(spans: &[Span]) -> String {
    let top = spans.iter().find(|span| span.kind == 2).unwrap();
    let mut text = String::new();
    for attribute in &top.attributes {
        let value = match attribute.value.clone().unwrap().value.unwrap() {
            Value::StringValue(text) => text,
            Value::IntValue(number) => number.to_string(),
            other => panic!("{other:?}"),
        };
        writeln!(text, "| `{}` | `{value}` |", attribute.key).unwrap();
    }
    text
}

/// The attributes of the store's spans, by the reference.
fn of_store() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/telemetry.md");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | store |"))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[tokio::test]
async fn the_readme_shows_what_a_create_emits() {
    let world = World::default();
    let address = format!("http://{}", world.start().await);
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command
        .args(["--inventory-endpoint", &address])
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &address);
    let server = Server::spawn(dir, &mut command);
    let mut request = Request::new(create_request("alice"));
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    request
        .metadata_mut()
        .insert("traceparent", traceparent.parse().unwrap());
    server.client().await.create_order(request).await.unwrap();
    let (_, metrics) = server.admin("/metrics");
    let log = server.stop_and_read().await;

    let timed = |line: &&str| line.contains("duration_seconds_count{");
    let mut metrics: Vec<_> = metrics.lines().filter(timed).collect();
    metrics.sort_unstable();
    let of_calls = |line: &&str| line.contains("\"target\":\"rpc\"");
    let log: Vec<_> = log.lines().filter(of_calls).collect();
    let spans = world.spans.lock().unwrap().clone();
    for span in spans.iter().filter(|span| span.kind == 1) {
        let keys = span.attributes.iter().map(|it| it.key.clone());
        assert_eq!(keys.collect::<BTreeSet<_>>(), of_store(), "{}", span.name);
    }
    let shown = steady(&shown());
    let mut emitted = vec![
        tree(&spans),
        attributes(&spans),
        metrics.join("\n"),
        log.join("\n"),
    ];
    emitted.retain(|emitted| !shown.contains(&steady(emitted)));
    assert!(
        emitted.is_empty(),
        "README.md does not show this under \"Watch it\":\n\n{}",
        emitted.join("\n\n")
    );
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
