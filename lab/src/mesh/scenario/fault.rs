//! Failures that are injected on purpose.

use anyhow::Result;
use tonic::Code;

use super::{each, many};
use crate::mesh::backend::Backend;
use crate::mesh::envoy::Envoy;
use crate::mesh::lab::{Caller, Lab, Setup};
use crate::mesh::report::Report;

/// What is to go wrong.
pub(super) const VALUES: [&str; 5] = [
    "fault.enabled=true",
    "fault.abortPercent=30",
    "fault.abortStatus=RESOURCE_EXHAUSTED",
    "fault.delayPercent=40",
    "fault.delay=50ms",
];

pub(super) async fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut values = VALUES.to_vec();
    values.push("mtls.mode=disabled");
    let mut lab = Lab::new(setup, "fault", &values)?;
    let address = lab.address();
    let backend = Backend::start(address).await?;
    lab.plain_pod(address.ip(), None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    injected(setup, report, &backend, &web, &web.envoy).await
}

/// Calls, some of which `by` lets go wrong.
pub(super) async fn injected(
    setup: &Setup,
    report: &mut Report,
    backend: &Backend,
    web: &Caller,
    by: &Envoy,
) -> Result<()> {
    const CALLS: u32 = 600;
    let path = &setup.rpc("ListOrders")?.path;
    let codes = each(&web.channel, path, CALLS, &[]).await;
    let aborted = codes
        .iter()
        .filter(|code| **code == Code::ResourceExhausted)
        .count();
    let aborted = u32::try_from(aborted)?;
    report.within(
        format!("ListOrders: of {CALLS} aborted, at 30 %"),
        &five_sigma(CALLS, 0.3),
        aborted,
    )?;
    let reached = u32::try_from(backend.take().len())?;
    report.same("ListOrders: all others arrive", CALLS - aborted, reached)?;
    let delayed = by.counter("fault", "delays_injected").await?;
    report.within(
        format!("ListOrders: of {CALLS} delayed, at 40 %"),
        &five_sigma(CALLS, 0.4),
        u32::try_from(delayed)?,
    )?;
    let path = &setup.rpc("WatchOrders")?.path;
    let codes = many(&web.channel, path, 50, &[]).await;
    report.same("WatchOrders: streams are spared", vec![Code::Ok], codes)
}

/// Where the count of `calls` of that probability is, but once in a million.
fn five_sigma(calls: u32, share: f64) -> std::ops::RangeInclusive<u32> {
    let mean = f64::from(calls) * share;
    let deviation = 5.0 * (mean * (1.0 - share)).sqrt();
    // Far below 2^32 and above 0.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = |it: f64| it.round() as u32;
    whole((mean - deviation).max(0.0))..=whole(mean + deviation)
}
