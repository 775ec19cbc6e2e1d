//! Kubernetes' own kinds, from its `OpenAPI` 2 document.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

const PREFIX: &str = "#/definitions/";

/// One self-contained schema for each kind.
pub(super) fn write(swagger: &str, into: &Path) -> Result<()> {
    let swagger: Value = serde_json::from_str(swagger)?;
    let definitions = swagger["definitions"]
        .as_object()
        .context("the OpenAPI document has definitions")?;
    for (name, definition) in definitions {
        let Some(kinds) = definition["x-kubernetes-group-version-kind"].as_array() else {
            continue;
        };
        for kind in kinds {
            let field = |key: &str| kind[key].as_str().unwrap_or_default();
            let (group, version) = (field("group"), field("version"));
            let schema = json!({
                "$ref": format!("{PREFIX}{name}"),
                "definitions": reachable(name, definitions),
            });
            let group = if group.is_empty() { version } else { group };
            super::save(into, group, field("kind"), version, &schema)?;
        }
    }
    Ok(())
}

/// The definition and everything it refers to, closed.
fn reachable(name: &str, all: &Map<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    let mut open = BTreeSet::from([name.to_owned()]);
    while let Some(name) = open.pop_first() {
        let Some(definition) = all.get(&name) else {
            continue;
        };
        let closed = close(&name, definition);
        references(&closed, &mut open);
        found.insert(name, closed);
        open.retain(|name| !found.contains_key(name));
    }
    found
}

/// No field but those it knows; the two scalar types that take two forms.
fn close(name: &str, definition: &Value) -> Value {
    if name.ends_with("IntOrString") || name.ends_with("Quantity") {
        return json!({"type": ["string", "integer", "number"]});
    }
    let mut closed = definition.clone();
    if let Some(object) = closed.as_object_mut()
        && object.contains_key("properties")
    {
        object.insert("additionalProperties".into(), json!(false));
    }
    closed
}

fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(name) = object.get("$ref").and_then(Value::as_str) {
                into.insert(name.trim_start_matches(PREFIX).to_owned());
            }
            object.values().for_each(|value| references(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, into)),
        _ => {}
    }
}
