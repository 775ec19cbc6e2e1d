//! What is done to the node, each in a namespace of its own.

mod access;
mod autoscaling;
mod beside;
mod certificates;
mod headless;
mod install;
mod istio;
mod kill;
mod moves;
mod policy;
mod replicas;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::Lab;
use crate::chart::command::stdout;
use crate::chart::document::text;

/// One of them.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) run: fn(&mut Lab) -> Result<()>,
}

/// All, in the sequence that they run in.
pub(super) const ALL: &[Scenario] = &[
    scenario("install", install::run),
    scenario("access", access::run),
    scenario("kill", kill::run),
    scenario("replicas", replicas::run),
    scenario("certificates", certificates::run),
    scenario("beside", beside::run),
    scenario("moves", moves::run),
    scenario("headless", headless::run),
    scenario("autoscaling", autoscaling::run),
    scenario(ISTIO, istio::run),
    scenario("policy", policy::run),
];

/// The one that needs Istio's programs.
const ISTIO: &str = "istio";

/// Whether what is chosen needs Istio.
pub(super) fn needs_istio(only: &str) -> bool {
    ISTIO.contains(only)
}

const fn scenario(name: &'static str, run: fn(&mut Lab) -> Result<()>) -> Scenario {
    Scenario { name, run }
}

/// Fails, with those that there are, if none has this in its name.
pub(super) fn known(only: &str) -> Result<()> {
    let names: Vec<&str> = ALL.iter().map(|it| it.name).collect();
    ensure!(
        names.iter().any(|name| name.contains(only)),
        "--only {only}: nothing has this in its name; there are {}",
        names.join(", ")
    );
    Ok(())
}

/// What the node says it is.
pub(super) fn versions(lab: &Lab) -> Result<String> {
    let args = ["get", "node", super::node::NAME, "--output=json"];
    let node: Value = serde_json::from_str(&stdout(&mut lab.node.kube.kubectl(&args))?)?;
    let info = |name: &str| text(&node, &format!("/status/nodeInfo/{name}")).to_owned();
    let runtime = info("containerRuntimeVersion");
    Ok(format!(
        "Kubernetes {}, {}",
        info("kubeletVersion").trim_start_matches('v'),
        // Debian adds its own.
        runtime
            .split('~')
            .next()
            .unwrap_or(&runtime)
            .replace("://", " ")
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_unknown_name_is_answered_with_those_that_there_are() {
        assert!(super::known("inst").is_ok());
        let said = super::known("nonsense").unwrap_err().to_string();
        assert!(
            said.contains("nonsense") && said.contains("headless"),
            "{said}"
        );
    }
}
