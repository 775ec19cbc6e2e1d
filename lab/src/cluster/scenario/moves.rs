//! What the chart's README has under "Move without downtime", as far as it needs no mesh.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use chassis::settings::ClientTlsSettings;
use serde_json::Value;

use super::replicas::{install, on_postgres};
use crate::chart::document::{list, text};
use crate::cluster::Lab;
use crate::cluster::authority::{Authority, SECRET};
use crate::cluster::load::{Load, during, is_refused, read_again};
use crate::cluster::release::Release;

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    if lab.database.is_none() {
        return Ok(());
    }
    to_strict(lab)?;
    to_postgres(lab)
}

/// From plain text to the service's own mutual TLS, and back.
fn to_strict(lab: &mut Lab) -> Result<()> {
    let Some(database) = &lab.database else {
        return Ok(());
    };
    let kube = &lab.node.kube;
    let release = Release::new(kube, "moves", "shop")?;
    database.make(kube, release.namespace)?;
    let authority = Authority::new(&kube.folder.join("authority-of-moves"))?;
    let host = format!("{}.{}.svc", release.service(), release.namespace);
    authority.vouch(kube, release.namespace, &host, 2090)?;
    let secret = format!("mtls.tls.secretName={SECRET}");
    let plain = (release.url(), ClientTlsSettings::default());
    let mutual = (format!("https://{host}:50051"), authority.caller()?);
    let values = |mode: &str| {
        let mode = format!("mtls.mode={mode}");
        on_postgres(&["replicaCount=2", &secret, &mode])
    };
    install(&release, &on_postgres(&["replicaCount=2"]))?;
    for (done, mode, caller) in [
        (
            "`mtls.mode=permissive` from none, plain callers",
            "permissive",
            &plain,
        ),
        (
            "`mtls.mode=strict`, callers with certificates",
            "strict",
            &mutual,
        ),
        (
            "back to `permissive`, callers with certificates",
            "permissive",
            &mutual,
        ),
        ("to `disabled`, plain callers again", "disabled", &plain),
    ] {
        let values = values(mode);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let (_, took, seen) = during(&lab.runtime, &caller.0, &caller.1, || {
            release.upgrade(&values)
        })?;
        ensure!(seen.failed == 0, "{done}: {} calls were lost", seen.failed);
        lab.report.called(done, took, &seen, "two replicas roll");
        if mode == "strict" {
            let refused = is_refused(&lab.runtime, &plain.0, &plain.1)?;
            ensure!(refused, "plain text is let in");
        }
    }
    release.uninstall()
}

/// From SQLite to replicas on PostgreSQL in one step, once nobody writes.
fn to_postgres(lab: &mut Lab) -> Result<()> {
    let Some(database) = &lab.database else {
        return Ok(());
    };
    let kube = &lab.node.kube;
    let release = Release::new(kube, "database", "shop")?;
    database.make(kube, release.namespace)?;
    let apart = "store.sqlite.persistence.enabled=false";
    release.install(&[apart])?;
    let values = on_postgres(&["replicaCount=2", apart]);
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let done = AtomicBool::new(false);
    let (took, most) = thread::scope(|scope| {
        let watching = scope.spawn(|| most_on_sqlite(&release, &done));
        let took = release.upgrade(&values);
        done.store(true, Ordering::Relaxed);
        let most = watching
            .join()
            .map_err(|_| anyhow::anyhow!("it panicked"))?;
        Ok::<_, anyhow::Error>((took?, most?))
    })?;
    ensure!(most == 1, "{most} pods on SQLite were on the node");
    let tls = ClientTlsSettings::default();
    let seen = Load::start(&lab.runtime, &release.url(), &tls)?.stop()?;
    ensure!(seen.failed == 0, "{} calls failed afterwards", seen.failed);
    read_again(&lab.runtime, &release.url(), &tls, &seen.created)?;
    let what = "no second pod on SQLite was ever placed; calls are those afterwards";
    let name = "from SQLite to PostgreSQL and two replicas in one upgrade";
    lab.report.called(name, took, &seen, what);
    release.uninstall()
}

/// How many pods without a database were on the node at once.
fn most_on_sqlite(release: &Release, done: &AtomicBool) -> Result<usize> {
    let mut most = 0;
    while !done.load(Ordering::Relaxed) {
        let on_sqlite = release
            .pods()?
            .iter()
            .filter(|pod| is_on_sqlite(pod))
            .count();
        most = most.max(on_sqlite);
        thread::sleep(Duration::from_millis(50));
    }
    Ok(most)
}

/// Whether a pod on SQLite has been given to a node.
fn is_on_sqlite(pod: &Value) -> bool {
    let containers = list(pod, "/spec/containers").iter();
    let database = containers
        .flat_map(|it| list(it, "/env"))
        .any(|it| text(it, "/valueFrom/secretKeyRef/name") == crate::cluster::database::SECRET);
    !database && !text(pod, "/spec/nodeName").is_empty()
}
