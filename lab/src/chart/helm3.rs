//! Helm 3 renders what Helm 4 does.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Place;
use super::case::{NAMESPACE, RELEASE, Rendered, values_file};
use super::command::{attempt, stdout};
use super::document;
use super::tools::Tools;
use crate::support::parallel;

/// Its releases are told a version when they are built; its module says 1.20, which
/// the chart refuses.
const KUBERNETES: [&str; 2] = ["--kube-version", "1.30"];

/// A combination of values that the chart refuses.
const CONTRADICTION: &str = "replicaCount=2";

/// How many cases were compared, object by object, and a refusal.
pub(super) fn check(place: &Place, tools: &Tools, cases: &[Rendered]) -> Result<usize> {
    let said = stdout(tools.tool("helm3").args(["version", "--short"]))?;
    ensure!(said.starts_with("v3."), "helm3 is Helm {said}");
    parallel::map(cases, |case| {
        let what = format!("{}/{}", case.provider, case.name);
        let file = values_file(&case.values)?;
        let said = stdout(
            tools
                .tool("helm3")
                .args(["template", RELEASE])
                .arg(place.chart())
                .args(KUBERNETES)
                .args(["--namespace", NAMESPACE, "--values"])
                .arg(file.path()),
        )
        .with_context(|| what.clone())?;
        same(&case.objects, &document::parse(&said)?).context(what)
    })?;
    let (ok, said) = attempt(
        tools
            .tool("helm3")
            .args(["template", RELEASE, "--set", CONTRADICTION])
            .args(KUBERNETES)
            .arg(place.chart()),
    )?;
    ensure!(!ok && said.contains("replicaCount: "), "Helm 3: {said}");
    Ok(cases.len())
}

fn same(of_helm_4: &[Value], of_helm_3: &[Value]) -> Result<()> {
    for (four, three) in of_helm_4.iter().zip(of_helm_3) {
        ensure!(
            four == three,
            "{} with Helm 4:\n{four}\nwith Helm 3:\n{three}",
            document::id(four)
        );
    }
    let (four, three) = (of_helm_4.len(), of_helm_3.len());
    ensure!(
        four == three,
        "Helm 4 renders {four} objects, Helm 3 {three}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_that_differs_or_is_missing_is_noticed() {
        let (a, b) = (json!({"kind": "A"}), json!({"kind": "B"}));
        assert!(same(std::slice::from_ref(&a), std::slice::from_ref(&a)).is_ok());
        assert!(same(std::slice::from_ref(&a), std::slice::from_ref(&b)).is_err());
        assert!(same(&[a.clone(), b], &[a]).is_err());
    }
}
