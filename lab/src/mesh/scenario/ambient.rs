//! The same without sidecars: a waypoint applies what the chart says, ztunnels
//! lead to it.

use anyhow::Result;

use super::{fault, identity, one_backend, retries, timeouts};
use crate::mesh::backend::Backend;
use crate::mesh::lab::{Caller, Lab, Setup, Way};
use crate::mesh::report::Report;
use crate::mesh::service::Service;

/// A waypoint before one scripted pod.
async fn lab<'a>(
    setup: &'a Setup,
    name: &str,
    more: &[&str],
) -> Result<(Lab<'a>, Backend, Caller)> {
    let mut values = vec!["circuitBreaking.enabled=false"];
    values.extend(more);
    let mut lab = Lab::on(Way::Ambient, setup, name, &values)?;
    let (backend, web) = one_backend(&mut lab).await?;
    Ok((lab, backend, web))
}

pub(super) async fn run_retries(setup: &Setup, report: &mut Report) -> Result<()> {
    let (_lab, backend, web) = lab(setup, "ambient-retries", &[]).await?;
    for rpc in &setup.rpcs {
        retries::attempts(report, rpc, &web, &backend).await?;
    }
    Ok(())
}

pub(super) async fn run_timeouts(setup: &Setup, report: &mut Report) -> Result<()> {
    let name = "ambient-timeouts";
    let (_lab, backend, web) = lab(setup, name, &timeouts::UNREPEATED).await?;
    timeouts::whole(setup, report, &backend, &web).await?;
    let (_lab, backend, web) = lab(setup, name, &[]).await?;
    timeouts::each(setup, report, &backend, &web).await
}

/// By the waypoint; and what ztunnels are told, so that nobody goes past it.
pub(super) async fn run_access(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::on(Way::Ambient, setup, "ambient-access", &identity::ROLES)?;
    let folder = lab.folder().to_path_buf();
    let server = &setup.programs.server;
    let service = Service::start(server, &folder, "only", &lab.objects, &[]).await?;
    let pod = lab.meshed_pod(service.grpc, None);
    identity::every_caller(setup, report, &mut lab, "waypoint").await?;
    let told = lab.told().await?;
    let own = lab.waypoint_name()?;
    report.same(
        "ztunnels: the service's calls go to",
        Some(format!("{own}.lab.svc.cluster.local").as_str()),
        told.waypoint()?,
    )?;
    for (who, expected) in [(Some(own), true), (Some("writer"), false), (None, false)] {
        let seen = told.admits(&pod, lab.port, who)?;
        let who = who.unwrap_or("plain text");
        report.same(
            format!("ztunnels: {who} straight to the pod"),
            expected,
            seen,
        )?;
    }
    let seen = told.admits(&pod, lab.admin_port, None)?;
    report.same("ztunnels: probes in plain text", true, seen)
}

/// What ztunnels are told of mutual TLS.
pub(super) async fn run_mtls(setup: &Setup, report: &mut Report) -> Result<()> {
    for (mode, plain) in [("strict", false), ("permissive", true)] {
        let value = format!("mtls.mode={mode}");
        let (mut lab, ..) = lab(setup, mode, &[&value]).await?;
        let told = lab.told().await?;
        let pod = "pod-0";
        let seen = told.tunnelled(pod)?;
        report.same(
            format!("{mode}: the pod is reached through tunnels"),
            true,
            seen,
        )?;
        for (who, port, expected) in [
            (Some("web"), lab.port, true),
            (None, lab.port, plain),
            (None, lab.admin_port, true),
        ] {
            let seen = told.admits(pod, port, who)?;
            let who = who.map_or("plain text", |_| "a member");
            let to = if port == lab.port { "gRPC" } else { "admin" };
            report.same(format!("{mode}: {who} to the {to} port"), expected, seen)?;
        }
    }
    Ok(())
}

pub(super) async fn run_fault(setup: &Setup, report: &mut Report) -> Result<()> {
    let (lab, backend, web) = lab(setup, "ambient-fault", &fault::VALUES).await?;
    fault::injected(setup, report, &backend, &web, lab.waypoint()?).await
}
