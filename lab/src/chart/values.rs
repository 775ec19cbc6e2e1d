//! values.yaml and its schema: every value described, once, and used.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use super::Place;

/// One value of values.yaml.
#[derive(Debug)]
pub(super) struct Documented {
    /// `mesh.provider`
    pub(super) path: String,
    /// The comment above it.
    pub(super) text: String,
    /// As written; empty for a section.
    pub(super) default: String,
}

/// The schema closed and with the comments of values.yaml as descriptions, and
/// no value that no template reads.
pub(super) fn check(place: &Place, write: bool) -> Result<()> {
    let values = documented(place.chart())?;
    every_value_is_used(place.chart(), &values)?;
    let file = place.chart().join("values.schema.json");
    let written = fs::read_to_string(&file)?;
    let mut schema: Value = serde_json::from_str(&written)?;
    closed(&schema, "values")?;
    for value in &values {
        let at = find(&mut schema, &value.path)
            .with_context(|| format!("values.schema.json does not know {}", value.path))?;
        if !value.text.is_empty() {
            at.insert("description".into(), value.text.clone().into());
        }
    }
    let text = format!("{}\n", serde_json::to_string_pretty(&schema)?);
    if text != written {
        if !write {
            bail!(
                "values.schema.json has other descriptions than values.yaml; run `cargo lab chart --write`"
            );
        }
        fs::write(file, text)?;
    }
    Ok(())
}

/// All values in the sequence of the file.
pub(super) fn documented(chart: &Path) -> Result<Vec<Documented>> {
    let text = fs::read_to_string(chart.join("values.yaml"))?;
    let mut found: Vec<Documented> = Vec::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut comment = String::new();
    // Deeper lines belong to the default of the last value.
    let mut inside: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if line.is_empty() {
            comment.clear();
            continue;
        }
        if inside.is_some_and(|of| indent > of) {
            if let Some(last) = found.last_mut() {
                last.default.push(' ');
                last.default.push_str(line);
            }
            continue;
        }
        inside = None;
        // What only some answers of the template want is marked.
        if line.starts_with("#:[") || line.starts_with("#+ ") {
            continue;
        }
        if let Some(more) = line.strip_prefix('#') {
            if !comment.is_empty() {
                comment.push(' ');
            }
            comment.push_str(more.trim());
            continue;
        }
        let (key, default) = line
            .split_once(':')
            .with_context(|| format!("values.yaml: not a value: {line}"))?;
        path.retain(|(of, _)| *of < indent);
        path.push((indent, key.to_owned()));
        let path: Vec<&str> = path.iter().map(|(_, key)| key.as_str()).collect();
        let default = default.trim().to_owned();
        if default.is_empty() && !comment.is_empty() {
            inside = Some(indent);
        }
        if !(default.is_empty() && comment.is_empty()) {
            ensure!(
                !comment.is_empty(),
                "values.yaml: {} has no comment that describes it",
                path.join(".")
            );
            found.push(Documented {
                path: path.join("."),
                text: std::mem::take(&mut comment),
                default,
            });
        }
    }
    Ok(found)
}

/// Each path must occur in a template, whole or by its last two names.
fn every_value_is_used(chart: &Path, values: &[Documented]) -> Result<()> {
    let mut templates = String::new();
    read_all(&chart.join("templates"), &mut templates)?;
    let unused: Vec<&str> = values
        .iter()
        .map(|value| value.path.as_str())
        .filter(|path| {
            let leaf = path.rsplit('.').next().unwrap_or(path);
            !templates.contains(&format!("Values.{path}"))
                && !templates.contains(&format!("$v.{path}"))
                && !templates.contains(&format!(".{leaf}"))
                // Fields that are named in a list, and settings that are taken as they are.
                && !templates.contains(&format!("\"{leaf}\""))
                && !path.starts_with("settings.")
        })
        .collect();
    ensure!(
        unused.is_empty(),
        "no template reads these values; use or remove them: {}",
        unused.join(", ")
    );
    Ok(())
}

fn read_all(folder: &Path, into: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, into)?;
        } else {
            into.push_str(&fs::read_to_string(path)?);
        }
    }
    Ok(())
}

/// Where the schema describes a value.
fn find<'a>(schema: &'a mut Value, path: &str) -> Option<&'a mut Map<String, Value>> {
    path.split('.')
        .try_fold(schema, |at, key| at.get_mut("properties")?.get_mut(key))?
        .as_object_mut()
}

/// Every object says what else it takes: nothing, or values of one kind.
fn closed(schema: &Value, at: &str) -> Result<()> {
    if let Some(object) = schema.as_object() {
        if object.contains_key("properties") {
            ensure!(
                object.contains_key("additionalProperties"),
                "values.schema.json: {at} is open; set additionalProperties: false"
            );
        }
        for (key, value) in object {
            closed(value, key)?;
        }
    }
    Ok(())
}
