//! The autoscaler, by what a metrics server measures: pods come under load and go
//! after it.

use anyhow::{Result, ensure};
use chassis::settings::ClientTlsSettings;

use super::replicas::{install, on_postgres};
use crate::cluster::Lab;
use crate::cluster::kube::wait_until;
use crate::cluster::load::{Load, during};
use crate::cluster::release::Release;

/// Small enough that a few calls are much of it; and no waiting beyond what a metrics
/// server needs.
const VALUES: [&str; 6] = [
    "autoscaling.enabled=true",
    "autoscaling.minReplicas=1",
    "autoscaling.maxReplicas=3",
    "autoscaling.behavior.scaleDown.stabilizationWindowSeconds=0",
    "resources.requests.cpu=5m",
    "autoscaling.targetCPUUtilizationPercentage=80",
];

/// How much more than elsewhere is called, as a multiple.
const MORE: usize = 7;

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    if lab.database.is_none() {
        return Ok(());
    }
    let took = lab.node.start_metrics()?;
    let seen = "answers for every pod, by the API server";
    lab.report.done("A metrics server", took, seen);

    let Some(database) = &lab.database else {
        return Ok(());
    };
    let release = Release::new(&lab.node.kube, "autoscaling", "shop")?;
    database.make(&lab.node.kube, release.namespace)?;
    install(&release, &on_postgres(&VALUES))?;
    let tls = ClientTlsSettings::default();
    let more = (0..MORE)
        .map(|_| Load::start(&lab.runtime, &release.url(), &tls))
        .collect::<Result<Vec<_>>>()?;
    let (_, took, mut seen) = during(&lab.runtime, &release.url(), &tls, || {
        wait_until("there are three pods", || Ok(ready(&release)? == 3))
    })?;
    for load in more {
        let part = load.stop()?;
        seen.calls += part.calls;
        seen.failed += part.failed;
        seen.outage = seen.outage.max(part.outage);
    }
    ensure!(seen.failed == 0, "growing lost {} calls", seen.failed);
    let done = "`autoscaling.enabled=true`, under load";
    let what = "one pod became three, by their CPU";
    lab.report.called(done, took, &seen, what);

    let took = wait_until("there is one pod", || Ok(release.pods()?.len() == 1))?;
    let seen = Load::start(&lab.runtime, &release.url(), &tls)?.stop()?;
    ensure!(seen.failed == 0, "{} calls failed afterwards", seen.failed);
    let what = "three pods became one; calls are those afterwards";
    lab.report.called("No more load", took, &seen, what);
    release.uninstall()
}

/// Pods of the Deployment that are ready.
fn ready(release: &Release) -> Result<u64> {
    let deployment = release.get(&["deployment", &release.service()])?;
    Ok(deployment["status"]["readyReplicas"].as_u64().unwrap_or(0))
}
