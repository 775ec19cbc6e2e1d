//! What the mesh must do, one file for each concern.

mod ambient;
mod balancing;
mod contract;
mod fault;
mod health;
mod identity;
mod retries;
mod tenants;
mod timeouts;
mod trace;

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Channel;

pub(super) use identity::ROLES;

use super::backend::Backend;
use super::call::{self, Call};
use super::lab::{Caller, Lab, Setup, Way};
use super::report::Report;

/// Every scenario, with the seconds after which it hangs.
pub(super) const ALL: &[(&str, u64)] = &[
    ("retries", 120),
    ("timeouts", 90),
    ("balancing", 120),
    ("outlier", 120),
    ("pools", 60),
    ("restart", 120),
    ("mtls", 60),
    ("access", 120),
    ("jwt", 60),
    ("trace", 120),
    ("fault", 60),
    ("tenants", 120),
    // It builds what it tries.
    ("contract", 600),
    ("ambient retries", 60),
    ("ambient timeouts", 90),
    ("ambient balancing", 60),
    ("ambient mtls", 60),
    ("ambient access", 60),
    ("ambient jwt", 60),
    ("ambient fault", 60),
];

/// Values with which the chart allows more than one pod.
const REPLICATED: [&str; 2] = ["store.type=postgres", "store.postgres.existingSecret=db"];

/// The codes of calls that all succeeded, each once.
const ALL_OK: [Code; 1] = [Code::Ok];

/// The time that a scenario may take.
pub(super) fn deadline(name: &str) -> Duration {
    let of_name = ALL.iter().find(|(known, _)| *known == name);
    Duration::from_secs(of_name.map_or(60, |(_, seconds)| *seconds))
}

/// Runs one by its name.
pub(super) async fn run(name: &str, setup: &Setup, report: &mut Report) -> Result<()> {
    match name {
        "retries" => retries::run(setup, report).await,
        "timeouts" => timeouts::run(setup, report).await,
        "balancing" => balancing::run(setup, report).await,
        "outlier" => health::run_outlier(setup, report).await,
        "pools" => health::run_pools(setup, report).await,
        "restart" => health::run_restart(setup, report).await,
        "mtls" => identity::run_mtls(setup, report).await,
        "access" => identity::run_authorization(setup, report).await,
        "jwt" => identity::run_jwt(Way::Sidecars, setup, report).await,
        "trace" => trace::run(setup, report).await,
        "fault" => fault::run(setup, report).await,
        "tenants" => tenants::run(setup, report).await,
        "contract" => contract::run(setup, report).await,
        "ambient retries" => ambient::run_retries(setup, report).await,
        "ambient timeouts" => ambient::run_timeouts(setup, report).await,
        "ambient balancing" => balancing::canary(Way::Ambient, setup, report).await,
        "ambient mtls" => ambient::run_mtls(setup, report).await,
        "ambient access" => ambient::run_access(setup, report).await,
        "ambient jwt" => identity::run_jwt(Way::Ambient, setup, report).await,
        "ambient fault" => ambient::run_fault(setup, report).await,
        _ => anyhow::bail!("{name}: no such scenario"),
    }
}

/// Makes that many calls, sixteen at a time; the code of each.
async fn each(
    channel: &Channel,
    path: &str,
    calls: u32,
    headers: &'static [(&'static str, &'static str)],
) -> Vec<Code> {
    let mut running = JoinSet::new();
    let mut codes = Vec::new();
    for _ in 0..calls {
        if running.len() >= 16 {
            codes.extend(running.join_next().await.and_then(Result::ok));
        }
        let (channel, path) = (channel.clone(), path.to_owned());
        running.spawn(async move {
            let call = Call {
                headers,
                deadline: None,
            };
            call::unary(&channel, &path, &call).await
        });
    }
    codes.extend(running.join_all().await);
    codes
}

/// The same; every code that was seen, once.
async fn many(
    channel: &Channel,
    path: &str,
    calls: u32,
    headers: &'static [(&'static str, &'static str)],
) -> Vec<Code> {
    let mut codes = each(channel, path, calls, headers).await;
    codes.sort_by_key(|code| *code as i32);
    codes.dedup();
    codes
}

/// Calls one after the other on several tasks, until they are to stop.
struct Background {
    stop: watch::Sender<bool>,
    calls: JoinSet<Vec<Code>>,
}

impl Background {
    fn start(channel: &Channel, path: &str) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut calls = JoinSet::new();
        for _ in 0..4 {
            let (channel, path) = (channel.clone(), path.to_owned());
            let stopped = stopped.clone();
            calls.spawn(async move {
                let mut codes = Vec::new();
                while !*stopped.borrow() {
                    codes.push(call::unary(&channel, &path, &Call::default()).await);
                }
                codes
            });
        }
        Self { stop, calls }
    }

    /// The code of every call.
    async fn stop(self) -> Result<Vec<Code>> {
        self.stop.send(true)?;
        Ok(self.calls.join_all().await.into_iter().flatten().collect())
    }
}

/// Starts `lab` with one pod, which answers as it is told, and one caller.
async fn one_backend(lab: &mut Lab<'_>) -> Result<(Backend, Caller)> {
    let backend = Backend::start_anywhere().await?;
    lab.meshed_pod(backend.address, None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    Ok((backend, web))
}
