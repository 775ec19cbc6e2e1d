//! The service's own TLS: its certificate is replaced while it serves.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::chart::document::text;
use crate::cluster::Lab;
use crate::cluster::authority::{Authority, SECRET};
use crate::cluster::kube::wait_until;
use crate::cluster::load::{during, read_again};
use crate::cluster::release::{Release, id};

/// When the first certificate ends, and the one that replaces it.
const YEARS: [i32; 2] = [2050, 2090];

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let kube = &lab.node.kube;
    let release = Release::new(kube, "certificates", "shop")?;
    let authority = Authority::new(&kube.folder.join("authority"))?;
    let host = format!("{}.{}.svc", release.service(), release.namespace);
    authority.vouch(kube, release.namespace, &host, YEARS[0])?;
    let secret = format!("mtls.tls.secretName={SECRET}");
    let took = release.install(&["store.sqlite.persistence.enabled=false", &secret])?;
    release.test()?;
    let seen = "mutual TLS from the service itself, strict; `helm test` succeeds";
    lab.report
        .done("`helm install` with certificates", took, seen);

    let url = format!("https://{host}:50051");
    let tls = authority.caller()?;
    let pods = release.pods()?;
    let pod = pods.first().context("there is a pod")?;
    let address = text(pod, "/status/podIP").to_owned();
    let before = remaining(&address)?;
    let (_, took, seen) = during(&lab.runtime, &url, &tls, || {
        authority.vouch(kube, release.namespace, &host, YEARS[1])?;
        let more = Duration::from_hours(24 * 365 * 30).as_secs_f64();
        wait_until("the new certificate is served", || {
            Ok(remaining(&address)? > before + more)
        })
    })?;
    ensure!(
        seen.failed == 0,
        "a new certificate lost {} calls",
        seen.failed
    );
    let after = release.pods()?;
    ensure!(after.first().map(id) == Some(id(pod)), "the pod is another");
    read_again(&lab.runtime, &url, &tls, &seen.created)?;
    let served = "the kubelet writes it, the same process serves it";
    lab.report
        .called("A new certificate in the Secret", took, &seen, served);
    release.uninstall()
}

/// Seconds until the certificate that is served expires.
fn remaining(address: &str) -> Result<f64> {
    let mut stream = TcpStream::connect((address, 9090))?;
    write!(stream, "GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let line = answer
        .lines()
        .find(|line| line.starts_with("tls_server_certificate_expiry_seconds"))
        .context("/metrics does not say when the certificate expires")?;
    let value = line.rsplit(' ').next().context("a sample has a value")?;
    Ok(value.parse()?)
}
