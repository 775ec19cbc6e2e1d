//! What the collector wrote: OTLP as JSON, a request a line.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::walk::Walked;

const SERVICE: &str = "order-service";
const CREATE: &str = "acme.order.v1.OrderService/CreateOrder";
const RESERVE: &str = "acme.inventory.v1.InventoryService/Reserve";

/// `SPAN_KIND_SERVER` and `SPAN_KIND_CLIENT`.
const SERVED: u64 = 2;
const CALLED: u64 = 3;

/// A span, a metric or a log record, with the service it came from.
struct Item {
    service: String,
    value: Value,
}

/// Checks it all; returns what to say of it.
pub(super) fn judge(folder: &Path, walked: &Walked) -> Result<Vec<String>> {
    let spans = read(
        &folder.join("traces.json"),
        ["resourceSpans", "scopeSpans", "spans"],
    )?;
    let mut report = vec![format!("trace {}", walked.trace)];
    let mut parent = String::new();
    for (depth, (service, name, kind)) in [
        ("client", "create", CALLED),
        (SERVICE, CREATE, SERVED),
        (SERVICE, RESERVE, CALLED),
        ("inventory", RESERVE, SERVED),
    ]
    .into_iter()
    .enumerate()
    {
        let span = one(&spans, |item| {
            item.service == service && item.value["name"] == name && item.value["kind"] == kind
        })
        .with_context(|| format!("the span {name} of {service}"))?;
        let text = |key: &str| span.value[key].as_str().unwrap_or_default();
        ensure!(
            text("traceId") == walked.trace,
            "{name} is of another trace"
        );
        ensure!(text("parentSpanId") == parent, "{name} has another parent");
        if depth > 0 {
            let code = attribute(&span.value, "rpc.status_code");
            ensure!(code == "OK", "{name} of {service} ended with {code:?}");
        }
        text("spanId").clone_into(&mut parent);
        report.push(format!(
            "{:depth$}└ {name}, {service}",
            "",
            depth = 2 * depth
        ));
    }
    let root = one(&spans, |item| item.service == "client")?;
    ensure!(
        root.value["spanId"] == walked.span.as_str(),
        "the client's span changed"
    );
    orphans(&spans)?;
    report.push(format!("{} spans, each below one of them", spans.len()));
    report.push(metrics(folder)?);
    report.push(logs(folder, &spans)?);
    Ok(report)
}

fn orphans(spans: &[Item]) -> Result<()> {
    for span in spans {
        let parent = &span.value["parentSpanId"];
        let known = spans.iter().any(|other| &other.value["spanId"] == parent);
        ensure!(
            known || span.service == "client",
            "{} has no parent among the spans",
            span.value["name"]
        );
    }
    Ok(())
}

fn metrics(folder: &Path) -> Result<String> {
    let path = folder.join("metrics.json");
    let metrics = read(&path, ["resourceMetrics", "scopeMetrics", "metrics"])?;
    for (service, name, method) in [
        (SERVICE, "rpc.server.call.duration", CREATE),
        (SERVICE, "rpc.client.call.duration", RESERVE),
        ("inventory", "rpc.server.call.duration", RESERVE),
    ] {
        let points = metrics
            .iter()
            .filter(|item| item.service == service && item.value["name"] == name)
            .flat_map(|item| list(&item.value["histogram"], "dataPoints"))
            .filter(|point| {
                attribute(point, "rpc.method") == method
                    && attribute(point, "rpc.status_code") == "OK"
                    && point["count"] == "1"
            });
        ensure!(
            points.count() > 0,
            "{name} of {service} does not count one call"
        );
    }
    for name in [
        "store.batch.size",
        "store.commit.duration",
        "process.cpu.time",
    ] {
        let there = |item: &&Item| item.service == SERVICE && item.value["name"] == name;
        ensure!(metrics.iter().any(|item| there(&item)), "{name} is missing");
    }
    Ok(format!("{} metrics, each call counted once", metrics.len()))
}

fn logs(folder: &Path, spans: &[Item]) -> Result<String> {
    let records = read(
        &folder.join("logs.json"),
        ["resourceLogs", "scopeLogs", "logRecords"],
    )?;
    for (service, body) in [
        (SERVICE, "served"),
        (SERVICE, "called"),
        ("inventory", "reserved"),
    ] {
        let record = one(&records, |item| {
            item.service == service && item.value["body"]["stringValue"] == body
        })
        .with_context(|| format!("the line {body:?} of {service}"))?;
        let of_a_span = spans.iter().any(|span| {
            span.service == service
                && ["traceId", "spanId"]
                    .iter()
                    .all(|id| span.value[id] == record.value[id])
        });
        ensure!(
            of_a_span,
            "{body:?} of {service} has not the ids of a span of its"
        );
    }
    Ok(format!(
        "{} log records, those of the calls with its ids",
        records.len()
    ))
}

fn one(items: &[Item], choose: impl Fn(&Item) -> bool) -> Result<&Item> {
    let chosen: Vec<_> = items.iter().filter(|item| choose(item)).collect();
    ensure!(chosen.len() == 1, "{} instead of one", chosen.len());
    Ok(chosen[0])
}

/// All that lies three lists deep in the file.
fn read(path: &Path, [outer, middle, inner]: [&str; 3]) -> Result<Vec<Item>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut items = Vec::new();
    for line in text.lines() {
        let request: Value = serde_json::from_str(line)?;
        for of_resource in list(&request, outer) {
            let service = attribute(&of_resource["resource"], "service.name");
            for scope in list(of_resource, middle) {
                items.extend(list(scope, inner).iter().map(|value| Item {
                    service: service.to_owned(),
                    value: value.clone(),
                }));
            }
        }
    }
    Ok(items)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// A text attribute; empty where it is missing.
fn attribute<'a>(of: &'a Value, key: &str) -> &'a str {
    list(of, "attributes")
        .iter()
        .find(|attribute| attribute["key"] == key)
        .and_then(|attribute| attribute["value"]["stringValue"].as_str())
        .unwrap_or_default()
}
