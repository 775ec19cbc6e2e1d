//! "To tokens" and back, and what the sidecars of the service make of each token.

use std::net::IpAddr;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use chassis::settings::ClientTlsSettings;
use chassis::status::wire;
use service::proto::acme::order::v1::ListOrdersRequest;
use tokio::runtime::Runtime;
use tonic::Code;

use super::super::replicas::{install, on_postgres};
use super::meshed;
use crate::chart::document::text;
use crate::cluster::Lab;
use crate::cluster::kube::wait_until;
use crate::cluster::load::during;
use crate::cluster::node::HOST;
use crate::cluster::release::Release;
use crate::support::callers::{self, Shown, showing};
use crate::support::issuer::{CLAIMS, Case, Issuer, RIGHT, WRONG};

/// Calls of each pod with each token.
const CALLS: usize = 20;

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let Some(database) = &lab.database else {
        return Ok(());
    };
    let kube = &lab.node.kube;
    let release = meshed(kube, "tokens")?;
    database.make(kube, release.namespace)?;
    let issuer = lab.runtime.block_on(Issuer::start(HOST))?;
    let cases = Issuer::cases()?;
    let token = |what: &str| {
        let case = cases.iter().find(|case| case.what == what);
        case.map(|case| case.token.clone()).context("it is a case")
    };
    let (right, wrong) = (token(RIGHT)?, token(WRONG)?);
    // Callers from outside of the mesh, so that their own proxies change nothing.
    let none = on_postgres(&[
        "replicaCount=2",
        "mesh.provider=istio",
        "mtls.mode=permissive",
    ]);
    let required = [&none[..], &issuer.values(), &[CLAIMS.to_owned()]].concat();
    let optional = [&required[..], &["jwt.required=false".to_owned()]].concat();
    install(&release, &none)?;
    let shown = Shown {
        token: right,
        ..Shown::default()
    };
    for (done, values, (token, code)) in [
        (
            "to tokens: `jwt.required=false`",
            &optional,
            (&wrong, Code::Unauthenticated),
        ),
        (
            "`jwt.required=true`",
            &required,
            (&None, Code::PermissionDenied),
        ),
        ("back: `jwt.required=false`", &optional, (&None, Code::Ok)),
        ("`jwt.enabled=false`", &none, (&wrong, Code::Ok)),
    ] {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let ((), took, seen) = during(&lab.runtime, &release.url(), shown.clone(), || {
            release.upgrade(&values)?;
            everywhere(&lab.runtime, &release, token.as_deref(), code)
        })
        .context(done)?;
        ensure!(seen.failed == 0, "{done}: {} calls were lost", seen.failed);
        let what = "callers show the right token; until both sidecars hold to it";
        lab.report.called(done, took, &seen, what);
        if code == Code::PermissionDenied {
            for case in &cases {
                let begin = Instant::now();
                each(&lab.runtime, &release, case)?;
                let done = format!("Calls with {}", case.what);
                let code = wire::name(case.expected);
                let seen = format!("`{code}`, {CALLS} of {CALLS} of each of two pods");
                lab.report.done(&done, begin.elapsed(), &seen);
            }
        }
    }
    release.uninstall()
}

/// Waits until each pod answers so: by then its sidecar has been told.
fn everywhere(
    runtime: &Runtime,
    release: &Release,
    token: Option<&str>,
    expected: Code,
) -> Result<()> {
    for url in urls(release)? {
        wait_until("a sidecar has been told", || {
            Ok(ask(runtime, &url, token, 1)? == [expected])
        })?;
    }
    Ok(())
}

/// Fails unless each pod answers as the case has it, every time.
fn each(runtime: &Runtime, release: &Release, case: &Case) -> Result<()> {
    for url in urls(release)? {
        let codes = ask(runtime, &url, case.token.as_deref(), CALLS)?;
        ensure!(
            codes == [case.expected; CALLS],
            "{url}, {}: {codes:?}, not {:?}",
            case.what,
            case.expected
        );
    }
    Ok(())
}

/// Where each pod is.
fn urls(release: &Release) -> Result<Vec<String>> {
    let pods = release.pods()?;
    ensure!(pods.len() == 2, "{} pods", pods.len());
    let mut urls = Vec::new();
    for pod in &pods {
        let address: IpAddr = text(pod, "/status/podIP").parse()?;
        urls.push(format!("http://{address}:50051"));
    }
    Ok(urls)
}

/// How calls on a connection of their own end.
fn ask(runtime: &Runtime, url: &str, token: Option<&str>, calls: usize) -> Result<Vec<Code>> {
    let _inside = runtime.enter();
    let mut client = callers::client(url, ClientTlsSettings::default())?;
    let mut codes = Vec::new();
    for _ in 0..calls {
        let request = showing(ListOrdersRequest::default(), token)?;
        let answer = runtime.block_on(client.list_orders(request));
        codes.push(answer.err().map_or(Code::Ok, |status| status.code()));
    }
    Ok(codes)
}
