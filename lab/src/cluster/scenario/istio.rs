//! Istio with sidecars that its own webhook injects.

mod canary;
mod tokens;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chassis::settings::ClientTlsSettings;

use super::replicas::{install, on_postgres};
use crate::chart::command::succeed;
use crate::chart::document::list;
use crate::cluster::Lab;
use crate::cluster::image::istio::{HUB, TAG};
use crate::cluster::kube::Kube;
use crate::cluster::load::{during, is_refused};
use crate::cluster::release::Release;
use crate::kubernetes::{ADMIN, kubeconfig_of};
use crate::mesh::cluster::{self, Client, Provider};

/// What is left out: an Envoy of upstream lacks Istio's filters, and a node its CPU.
const CONTROL_PLANE: [&str; 7] = [
    "telemetry.enabled=false",
    "global.imagePullPolicy=Never",
    "autoscaleEnabled=false",
    "pilot.env.PILOT_ENABLE_METADATA_EXCHANGE=false",
    "pilot.env.PILOT_ENABLE_ALPN_FILTER=false",
    "pilot.resources.requests.memory=128Mi",
    "pilot.resources.requests.cpu=10m",
];

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let took = install_istio(lab)?;
    let seen = "from its own charts, at the module's version";
    lab.report
        .done("Istio\u{2019}s `base` and `istiod`", took, seen);
    scenarios(lab)?;
    into_the_mesh(lab)?;
    tokens::run(lab)?;
    canary::run(lab)
}

fn install_istio(lab: &Lab) -> Result<Duration> {
    let start = Instant::now();
    let kube = &lab.node.kube;
    let charts = kube
        .tools
        .pinned("istio", "istio.io/istio")?
        .join("manifests/charts");
    let values = [format!("global.hub={HUB}"), format!("global.tag={TAG}")];
    for (name, chart) in [
        ("base", "base"),
        ("istiod", "istio-control/istio-discovery"),
    ] {
        let mut helm = kube.helm(&["install", name, "--namespace", "istio-system"]);
        helm.arg(charts.join(chart))
            .args(["--create-namespace", "--wait", "--timeout=4m"]);
        let set = CONTROL_PLANE
            .into_iter()
            .chain(values.iter().map(String::as_str));
        for value in set.filter(|_| name == "istiod") {
            helm.args(["--set", value]);
        }
        succeed(&mut helm)?;
    }
    Ok(start.elapsed())
}

/// What `cargo lab mesh --cluster` shows on any cluster.
fn scenarios(lab: &mut Lab) -> Result<()> {
    let kube = &lab.node.kube;
    let start = Instant::now();
    let client = Client {
        helm: kube.tools.program("helm"),
        kubectl: kube.tools.program("kubectl"),
        kubeconfig: Some(kubeconfig_of(&kube.folder, ADMIN.name)),
    };
    let args = cluster::Args {
        cluster: true,
        kubeconfig: None,
        namespace: "mesh-proof".to_owned(),
        provider: Provider::Istio,
        set: Vec::new(),
        patience: 180,
    };
    let failed = cluster::prove(&args, &client, "")?;
    ensure!(
        failed == 0,
        "{failed} scenarios of `cargo lab mesh --cluster` failed"
    );
    let seen = "strict and permissive mTLS, roles, injected faults: by the test pod's calls";
    lab.report
        .done("`cargo lab mesh --cluster`", start.elapsed(), seen);
    Ok(())
}

/// A release whose pods have sidecars: the injected container that redirects connections
/// may do so only at this level.
fn meshed<'a>(kube: &'a Kube<'a>, namespace: &'static str) -> Result<Release<'a>> {
    Release::with_level(kube, namespace, "shop", "privileged")
}

/// "From one provider to another", from none to Istio and back.
fn into_the_mesh(lab: &mut Lab) -> Result<()> {
    let Some(database) = &lab.database else {
        return Ok(());
    };
    let release = meshed(&lab.node.kube, "meshed")?;
    database.make(&lab.node.kube, release.namespace)?;
    let values = |provider: &str, mode: &str| {
        let provider = format!("mesh.provider={provider}");
        let mode = format!("mtls.mode={mode}");
        on_postgres(&["replicaCount=2", &provider, &mode])
    };
    install(&release, &values("none", "disabled"))?;
    let tls = ClientTlsSettings::default();
    for (done, provider, mode) in [
        (
            "into Istio: `mesh.provider=istio`, `mtls.mode=permissive`",
            "istio",
            "permissive",
        ),
        ("out of it: `mesh.provider=none`", "none", "disabled"),
    ] {
        let values = values(provider, mode);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let (_, took, seen) = during(&lab.runtime, &release.url(), &tls, || {
            release.upgrade(&values)
        })?;
        ensure!(seen.failed == 0, "{done}: {} calls were lost", seen.failed);
        let injected = release.pods()?.iter().all(|pod| {
            list(pod, "/spec/initContainers")
                .iter()
                .any(|it| it["name"] == "istio-proxy")
        });
        ensure!(
            injected == (provider == "istio"),
            "{done}: sidecars are {injected}"
        );
        lab.report.called(
            done,
            took,
            &seen,
            "plain callers from outside, two replicas roll",
        );
    }
    let strict = values("istio", "strict");
    let strict: Vec<&str> = strict.iter().map(String::as_str).collect();
    let took = release.upgrade(&strict)?;
    ensure!(
        is_refused(&lab.runtime, &release.url(), &tls)?,
        "plain text is let in"
    );
    lab.report.done(
        "`mtls.mode=strict` on Istio",
        took,
        "a caller in plain text is refused",
    );
    release.uninstall()
}
