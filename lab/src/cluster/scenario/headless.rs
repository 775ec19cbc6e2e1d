//! Callers that balance over DNS themselves, as `service.headless` is for.

use anyhow::{Result, ensure};
use chassis::settings::ClientTlsSettings;

use super::replicas::{install, on_postgres};
use crate::cluster::Lab;
use crate::cluster::load::during;
use crate::cluster::release::Release;

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let Some(database) = &lab.database else {
        return Ok(());
    };
    let kube = &lab.node.kube;
    let release = Release::new(kube, "headless", "shop")?;
    database.make(kube, release.namespace)?;
    let values = on_postgres(&["replicaCount=2", "service.headless=true"]);
    install(&release, &values)?;
    let url = format!(
        "http://{}-headless.{}.svc.cluster.local:50051",
        release.service(),
        release.namespace
    );
    let upgraded = [&values[..], &["podAnnotations.turn=next".to_owned()]].concat();
    let upgraded: Vec<&str> = upgraded.iter().map(String::as_str).collect();
    let (_, took, seen) = during(&lab.runtime, &url, &ClientTlsSettings::default(), || {
        release.upgrade(&upgraded)
    })?;
    // An address where nobody listens any more is left out until DNS is asked again;
    // without `minReadySeconds` the callers would know of no other.
    ensure!(seen.failed == 0, "an upgrade lost {} calls", seen.failed);
    let done = "`helm upgrade` of two replicas, callers by the headless name";
    let what = "without retries; DNS is asked every 20 s, and when a connection is over";
    lab.report.called(done, took, &seen, what);
    release.uninstall()
}
