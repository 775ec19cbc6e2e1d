//! Rendered YAML as values.

use anyhow::{Context, Result};
use serde::Deserialize as _;
use serde_json::Value;

/// Every document of a stream that is an object.
pub(super) fn parse(text: &str) -> Result<Vec<Value>> {
    serde_yaml_ng::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).context("not YAML"))
        .filter(|value| !matches!(value, Ok(Value::Null)))
        .collect()
}

/// One text for each document, without the lines that only templates leave.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split("\n---")
        .map(|document| {
            document
                .trim_start_matches("---")
                .lines()
                .map(str::trim_end)
                .filter(|line| !line.is_empty() && !line.starts_with("# Source:"))
                .flat_map(|line| [line, "\n"])
                .collect::<String>()
        })
        .filter(|document| document.contains("kind:"))
        .collect()
}

/// `Kind/name`.
pub(super) fn id(object: &Value) -> String {
    format!(
        "{}/{}",
        text(object, "/kind"),
        text(object, "/metadata/name")
    )
}

/// `Kind.group/name`, as kubectl takes it.
pub(super) fn whole_id(object: &Value) -> String {
    let group = match text(object, "/apiVersion").split_once('/') {
        Some((group, _)) => format!(".{group}"),
        None => String::new(),
    };
    let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
    format!("{kind}{group}/{name}")
}

/// A string inside, or nothing.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or("")
}

/// A list inside, or nothing.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Whether it is of this kind and of an API group that begins so.
pub(super) fn is(object: &Value, group: &str, kind: &str) -> bool {
    text(object, "/kind") == kind && text(object, "/apiVersion").starts_with(group)
}
