//! Every step from one set of values to another can be installed over the last.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::case::Rendered;
use super::document::id;

/// What Kubernetes never changes in place, the same in every rendering: a step
/// between any two of them, providers and mTLS modes included, deletes nothing.
pub(super) fn check(cases: &[Rendered]) -> Result<usize> {
    let mut fixed: BTreeMap<String, (&Value, &str)> = BTreeMap::new();
    let mut compared = 0;
    for case in cases {
        for object in &case.objects {
            let kind = object["kind"].as_str().unwrap_or_default();
            let value = match kind {
                "Deployment" => &object["spec"]["selector"],
                "PersistentVolumeClaim" => &object["spec"],
                "Service" => &object["spec"]["clusterIP"],
                _ => continue,
            };
            let name = id(object);
            let (first, of) = *fixed
                .entry(name.clone())
                .or_insert((value, case.name.as_str()));
            ensure!(
                first == value,
                "{name}: {}/{} cannot be installed over {of}: {value} is not {first}",
                case.provider,
                case.name
            );
            compared += 1;
        }
    }
    Ok(compared)
}
