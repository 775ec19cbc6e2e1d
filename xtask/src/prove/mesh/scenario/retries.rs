//! Attempts exactly as the contract says, and not one more.

use anyhow::Result;
use h2::Reason;
use tonic::Code;

use crate::prove::mesh::backend::{Answer, Backend, CALL};
use crate::prove::mesh::call::{self, Call};
use crate::prove::mesh::chart::Rpc;
use crate::prove::mesh::lab::{Caller, Lab, Setup};
use crate::prove::mesh::report::Report;

/// As Envoy and the contract both name them.
const CODES: [(&str, Code); 5] = [
    ("CANCELLED", Code::Cancelled),
    ("DEADLINE_EXCEEDED", Code::DeadlineExceeded),
    ("INTERNAL", Code::Internal),
    ("RESOURCE_EXHAUSTED", Code::ResourceExhausted),
    ("UNAVAILABLE", Code::Unavailable),
];

pub(super) async fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    direct(setup, report).await?;
    Ok(())
}

/// Straight from the caller's Envoy to the backend.
async fn direct(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::new(
        setup,
        "direct",
        &["mtls.mode=disabled", "circuitBreaking.enabled=false"],
    )?;
    let address = lab.address();
    let backend = Backend::start(address).await?;
    lab.plain_pod(address.ip(), None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    for rpc in &setup.rpcs {
        attempts(report, rpc, &web, &backend).await?;
    }
    Ok(())
}

async fn attempts(report: &mut Report, rpc: &Rpc, web: &Caller, backend: &Backend) -> Result<()> {
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
        let code = called(web, path).await;
        let seen = (code, backend.take().len());
        report.same(
            format!("{name}: {what} for ever"),
            (Code::Unavailable, most),
            seen,
        )?;
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
        let code = called(web, path).await;
        let seen = (code, backend.take().len());
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
        let seen = (called(web, path).await, backend.take().len());
        report.same(format!("{name}: {what}"), (code, 1), seen)?;
    }
    Ok(())
}

/// One call of a unary or streaming rpc.
async fn called(web: &Caller, path: &str) -> Code {
    let number = uuid::Uuid::new_v4().to_string();
    let call = Call {
        headers: &[(CALL, &number)],
        deadline: None,
    };
    call::unary(&web.channel, path, &call).await
}
