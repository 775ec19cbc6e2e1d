//! Two releases in one namespace, whose names begin alike: neither has an object of
//! the other's, selects its pods or Services, or counts its calls.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Place;
use super::case::{NAMESPACE, RELEASE, Rendered, values_file};
use super::command::stdout;
use super::document::{self, id, text, whole_id};
use super::tools::Tools;

/// Where objects say whom they are about.
const SELECTORS: [&str; 4] = [
    "/spec/selector/matchLabels",
    "/spec/podSelector/matchLabels",
    "/spec/podSelector",
    "/spec/selector",
];

/// How many selectors and queries were compared.
pub(super) fn check(place: &Place, tools: &Tools, cases: &[Rendered]) -> Result<usize> {
    let mut compared = 0;
    let chosen = ["default", "everything", "autoscaling-keda", "slo"];
    for case in cases.iter().filter(|case| chosen.contains(&&*case.name)) {
        let what = format!("{}/{}", case.provider, case.name);
        let other = beside(place, tools, case)?;
        compared += apart(&case.objects, &other, RELEASE).with_context(|| what.clone())?;
        compared += apart(&other, &case.objects, &neighbour(place)).with_context(|| what)?;
    }
    Ok(compared)
}

/// A name that begins as the first one's objects do.
fn neighbour(place: &Place) -> String {
    place.words(&format!("{RELEASE}-order-service-next"))
}

fn beside(place: &Place, tools: &Tools, case: &Rendered) -> Result<Vec<Value>> {
    let file = values_file(&case.values)?;
    let said = stdout(
        tools
            .tool("helm")
            .args(["template", &neighbour(place)])
            .arg(place.chart())
            .args(["--namespace", NAMESPACE, "--values"])
            .arg(file.path()),
    )?;
    document::parse(&said)
}

/// `ours` are of the release `name` and leave `others` alone.
fn apart(ours: &[Value], others: &[Value], name: &str) -> Result<usize> {
    let mut compared = 0;
    for object in ours {
        let both = others.iter().any(|one| whole_id(one) == whole_id(object));
        ensure!(!both, "{} is of both releases", id(object));
        let selectors = SELECTORS.iter().filter_map(|at| object.pointer(at));
        for selector in selectors.filter(|it| it.as_object().is_some_and(is_plain)) {
            compared += 1;
            let met = others.iter().find(|one| {
                let pod = one.pointer("/spec/template/metadata/labels");
                [pod, one.pointer("/metadata/labels")]
                    .into_iter()
                    .flatten()
                    .any(|labels| selects(selector, labels))
            });
            ensure!(
                met.is_none(),
                "{} selects {} of the other release",
                id(object),
                met.map(id).unwrap_or_default()
            );
        }
        for query in queries(object) {
            compared += 1;
            ensure!(
                query.contains(&format!("app_kubernetes_io_instance=\"{name}\""))
                    || query.contains(&format!(
                        "slo_service=\"{}\"",
                        text(object, "/metadata/name")
                    )),
                "{} counts what is not its own: {query}",
                id(object)
            );
            ensure!(!query.contains("pod=~"), "{}: {query}", id(object));
        }
    }
    Ok(compared)
}

/// Labels and their values, nothing nested.
fn is_plain(selector: &serde_json::Map<String, Value>) -> bool {
    !selector.is_empty() && selector.values().all(Value::is_string)
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.as_object().into_iter().flatten();
    wanted.clone().count() > 0 && wanted.into_iter().all(|(key, value)| labels[key] == *value)
}

/// Every expression of rules and scalers.
fn queries(object: &Value) -> Vec<&str> {
    match object {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(text) if ["expr", "query"].contains(&key.as_str()) => {
                    vec![text.as_str()]
                }
                value => queries(value),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(queries).collect(),
        _ => Vec::new(),
    }
}
