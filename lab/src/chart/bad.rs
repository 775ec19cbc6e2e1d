//! Bad input, and what the chart must say to it (`bad/inputs.yaml`).

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::Place;
use super::case::render;
use super::tools::Tools;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    name: String,
    values: Value,
    /// All of them in one failure.
    says: Vec<String>,
}

/// How many inputs were refused with every expected word.
pub(super) fn check(place: &Place, tools: &Tools) -> Result<usize> {
    let inputs: Vec<Input> =
        serde_yaml_ng::from_str(&place.words(include_str!("bad/inputs.yaml")))?;
    for input in &inputs {
        let (ok, said) = render(place, tools, &input.values)?;
        ensure!(!ok, "bad input was taken: {}", input.name);
        for expected in &input.says {
            ensure!(
                said.contains(expected),
                "{}: not «{expected}» but:\n{said}",
                input.name
            );
        }
    }
    Ok(inputs.len())
}
