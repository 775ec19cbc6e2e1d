//! Callers that balance over DNS themselves, as `service.headless` is for.

use anyhow::{Result, ensure};
use chassis::settings::ClientTlsSettings;

use super::replicas::{install, on_postgres};
use crate::cluster::Lab;
use crate::cluster::load::{CONNECTIONS, during};
use crate::cluster::release::Release;

const REPLICAS: u64 = 2;

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let Some(database) = &lab.database else {
        return Ok(());
    };
    let kube = &lab.node.kube;
    let release = Release::new(kube, "headless", "shop")?;
    database.make(kube, release.namespace)?;
    let replicas = format!("replicaCount={REPLICAS}");
    let values = on_postgres(&[&replicas, "service.headless=true"]);
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
    // The first that meets the closed port of each old pod, on each connection.
    let most = REPLICAS * CONNECTIONS;
    ensure!(
        seen.failed <= most,
        "an upgrade lost {} calls, {most} at most without retries",
        seen.failed
    );
    let done = "`helm upgrade` of two replicas, callers by the headless name";
    let what =
        "DNS is asked every 20 s; without retries a connection may lose one call to each old pod";
    lab.report.called(done, took, &seen, what);
    release.uninstall()
}
