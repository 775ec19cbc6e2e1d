//! Three replicas on PostgreSQL, under load all the time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use chassis::settings::ClientTlsSettings;

use super::kill;
use crate::chart::document::text;
use crate::cluster::Lab;
use crate::cluster::database::SECRET;
use crate::cluster::kube::wait_until;
use crate::cluster::load::{Load, during, read_again};
use crate::cluster::release::{Release, id};

/// What is set for it.
pub(super) fn on_postgres(more: &[&str]) -> Vec<String> {
    let own = [
        "store.type=postgres".to_owned(),
        format!("store.postgres.existingSecret={SECRET}"),
    ];
    own.into_iter()
        .chain(more.iter().map(|it| (*it).to_owned()))
        .collect()
}

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let tls = ClientTlsSettings::default();
    let Some(database) = &lab.database else {
        return Ok(());
    };
    let kube = &lab.node.kube;
    let release = Release::new(kube, "replicas", "shop")?;
    database.make(kube, release.namespace)?;
    let values = on_postgres(&["replicaCount=3"]);
    let took = install(&release, &values)?;
    release.test()?;
    let seen = "the Job migrates, then all three are ready; `helm test` succeeds";
    lab.report
        .done("`helm install` on PostgreSQL, three replicas", took, seen);

    let upgraded = [&values[..], &["podAnnotations.turn=next".to_owned()]].concat();
    let (_, took, seen) = during(&lab.runtime, &release.url(), &tls, || {
        let values: Vec<&str> = upgraded.iter().map(String::as_str).collect();
        release.upgrade(&values)
    })?;
    ensure!(seen.failed == 0, "an upgrade lost {} calls", seen.failed);
    let done = "`helm upgrade` of three replicas, with the Job";
    lab.report.called(done, took, &seen, "every pod is another");
    read_again(&lab.runtime, &release.url(), &tls, &seen.created)?;

    for (done, how) in [
        (
            "`kill -9` of one of three processes",
            kill::kill as fn(&Release) -> Result<()>,
        ),
        ("`kubectl delete pod --force` of one of three", kill::delete),
    ] {
        let old = id(release.pods()?.first().context("there is a pod")?);
        let (_, took, seen) = during(&lab.runtime, &release.url(), &tls, || {
            how(&release)?;
            release.ready_without(&old)
        })
        .context(done)?;
        read_again(&lab.runtime, &release.url(), &tls, &seen.created)?;
        let kept = format!(
            "without retries; all {} acknowledged orders are there",
            seen.created.len()
        );
        lab.report.called(done, took, &seen, &kept);
    }

    lose_kubelet(lab, &tls)
}

/// The node's own end: the pods go on.
fn lose_kubelet(lab: &mut Lab, tls: &ClientTlsSettings) -> Result<()> {
    let release = Release::new(&lab.node.kube, "replicas", "shop")?;
    let before = ids(&release)?;
    let load = Load::start(&lab.runtime, &release.url(), tls)?;
    let start = Instant::now();
    lab.node.restart_kubelet()?;
    let release = Release::new(&lab.node.kube, "replicas", "shop")?;
    // It has taken its pods over once it answers for them.
    let pod = release.pod()?;
    wait_until("the kubelet answers", || {
        Ok(release.kubectl(&["logs", &pod, "--tail=1"]).is_ok())
    })?;
    let took = start.elapsed();
    let seen = load.stop()?;
    ensure!(
        seen.failed == 0,
        "a kubelet's end lost {} calls",
        seen.failed
    );
    ensure!(ids(&release)? == before, "pods were replaced or restarted");
    let done = "`kill -9` of the kubelet, and its start";
    lab.report.called(done, took, &seen, "the same pods");
    release.uninstall()
}

/// Installs with such values.
pub(super) fn install(release: &Release, values: &[String]) -> Result<Duration> {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    release.install(&values)
}

fn ids(release: &Release) -> Result<Vec<String>> {
    let mut pods = release.pods()?;
    pods.sort_by_key(|pod| text(pod, "/metadata/name").to_owned());
    Ok(pods.iter().map(id).collect())
}
