//! The one pod on SQLite, ended in every way that a node knows.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use chassis::settings::ClientTlsSettings;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::chart::document::text;
use crate::cluster::Lab;
use crate::cluster::load::{during, read_again};
use crate::cluster::release::{Release, id};

/// What a lone pod may be away.
const LONGEST: Duration = Duration::from_mins(1);

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let tls = ClientTlsSettings::default();
    let release = Release::new(&lab.node.kube, "kill", "shop")?;
    release.install(&[])?;
    for (done, how) in [
        (
            "`kill -9` of the only pod's process",
            kill as fn(&Release) -> Result<()>,
        ),
        ("`kubectl delete pod --force` of the only pod", delete),
        ("`helm upgrade` of the only pod", upgrade),
    ] {
        let old = id(release.pods()?.first().context("there is a pod")?);
        let (_, took, seen) = during(&lab.runtime, &release.url(), &tls, || {
            how(&release)?;
            release.ready_without(&old)
        })
        .context(done)?;
        ensure!(
            seen.outage < LONGEST,
            "{done}: {:?} without service",
            seen.outage
        );
        read_again(&lab.runtime, &release.url(), &tls, &seen.created)?;
        let kept = format!("all {} acknowledged orders are there", seen.created.len());
        lab.report.called(done, took, &seen, &kept);
    }
    release.uninstall()
}

/// Ends the server in the first of the release's pods, as a crash does.
pub(super) fn kill(release: &Release) -> Result<()> {
    let pods = release.pods()?;
    let process = process_of(pods.first().context("there is a pod")?, "/server")?;
    let process = Pid::from_raw(process).context("a process has a number")?;
    Ok(kill_process(process, Signal::KILL)?)
}

/// Takes the first of the release's pods away, without waiting for it.
pub(super) fn delete(release: &Release) -> Result<()> {
    let pod = release.pod()?;
    release.kubectl(&["delete", "pod", &pod, "--force", "--grace-period=0"])?;
    Ok(())
}

fn upgrade(release: &Release) -> Result<()> {
    release.upgrade(&["podAnnotations.turn=next"])?;
    Ok(())
}

/// The process of a pod that runs `program`, as the node sees it.
pub(super) fn process_of(pod: &Value, program: &str) -> Result<i32> {
    let uid = text(pod, "/metadata/uid");
    let begin = format!("{program}\0");
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Ok(process) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        // Any may have ended by now.
        let read = |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        if read("cmdline").starts_with(&begin) && read("cgroup").contains(uid) {
            return Ok(process);
        }
    }
    anyhow::bail!("pod {uid} has no process {program}")
}
