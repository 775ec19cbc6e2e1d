//! Kinds of other components, from their `CustomResourceDefinition`s.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::chart::document::{list, text};

/// One schema for each version of each definition.
pub(super) fn write(objects: &[Value], into: &Path) -> Result<()> {
    for crd in objects {
        for version in list(crd, "/spec/versions") {
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert("apiVersion".into(), json!({"type": "string"}));
                properties.insert("kind".into(), json!({"type": "string"}));
                properties.insert("metadata".into(), json!({"type": "object"}));
            }
            close(&mut schema);
            super::save(
                into,
                text(crd, "/spec/group"),
                text(crd, "/spec/names/kind"),
                text(version, "/name"),
                &schema,
            )?;
        }
    }
    Ok(())
}

/// No field but those it knows, as the API server's strict validation does.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
                object.remove("anyOf");
                object.insert("type".into(), json!(["string", "integer"]));
            }
            object.values_mut().for_each(close);
            let keeps = object.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
            let typed = object.get("type").is_some_and(Value::is_string);
            if typed
                && object.get("properties").is_some_and(Value::is_object)
                && !object.contains_key("additionalProperties")
                && !keeps
            {
                object.insert("additionalProperties".into(), json!(false));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}
