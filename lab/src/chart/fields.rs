//! docs/chart-fields.md: every field that Kubernetes has for a pod, its container,
//! Service, autoscaler and claim, and what the chart does with it
//! (`fields/fields.yaml`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::Place;
use super::case::Rendered;
use super::document::text;
use super::schema;
use super::values::{Documented, documented};

const PAGE: &str = "docs/chart-fields.md";

/// One kind, or a part of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    title: String,
    /// Definition in Kubernetes' `OpenAPI` document.
    schema: String,
    /// Kind of the rendered objects that have it.
    kind: String,
    /// Where in them.
    at: String,
    fields: BTreeMap<String, Field>,
}

/// What becomes of a field.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    /// Value of the chart that sets it.
    #[serde(default)]
    value: String,
    /// What the chart itself says there.
    #[serde(default)]
    chart: String,
    /// Why it is left out.
    #[serde(default)]
    never: String,
}

/// How many fields there are; an error names each without a row, each row without
/// a field, and each that the renderings contradict.
pub(super) fn check(place: &Place, cases: &[Rendered], write: bool) -> Result<usize> {
    let parts: Vec<Part> = serde_yaml_ng::from_str(include_str!("fields/fields.yaml"))?;
    let newest: Value = serde_json::from_str(&schema::swagger(schema::NEWEST)?)?;
    let values = documented(place.chart())?;
    let mut wrong = Vec::new();
    for part in &parts {
        let known = newest["definitions"][&part.schema]["properties"]
            .as_object()
            .with_context(|| format!("Kubernetes has no {}", part.schema))?;
        let known = known.keys().map(String::as_str).collect();
        let rendered = rendered(part, cases);
        ensure!(!rendered.is_empty(), "no case renders a {}", part.kind);
        wrong.extend(differences(part, &known, &rendered, &values));
    }
    ensure!(
        wrong.is_empty(),
        "lab/src/chart/fields/fields.yaml:\n{}",
        wrong.join("\n")
    );
    let (file, page) = (place.root.join(PAGE), page(&parts)?);
    if write {
        fs::write(file, page)?;
    } else if fs::read_to_string(file).ok() != Some(page) {
        bail!("{PAGE} is stale; run `cargo lab chart --write`");
    }
    Ok(parts.iter().map(|part| part.fields.len()).sum())
}

/// Fields that some rendering has.
fn rendered<'a>(part: &Part, cases: &'a [Rendered]) -> BTreeSet<&'a str> {
    cases
        .iter()
        .flat_map(|case| &case.objects)
        .filter(|object| text(object, "/kind") == part.kind)
        .filter_map(|object| object.pointer(&part.at)?.as_object())
        .flat_map(serde_json::Map::keys)
        .map(String::as_str)
        .collect()
}

fn differences(
    part: &Part,
    known: &BTreeSet<&str>,
    rendered: &BTreeSet<&str>,
    values: &[Documented],
) -> Vec<String> {
    let title = &part.title;
    let mut wrong = Vec::new();
    for name in known {
        if !part.fields.contains_key(*name) {
            wrong.push(format!("{title}: {name} has no row"));
        }
    }
    for (name, field) in &part.fields {
        let mut say = |what: String| wrong.push(format!("{title}: {name}{what}"));
        if !known.contains(name.as_str()) {
            say(" is not a field".into());
        }
        let set = !field.value.is_empty() || !field.chart.is_empty();
        if set != field.never.is_empty() {
            say(" is either set, by a value or the chart, or left out".into());
        }
        if set && !rendered.contains(name.as_str()) {
            say(" is in no rendering; no case of case/cases.yaml sets it".into());
        }
        if !set && rendered.contains(name.as_str()) {
            say(" is rendered, and said to be left out".into());
        }
        let is_value = |value: &Documented| value.path == field.value;
        if !field.value.is_empty() && !values.iter().any(is_value) {
            say(format!(": values.yaml has no {}", field.value));
        }
    }
    wrong
}

fn page(parts: &[Part]) -> Result<String> {
    let mut page = format!(
        "# What the chart can set\n\n\
         Every field that Kubernetes {} has for the objects of a service, and what the chart does\n\
         with it. A value takes a field as Kubernetes has it, with all that is inside. Written by\n\
         `cargo lab chart --write` from the schemas and `lab/src/chart/fields`; `cargo lab chart` fails on\n\
         a field without a row, and on a row that no rendering bears out.\n",
        schema::NEWEST.trim_start_matches('v')
    );
    for part in parts {
        write!(
            page,
            "\n## {}\n\n| Field | Value | The chart |\n|---|---|---|\n",
            part.title
        )?;
        for (name, field) in &part.fields {
            let value = match field.value.as_str() {
                "" => "–".to_owned(),
                path => format!("`{path}`"),
            };
            let says = if field.never.is_empty() {
                field.chart.clone()
            } else {
                format!("not set: {}", field.never)
            };
            writeln!(page, "| `{name}` | {value} | {says} |")?;
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(fields: &str) -> Part {
        let text = format!("{{title: P, schema: S, kind: K, at: /spec, fields: {fields}}}");
        serde_yaml_ng::from_str(&text).expect("a part")
    }

    fn wrong(fields: &str, known: &[&str], rendered: &[&str]) -> String {
        let (known, rendered) = [known, rendered]
            .map(|names| names.iter().copied().collect::<BTreeSet<_>>())
            .into();
        let values = [Documented {
            path: "a".into(),
            text: String::new(),
            default: String::new(),
        }];
        differences(&part(fields), &known, &rendered, &values).join("; ")
    }

    #[test]
    fn a_table_that_holds_says_nothing() {
        let fields = "{a: {value: a}, b: {chart: own}, c: {never: no}}";
        assert_eq!(wrong(fields, &["a", "b", "c"], &["a", "b"]), "");
    }

    #[test]
    fn what_drifts_is_named() {
        assert_eq!(wrong("{}", &["new"], &[]), "P: new has no row");
        assert_eq!(wrong("{a: {never: no}}", &[], &[]), "P: a is not a field");
        assert!(wrong("{a: {value: a}}", &["a"], &[]).contains("in no rendering"));
        assert!(wrong("{a: {never: no}}", &["a"], &["a"]).contains("said to be left out"));
        assert!(wrong("{a: {value: b}}", &["a"], &["a"]).contains("values.yaml has no b"));
        assert!(wrong("{a: {value: a, never: no}}", &["a"], &["a"]).contains("either"));
    }
}
