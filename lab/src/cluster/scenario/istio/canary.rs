//! "A new version by canary", as a member of the mesh calls it: its own sidecar splits.

use std::sync::Arc;

use anyhow::{Result, ensure};
use chassis::settings::ClientTlsSettings;
use serde_json::{Value, json};
use service::proto::acme::order::v1::ListOrdersRequest;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::kill::process_of;
use super::super::replicas::{install, on_postgres};
use super::meshed;
use crate::chart::document::{list, text};
use crate::cluster::image::PAUSE;
use crate::cluster::kube::{Kube, wait_until};
use crate::cluster::load::during;
use crate::cluster::release::Release;
use crate::cluster::{Lab, inside, node};
use crate::mesh::call;
use crate::support::callers;
use crate::support::server::calls;

/// The second version's tag; what runs is the same.
const NEXT: &str = "next";
/// Its share, in percent.
const WEIGHT: u32 = 20;
/// Calls by which the share is judged.
const CALLS: u32 = 2_000;
/// Calls at once.
const AT_ONCE: usize = 16;
/// Calls that tell whether a sidecar has been told: at a share of one in five, fifty that
/// all miss it are one chance in seventy thousand.
const PROBE: u32 = 50;

/// Two versions, and a member that calls them.
struct Canary<'a> {
    release: Release<'a>,
    /// In the member's network.
    member: Runtime,
}

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let Some(database) = &lab.database else {
        return Ok(());
    };
    let kube = &lab.node.kube;
    let release = meshed(kube, "canary")?;
    database.make(kube, release.namespace)?;
    let stable = on_postgres(&["replicaCount=2", "mesh.provider=istio"]);
    install(&release, &stable)?;
    node::tag(&image(&release)?, NEXT)?;
    let canary = Canary {
        member: member(kube, release.namespace)?,
        release,
    };
    wait_until("the member's sidecar knows the service", || {
        Ok(canary.list(1).is_ok())
    })?;

    let with = |more: &[&str]| {
        let own = ["canary.enabled=true", "canary.tag=next"];
        let all = own.iter().chain(more).map(|it| (*it).to_owned());
        [stable.clone(), all.collect()].concat()
    };
    let replaced = "image.tag=next";
    let steps: [(&str, Vec<String>, u32); 6] = [
        ("a canary: `canary.weight=0`", with(&[]), 0),
        ("`canary.weight=20`", with(&["canary.weight=20"]), WEIGHT),
        ("`canary.weight=100`", with(&["canary.weight=100"]), 100),
        (
            "`image.tag` of the new version",
            with(&["canary.weight=100", replaced]),
            100,
        ),
        ("back: `canary.weight=0`", with(&[replaced]), 0),
        (
            "`canary.enabled=false`",
            [stable.clone(), vec![replaced.to_owned()]].concat(),
            0,
        ),
    ];
    let tls = ClientTlsSettings::default();
    for (done, values, weight) in &steps {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let (_, took, seen) = during(&canary.member, &canary.release.url(), &tls, || {
            canary.release.upgrade(&values)
        })?;
        ensure!(seen.failed == 0, "{done}: {} calls were lost", seen.failed);
        let share = canary.share(*weight)?;
        lab.report.called(done, took, &seen, &share);
    }
    canary.release.uninstall()
}

impl Canary<'_> {
    /// Where calls go, once the member's sidecar has been told; fails where that is not as
    /// the weight says.
    fn share(&self, weight: u32) -> Result<String> {
        if self.pods("canary")?.is_empty() {
            return Ok("a member of the mesh calls; one version is left".to_owned());
        }
        wait_until("the member's sidecar has been told", || {
            let second = self.second(PROBE)?;
            Ok(match weight {
                0 => second == 0,
                100 => second == PROBE,
                _ => second > 0 && second < PROBE,
            })
        })?;
        let second = self.second(CALLS)?;
        let (least, most) = bounds(weight);
        ensure!(
            (least..=most).contains(&second),
            "of {CALLS} calls {second} went to the second version, not {least} to {most}"
        );
        Ok(format!(
            "a member of the mesh calls; of {CALLS} more calls {second} to the new version"
        ))
    }

    /// How many of so many calls the second version says it answered.
    fn second(&self, count: u32) -> Result<u32> {
        let before = self.counted()?;
        self.list(count)?;
        let now = self.counted()?;
        let [first, second] = [0, 1].map(|at| now[at].saturating_sub(before[at]));
        ensure!(
            first + second == count,
            "of {count} calls the pods saw {first} and {second}"
        );
        Ok(second)
    }

    /// What the pods of both versions have answered so far.
    fn counted(&self) -> Result<[u32; 2]> {
        let mut sums = [0; 2];
        for (sum, track) in sums.iter_mut().zip(["stable", "canary"]) {
            for pod in self.pods(track)? {
                let url = format!("http://{}:9090/metrics", text(&pod, "/status/podIP"));
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a small count"
                )]
                let seen = calls(&self.member.block_on(call::get(&url))?) as u32;
                *sum += seen;
            }
        }
        Ok(sums)
    }

    fn pods(&self, track: &str) -> Result<Vec<Value>> {
        let mut pods = self.release.pods()?;
        pods.retain(|pod| pod["metadata"]["labels"]["app.kubernetes.io/component"] == track);
        Ok(pods)
    }

    /// Makes so many calls, all of which have to succeed.
    fn list(&self, count: u32) -> Result<()> {
        let _inside = self.member.enter();
        let client = callers::client(&self.release.url(), ClientTlsSettings::default())?;
        let calling = async move {
            let turns = Arc::new(Semaphore::new(AT_ONCE));
            let mut running = JoinSet::new();
            for _ in 0..count {
                let turn = Arc::clone(&turns).acquire_owned().await?;
                let mut client = client.clone();
                running.spawn(async move {
                    let _turn = turn;
                    client.list_orders(ListOrdersRequest::default()).await
                });
            }
            for answer in running.join_all().await {
                answer?;
            }
            anyhow::Ok(())
        };
        self.member.block_on(self.member.spawn(calling))?
    }
}

/// Within five standard deviations: one run in a million is outside by chance.
fn bounds(weight: u32) -> (u32, u32) {
    let (calls, share) = (f64::from(CALLS), f64::from(weight) / 100.0);
    let spread = 5.0 * (calls * share * (1.0 - share)).sqrt();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between none and all calls"
    )]
    let whole = |it: f64| it.clamp(0.0, calls) as u32;
    (
        whole((calls * share - spread).ceil()),
        whole((calls * share + spread).floor()),
    )
}

/// What the only container of the service runs.
fn image(release: &Release) -> Result<String> {
    let pods = release.pods()?;
    let containers = pods.iter().flat_map(|pod| list(pod, "/spec/containers"));
    let server = containers.into_iter().find(|it| it["name"] == "server");
    Ok(server.map_or("", |it| text(it, "/image")).to_owned())
}

/// A pod with a sidecar that does nothing by itself; the network that it has.
fn member(kube: &Kube, namespace: &str) -> Result<Runtime> {
    kube.apply(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "member", "namespace": namespace,
            "labels": {"sidecar.istio.io/inject": "true"},
        },
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "pause", "image": PAUSE, "imagePullPolicy": "Never"}],
        },
    }))?;
    let mut pod = Value::Null;
    wait_until("the member is ready", || {
        pod = kube.get(&["pod", "member", "--namespace", namespace])?;
        let ready = |it: &Value| it["type"] == "Ready" && it["status"] == "True";
        Ok(list(&pod, "/status/conditions").iter().any(ready))
    })?;
    inside::runtime(process_of(&pod, "/pause")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_judged_by_the_binomials_bounds() {
        assert_eq!(bounds(0), (0, 0));
        assert_eq!(bounds(100), (CALLS, CALLS));
        let (least, most) = bounds(WEIGHT);
        assert!(
            least > 300 && least < 400 && most > 400 && most < 500,
            "{least} {most}"
        );
    }
}
