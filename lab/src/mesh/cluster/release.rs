//! The chart on the cluster for as long as the scenarios take.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{Client, said};
use crate::mesh::chart::SERVICE;

const RELEASE: &str = "demo";
const ACCOUNTS: [&str; 3] = ["reader", "writer", "stranger"];

/// What the test pod's program ends with if a call fails.
const UNAVAILABLE: u64 = 69;

/// How a test pod's calls ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    /// Some call failed.
    Refused,
}

/// A release that is uninstalled, with the namespace if that was made for it,
/// when it is dropped.
pub(super) struct Release<'a> {
    client: &'a Client,
    namespace: &'a str,
    patience: Duration,
    /// Whether the namespace was made for it.
    made: bool,
    removed: bool,
}

impl<'a> Release<'a> {
    /// Makes namespace and accounts. Fails if there is such a release already.
    pub(super) fn new(client: &'a Client, namespace: &'a str, patience: Duration) -> Result<Self> {
        let found = client.kubectl(&["get", "namespaces", "--output=name"])?;
        let made = !found
            .lines()
            .any(|line| line == format!("namespace/{namespace}"));
        if made {
            client.kubectl(&["create", "namespace", namespace])?;
        }
        let mut release = Self {
            client,
            namespace,
            patience,
            made,
            removed: false,
        };
        if release.helm(&["status", RELEASE]).is_ok() {
            // It is not this one's to remove.
            release.removed = true;
            bail!(
                "{RELEASE} is installed in {namespace} already: uninstall it (helm uninstall \
                 {RELEASE} --namespace {namespace}), or name another --namespace"
            );
        }
        for account in ACCOUNTS {
            release.kubectl(&["create", "serviceaccount", account])?;
        }
        Ok(release)
    }

    /// Installs or upgrades, and waits until every pod is ready.
    pub(super) fn apply(&self, values: &[String]) -> Result<()> {
        let mut args = vec!["upgrade", "--install", RELEASE, "helm"];
        for value in values {
            args.extend(["--set", value]);
        }
        self.helm(&args)
            .context("helm does not install the chart")?;
        let begin = Instant::now();
        loop {
            let missing = self.missing()?;
            let Some(first) = missing.first() else {
                return Ok(());
            };
            ensure!(
                begin.elapsed() < self.patience,
                "not ready after {} s: {first}",
                self.patience.as_secs()
            );
            thread::sleep(Duration::from_millis(500));
        }
    }

    /// What is not ready yet, and why.
    fn missing(&self) -> Result<Vec<String>> {
        let of_release = format!("app.kubernetes.io/instance={RELEASE}");
        let get = |kind: &str| -> Result<Vec<Value>> {
            let text = self.kubectl(&["get", kind, "--selector", &of_release, "--output=json"])?;
            let list: Value = serde_json::from_str(&text)?;
            Ok(list["items"].as_array().cloned().unwrap_or_default())
        };
        let (deployments, pods) = (get("deployments")?, get("pods")?);
        ensure!(!deployments.is_empty(), "the chart installed no Deployment");
        let unready = deployments.iter().filter(|it| !is_rolled_out(it));
        Ok(unready
            .map(|deployment| {
                let name = deployment["metadata"]["name"].as_str().unwrap_or_default();
                format!("Deployment {name}: {}", reason(&pods))
            })
            .collect())
    }

    /// Runs the chart's test pod as `account`.
    pub(super) fn call(&self, account: &str, inside: bool) -> Result<Ended> {
        let from = if inside { "inside" } else { "outside" };
        let (account, from) = (
            format!("tests.serviceAccount={account}"),
            format!("tests.from={from}"),
        );
        let reuse = ["upgrade", RELEASE, "helm", "--reuse-values"];
        let set = ["--set", account.as_str(), "--set", from.as_str()];
        self.helm(&[&reuse[..], &set].concat())?;
        let Err(error) = self.helm(&["test", RELEASE]) else {
            return Ok(Ended::Well);
        };
        let pod = self.kubectl(&["get", "pod", &format!("{SERVICE}-test"), "--output=json"])?;
        let pod: Value = serde_json::from_str(&pod)?;
        if ended_with(&pod, UNAVAILABLE) {
            return Ok(Ended::Refused);
        }
        bail!("the test pod made no call: {}: {error}", reason(&[pod]))
    }

    /// Leaves the cluster as it was.
    pub(super) fn remove(mut self) -> Result<()> {
        self.undo()
    }

    fn undo(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.removed, true) {
            return Ok(());
        }
        if self.helm(&["status", RELEASE]).is_ok() {
            self.helm(&["uninstall", RELEASE])?;
        }
        if self.made {
            let (kind, name) = ("namespace", self.namespace);
            self.client
                .kubectl(&["delete", kind, name, "--wait=false"])?;
        } else {
            let delete = ["delete", "serviceaccount", "--ignore-not-found"];
            self.kubectl(&[&delete[..], &ACCOUNTS].concat())?;
        }
        Ok(())
    }

    fn helm(&self, args: &[&str]) -> Result<String> {
        let mut command = self.client.command(&self.client.helm);
        said(command.args(args).args(["--namespace", self.namespace]))
    }

    fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.client
            .kubectl(&[&["--namespace", self.namespace], args].concat())
    }
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.undo() {
            eprintln!(
                "{RELEASE} in {} could not be removed: {error:#}; do so by hand",
                self.namespace
            );
        }
    }
}

/// Why pods are not ready: what the first of their containers waits for, or
/// what Kubernetes says of the pod.
fn reason(pods: &[Value]) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    if pods.is_empty() {
        return "no pod was made: does the cluster run its controllers, and does any quota or \
                policy refuse it (kubectl get events)?"
            .to_owned();
    }
    for pod in pods {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let status = &pod["status"];
        let containers = [
            list(&status["initContainerStatuses"]),
            list(&status["containerStatuses"]),
        ]
        .concat();
        let waiting = containers.iter().map(|it| &it["state"]["waiting"]);
        let unmet = list(&status["conditions"]);
        let unmet = unmet.iter().filter(|it| it["status"] == "False");
        for cause in waiting.chain(unmet) {
            if let Some(why) = cause["reason"].as_str() {
                let more = cause["message"].as_str().unwrap_or_default();
                return format!("pod {name}: {why} {more}").trim_end().to_owned();
            }
        }
    }
    "its pods are not ready yet".to_owned()
}

/// Whether every pod of a Deployment is of its last revision and available: those of
/// the revision before are available too.
fn is_rolled_out(deployment: &Value) -> bool {
    let status = &deployment["status"];
    status["observedGeneration"] == deployment["metadata"]["generation"]
        && ["replicas", "updatedReplicas", "availableReplicas"]
            .iter()
            .all(|count| status[count] == deployment["spec"]["replicas"])
}

/// Whether a container of the pod ended with that code.
fn ended_with(pod: &Value, code: u64) -> bool {
    ["initContainerStatuses", "containerStatuses"]
        .iter()
        .filter_map(|kind| pod["status"][kind].as_array())
        .flatten()
        .any(|container| container["state"]["terminated"]["exitCode"] == code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_of_the_last_revision_do_not_count() {
        let deployment = |observed: u64, status: [u64; 3]| {
            let [all, updated, available] = status;
            json!({
                "metadata": {"generation": 2},
                "spec": {"replicas": 2},
                "status": {
                    "observedGeneration": observed, "replicas": all,
                    "updatedReplicas": updated, "availableReplicas": available,
                },
            })
        };
        assert!(is_rolled_out(&deployment(2, [2, 2, 2])));
        assert!(!is_rolled_out(&deployment(2, [3, 1, 2])), "one is old");
        assert!(
            !is_rolled_out(&deployment(2, [3, 2, 2])),
            "an old one goes yet"
        );
        assert!(
            !is_rolled_out(&deployment(2, [2, 2, 1])),
            "one is not ready"
        );
        assert!(
            !is_rolled_out(&deployment(1, [2, 2, 2])),
            "nobody has looked"
        );
    }

    #[test]
    fn what_a_pod_waits_for_is_named() {
        let pulling = json!({
            "metadata": {"name": "demo-1"},
            "status": {"containerStatuses": [{"state": {"waiting": {
                "reason": "ImagePullBackOff", "message": "acme/x:1 not found",
            }}}]},
        });
        assert_eq!(
            reason(&[pulling]),
            "pod demo-1: ImagePullBackOff acme/x:1 not found"
        );
        let unscheduled = json!({
            "metadata": {"name": "demo-2"},
            "status": {"conditions": [{
                "type": "PodScheduled", "status": "False",
                "reason": "Unschedulable", "message": "0/1 nodes are available",
            }]},
        });
        assert_eq!(
            reason(&[unscheduled]),
            "pod demo-2: Unschedulable 0/1 nodes are available"
        );
        assert!(reason(&[]).starts_with("no pod was made"));
    }

    #[test]
    fn a_call_that_failed_is_told_from_a_pod_that_never_ran() {
        let state = |state: Value| json!({"status": {"containerStatuses": [{"state": state}]}});
        assert!(ended_with(
            &state(json!({"terminated": {"exitCode": 69}})),
            UNAVAILABLE
        ));
        assert!(!ended_with(
            &state(json!({"terminated": {"exitCode": 64}})),
            UNAVAILABLE
        ));
        assert!(!ended_with(
            &state(json!({"waiting": {"reason": "x"}})),
            UNAVAILABLE
        ));
    }
}
