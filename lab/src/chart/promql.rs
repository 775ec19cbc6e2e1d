//! Every `PromQL` expression that is rendered, through Prometheus' own parser.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::case::Rendered;
use super::tools::Tools;

/// Fields that hold one: of rules and dashboards, and of scalers and canaries.
const FIELDS: [&str; 2] = ["expr", "query"];

/// How many different ones there are; an error names each that does not parse.
pub(super) fn check(tools: &Tools, cases: &[Rendered]) -> Result<usize> {
    let mut found = BTreeSet::new();
    for object in cases.iter().flat_map(|case| &case.objects) {
        collect(object, &mut found);
        for (name, text) in object["data"].as_object().into_iter().flatten() {
            // A dashboard.
            let is_json = Path::new(name).extension().is_some_and(|end| end == "json");
            if let (true, Some(text)) = (is_json, text.as_str()) {
                collect(&serde_json::from_str(text)?, &mut found);
            }
        }
    }
    let lines: String = found
        .iter()
        .flat_map(|expression| [filled(expression), "\n".into()])
        .collect();
    let mut parser = tools
        .tool("promql")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    parser
        .stdin
        .take()
        .context("its standard input")?
        .write_all(lines.as_bytes())?;
    let output = parser.wait_with_output()?;
    ensure!(
        output.status.success(),
        "Prometheus cannot parse:\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(found.len())
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if FIELDS.contains(&key.as_str()) => {
                        into.insert(text.clone());
                    }
                    value => collect(value, into),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}

/// As Grafana and Flagger fill it in.
fn filled(expression: &str) -> String {
    expression
        .replace('\n', " ")
        .replace("$__rate_interval", "1m")
        .replace("{{ interval }}", "1m")
        .replace("{{ namespace }}", "namespace")
        .replace("{{ target }}", "target")
}
