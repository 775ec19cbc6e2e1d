//! Pods that fail, fill up or are replaced.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;
use tonic::Code;

use super::{ALL_OK, Background, REPLICATED, many};
use crate::mesh::backend::{Answer, Backend};
use crate::mesh::call::{self, Call};
use crate::mesh::lab::{Lab, Setup};
use crate::mesh::report::Report;
use crate::mesh::service::Service;

pub(super) async fn run_outlier(setup: &Setup, report: &mut Report) -> Result<()> {
    ejected(setup, report).await?;
    alone(setup, report).await
}

/// One pod of three fails: it is taken out, and back in once it is well.
async fn ejected(setup: &Setup, report: &mut Report) -> Result<()> {
    let values = [
        REPLICATED[0],
        REPLICATED[1],
        "replicaCount=3",
        "mtls.mode=disabled",
        "circuitBreaking.interval=1s",
        "circuitBreaking.baseEjection=10s",
    ];
    let mut lab = Lab::new(setup, "outlier", &values)?;
    let mut backends = Vec::new();
    for _ in 0..3 {
        let address = lab.address();
        backends.push(Backend::start(address).await?);
        lab.plain_pod(address.ip(), None);
    }
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let path = &setup.rpc("UpdateOrder")?.path;
    let ill = &backends[0];
    ill.script(|_| Answer::Fail(Code::Unavailable));
    let is_out = async || {
        let end = "outlier_detection.ejections_active";
        anyhow::Ok(web.envoy.counter("cluster.outbound", end).await? == 1)
    };
    let patience = 400;
    for call in 0.. {
        if is_out().await? {
            break;
        }
        if call == patience {
            break;
        }
        call::unary(&web.channel, path, &Call::default()).await;
    }
    ill.take();
    let codes = many(&web.channel, path, 60, &[]).await;
    let seen = (is_out().await?, codes, ill.count());
    let expected = (true, ALL_OK.to_vec(), 0);
    report.same(
        "UpdateOrder: one of three fails; out, codes, its calls",
        expected,
        seen,
    )?;
    ill.script(|_| Answer::Ok);
    let back = async {
        while ill.count() == 0 {
            call::unary(&web.channel, path, &Call::default()).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let back = tokio::time::timeout(Duration::from_secs(40), back).await;
    report.same(
        "UpdateOrder: the pod is well; it is back",
        true,
        back.is_ok(),
    )
}

/// The only pod there is stays in: half an answer is better than none.
async fn alone(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::new(setup, "alone", &["mtls.mode=disabled"])?;
    let address = lab.address();
    let backend = Backend::start(address).await?;
    lab.plain_pod(address.ip(), None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let path = &setup.rpc("UpdateOrder")?.path;
    backend.script(|_| Answer::Fail(Code::Unavailable));
    many(&web.channel, path, 30, &[]).await;
    backend.script(|_| Answer::Ok);
    let codes = many(&web.channel, path, 30, &[]).await;
    report.same(
        "UpdateOrder: the only pod failed and is well",
        ALL_OK.to_vec(),
        codes,
    )
}

/// More at once than the pool admits.
pub(super) async fn run_pools(setup: &Setup, report: &mut Report) -> Result<()> {
    let values = [
        "mtls.mode=disabled",
        "connectionPool.enabled=true",
        "connectionPool.maxRequests=4",
    ];
    let mut lab = Lab::new(setup, "pools", &values)?;
    let address = lab.address();
    let backend = Backend::start(address).await?;
    lab.plain_pod(address.ip(), None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let path = &setup.rpc("UpdateOrder")?.path;
    call::unary(&web.channel, path, &Call::default()).await;
    backend.take();
    backend.script(|_| Answer::Hang);
    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let (channel, path) = (web.channel.clone(), path.clone());
        calls.spawn(async move { call::unary(&channel, &path, &Call::default()).await });
    }
    let mut shed = Vec::new();
    while shed.len() < 8 {
        shed.push(calls.join_next().await.context("twelve were made")??);
    }
    shed.dedup();
    // The others are on their way still.
    while backend.count() < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let seen = (shed, backend.count());
    report.same(
        "UpdateOrder: 12 at once; shed with, admitted",
        (vec![Code::Unavailable], 4),
        seen,
    )
}

/// Every pod is replaced, one after the other, as a Deployment does.
pub(super) async fn run_restart(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::new(setup, "restart", &REPLICATED)?;
    let folder = lab.folder().to_path_buf();
    let server = &setup.programs.server;
    let mut running = Vec::new();
    for number in 0..3 {
        let name = format!("old-{number}");
        let service = Service::start(server, &folder, &name, &lab.objects, &[]).await?;
        running.push((lab.meshed_pod(service.grpc, None), service));
    }
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let calls = Background::start(&web.channel, &setup.rpc("ListOrders")?.path);
    for (number, (pod, service)) in running.into_iter().enumerate() {
        let name = format!("new-{number}");
        let fresh = Service::start(server, &folder, &name, &lab.objects, &[]).await?;
        let joined = lab.meshed_pod(fresh.grpc, None);
        lab.join(&joined).await?;
        lab.leave(&pod).await?;
        // The chart's preStop: callers' proxies learn of it meanwhile.
        tokio::time::sleep(Duration::from_secs(2)).await;
        service.stop().await?;
        lab.end_sidecar(&pod);
        lab.keep(fresh);
    }
    let codes = calls.stop().await?;
    let failed = codes.iter().filter(|code| **code != Code::Ok).count();
    report.at_least("three pods replaced: calls meanwhile", 100, codes.len())?;
    report.same("three pods replaced: of those failed", 0, failed)
}
