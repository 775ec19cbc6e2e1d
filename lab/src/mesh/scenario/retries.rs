//! Attempts exactly as the contract says, and not one more.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use h2::Reason;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use service::proto::acme::order::v1::{CreateOrderRequest, ListOrdersRequest};
use tonic::Code;

use super::one_backend;
use crate::mesh::backend::{Answer, Backend, CALL};
use crate::mesh::call::{self, Call};
use crate::mesh::chart::Rpc;
use crate::mesh::lab::{Caller, Lab, Setup};
use crate::mesh::report::Report;
use crate::mesh::service::Service;
use crate::support::server;

/// As the contract names them.
const CODES: [(&str, Code); 5] = [
    ("CANCELLED", Code::Cancelled),
    ("DEADLINE_EXCEEDED", Code::DeadlineExceeded),
    ("INTERNAL", Code::Internal),
    ("RESOURCE_EXHAUSTED", Code::ResourceExhausted),
    ("UNAVAILABLE", Code::Unavailable),
];

/// Straight from the caller's Envoy to the backend, so that each of its
/// failures arrives as it is.
const DIRECT: [&str; 2] = ["mtls.mode=disabled", "circuitBreaking.enabled=false"];

pub(super) async fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    direct(setup, report).await?;
    meshed(setup, report).await?;
    all_codes(setup, report).await?;
    refused(setup, report).await?;
    create_once(setup, report).await
}

async fn direct(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::new(setup, "direct", &DIRECT)?;
    let address = lab.address();
    let backend = Backend::start(address).await?;
    lab.plain_pod(address.ip(), None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    for rpc in &setup.rpcs {
        attempts(report, rpc, &web, &backend).await?;
    }
    backoff(setup.rpc("GetOrder")?, report, &web, &backend).await
}

/// Every way to fail, of one rpc.
pub(super) async fn attempts(
    report: &mut Report,
    rpc: &Rpc,
    web: &Caller,
    backend: &Backend,
) -> Result<()> {
    let Rpc { name, path, .. } = rpc;
    let most = rpc.attempts();
    let failures = [
        ("UNAVAILABLE", Answer::Fail(Code::Unavailable)),
        ("a refused stream", Answer::Reset(Reason::REFUSED_STREAM)),
        ("a reset", Answer::Reset(Reason::INTERNAL_ERROR)),
    ];
    for (what, failure) in failures {
        let always = failure.clone();
        backend.script(move |_| always.clone());
        let seen = tried(web, path, backend).await;
        let expected = (Code::Unavailable, most);
        report.same(format!("{name}: {what} for ever"), expected, seen)?;
        if most == 1 {
            continue;
        }
        backend.script(move |attempt| {
            if attempt.before + 1 < most {
                failure.clone()
            } else {
                Answer::Ok
            }
        });
        let seen = tried(web, path, backend).await;
        report.same(
            format!("{name}: {what}, then an answer"),
            (Code::Ok, most),
            seen,
        )?;
    }
    for (what, code) in CODES {
        if code == Code::Unavailable {
            continue;
        }
        backend.script(move |_| Answer::Fail(code));
        // The form in which an attempt may end that took too long.
        let limited = rpc
            .retry
            .as_ref()
            .is_some_and(|it| it.per_attempt_timeout_ms.is_some());
        let attempts = match code {
            Code::DeadlineExceeded if limited => most,
            _ => 1,
        };
        let seen = tried(web, path, backend).await;
        report.same(format!("{name}: {what}"), (code, attempts), seen)?;
    }
    Ok(())
}

/// Envoy waits for a random part of the backoff, so only the mean tells.
async fn backoff(rpc: &Rpc, report: &mut Report, web: &Caller, backend: &Backend) -> Result<()> {
    const CALLS: u32 = 50;
    let Some(retry) = &rpc.retry else {
        return Ok(());
    };
    backend.script(|attempt| match attempt.before {
        0 => Answer::Fail(Code::Unavailable),
        _ => Answer::Ok,
    });
    let mut gaps = Duration::ZERO;
    for _ in 0..CALLS {
        tried_once(web, &rpc.path).await;
        if let [first, second] = &backend.take()[..] {
            gaps += second.at - first.at;
        }
    }
    // Even over [0, initial): its deviation is the width by the root of 12.
    let width = f64::from(u32::try_from(retry.initial_backoff_ms)?);
    let bound = width / 2.0 - 5.0 * width / (12.0 * f64::from(CALLS)).sqrt();
    let mean = gaps.as_secs_f64() * 1e3 / f64::from(CALLS);
    let what = format!("{}: mean wait before the second, ms", rpc.name);
    report.at_least(what, bound.round(), mean.round())
}

/// As shipped: mutual TLS between two sidecars.
async fn meshed(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::new(setup, "meshed", &["circuitBreaking.enabled=false"])?;
    let (backend, web) = one_backend(&mut lab).await?;
    for (what, failure) in [
        ("UNAVAILABLE", Answer::Fail(Code::Unavailable)),
        ("a reset", Answer::Reset(Reason::INTERNAL_ERROR)),
    ] {
        backend.script(move |_| failure.clone());
        for rpc in &setup.rpcs {
            let seen = tried(&web, &rpc.path, &backend).await;
            let what = format!("{}: {what}, through two sidecars", rpc.name);
            report.same(what, (Code::Unavailable, rpc.attempts()), seen)?;
        }
    }
    Ok(())
}

/// Every code that the values may name.
async fn all_codes(setup: &Setup, report: &mut Report) -> Result<()> {
    let names = CODES.map(|(name, _)| name).join(",");
    let codes = format!("methods.GetOrder.retries.codes={{{names}}}");
    let values = [
        DIRECT[0],
        DIRECT[1],
        &codes,
        "methods.GetOrder.retries.maxAttempts=4",
    ];
    let mut lab = Lab::new(setup, "codes", &values)?;
    let address = lab.address();
    let backend = Backend::start(address).await?;
    lab.plain_pod(address.ip(), None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let rpc = setup.rpc("GetOrder")?;
    for (name, code) in CODES {
        backend.script(move |_| Answer::Fail(code));
        let seen = tried(&web, &rpc.path, &backend).await;
        report.same(
            format!("GetOrder: {name}, where values name it"),
            (code, 4),
            seen,
        )?;
    }
    backend.script(|_| Answer::Fail(Code::NotFound));
    let seen = tried(&web, &rpc.path, &backend).await;
    report.same("GetOrder: NOT_FOUND, even then", (Code::NotFound, 1), seen)
}

/// Where nobody listens.
async fn refused(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::new(setup, "refused", &DIRECT)?;
    let (dead, alive) = (lab.address(), lab.address());
    lab.plain_pod(dead.ip(), None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    for rpc in &setup.rpcs {
        let before = connections(&web).await?;
        let code = tried_once(&web, &rpc.path).await;
        let seen = (code, connections(&web).await? - before);
        let expected = (Code::Unavailable, rpc.attempts() as u64);
        report.same(format!("{}: refused connections", rpc.name), expected, seen)?;
    }
    let backend = Backend::start(alive).await?;
    let pod = lab.plain_pod(alive.ip(), None);
    lab.join(&pod).await?;
    let path = &setup.rpc("GetOrder")?.path;
    while tried_once(&web, path).await != Code::Ok {}
    backend.take();
    for _ in 0..40 {
        tried_once(&web, path).await;
    }
    // Before an attempt that follows, Envoy looks up to six times for a pod
    // that has not refused yet, each time at random: of three attempts all
    // find the dead one in a call of 8,192, so in a run of 200 one call fails.
    let what = "GetOrder: one pod of two refuses; served of 40";
    report.at_least(what, 39, backend.count())
}

async fn connections(web: &Caller) -> Result<u64> {
    web.envoy
        .counter("cluster.outbound", "upstream_cx_connect_fail")
        .await
}

/// The answer to a creation is lost on the way back.
async fn create_once(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::new(setup, "create", &[])?;
    let folder = lab.folder().to_path_buf();
    let program = &setup.programs.server;
    let service = Service::start(program, &folder, "only", &lab.objects, &[]).await?;
    let backend = Backend::start_anywhere().await?;
    lab.meshed_pod(backend.address, None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let to = straight(service.grpc)?;
    let forward = to.clone();
    backend.script(move |attempt| Answer::Forward {
        to: forward.clone(),
        lose: attempt.before < 2,
    });
    let mut request = tonic::Request::new(CreateOrderRequest {
        order: Some(server::order()),
        request_id: uuid::Uuid::new_v4().to_string(),
    });
    let call = uuid::Uuid::new_v4().to_string();
    call::headers(request.metadata_mut(), &[(CALL, &call)])?;
    let answer = OrderServiceClient::new(web.channel.clone())
        .create_order(request)
        .await;
    let mut direct = OrderServiceClient::new(to);
    let kept = direct
        .list_orders(ListOrdersRequest::default())
        .await?
        .into_inner()
        .orders;
    let seen = (backend.count(), kept.len());
    report.same(
        "CreateOrder: two answers lost; attempts, orders",
        (3, 1),
        seen,
    )?;
    let same = answer.is_ok_and(|answer| kept.first() == Some(answer.get_ref()));
    report.same(
        "CreateOrder: the caller has the one that is kept",
        true,
        same,
    )
}

fn straight(address: SocketAddr) -> Result<tonic::transport::Channel> {
    call::channel(&address.to_string(), &address.to_string())
}

/// One call; its code, and how many attempts arrived.
async fn tried(web: &Caller, path: &str, backend: &Backend) -> (Code, usize) {
    backend.take();
    let code = tried_once(web, path).await;
    (code, backend.take().len())
}

async fn tried_once(web: &Caller, path: &str) -> Code {
    let number = uuid::Uuid::new_v4().to_string();
    let call = Call {
        headers: &[(CALL, &number)],
        deadline: None,
    };
    call::unary(&web.channel, path, &call).await
}
