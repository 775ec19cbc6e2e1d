//! Namespaces that may call at all, and how much a pod's proxy lets in.

use anyhow::Result;
use tonic::Code;

use super::{ALL_OK, each, many, one_backend};
use crate::mesh::call::{self, Call};
use crate::mesh::chart::NAMESPACE;
use crate::mesh::lab::{Lab, Setup};
use crate::mesh::report::Report;

pub(super) async fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    namespaces(setup, report).await?;
    rate(setup, report).await
}

/// Every rpc, of a caller whose namespace is listed, and of one whose is not.
async fn namespaces(setup: &Setup, report: &mut Report) -> Result<()> {
    for (listed, expected) in [(NAMESPACE, Code::Ok), ("elsewhere", Code::PermissionDenied)] {
        let values = [
            format!("authorization.namespaces={{{listed}}}"),
            "retries.layer=none".to_owned(),
            "circuitBreaking.enabled=false".to_owned(),
        ];
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let mut lab = Lab::new(setup, "namespaces", &values)?;
        let (backend, web) = one_backend(&mut lab).await?;
        for rpc in &setup.rpcs {
            let code = call::unary(&web.channel, &rpc.path, &Call::default()).await;
            let arrived = backend.take().len();
            let what = format!("{}: of {NAMESPACE}, where {listed} may call", rpc.name);
            let reaches = usize::from(expected == Code::Ok);
            report.same(what, (expected, reaches), (code, arrived))?;
        }
    }
    Ok(())
}

async fn rate(setup: &Setup, report: &mut Report) -> Result<()> {
    const CALLS: u32 = 400;
    let path = &setup.rpc("GetOrder")?.path;
    let unlimited = ["retries.layer=none", "circuitBreaking.enabled=false"];
    let mut values = unlimited.to_vec();
    values.push("rateLimit.requestsPerSecond=5");
    let mut lab = Lab::new(setup, "rate", &values)?;
    let (backend, web) = one_backend(&mut lab).await?;
    let codes = each(&web.channel, path, CALLS, &[]).await;
    let passed = codes.iter().filter(|code| **code == Code::Ok).count();
    let refused = codes
        .iter()
        .filter(|code| **code == Code::ResourceExhausted)
        .count();
    let calls = usize::try_from(CALLS)?;
    report.same("GetOrder: passed or refused", calls, passed + refused)?;
    report.at_least("GetOrder: passed, at 5 a second", 5, passed)?;
    report.at_least("GetOrder: refused, at 5 a second", 1, refused)?;
    let arrived = backend.take().len();
    report.same("GetOrder: what passed arrived", passed, arrived)?;
    let mut lab = Lab::new(setup, "no-rate", &unlimited)?;
    let (_backend, web) = one_backend(&mut lab).await?;
    let codes = many(&web.channel, path, CALLS, &[]).await;
    report.same("GetOrder: without a limit", ALL_OK.to_vec(), codes)
}
