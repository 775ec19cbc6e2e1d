//! The chart's `NetworkPolicy`, where something enforces it: kube-router's firewall, which
//! stays until the node's end.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::kill::process_of;
use crate::chart::command::attempt;
use crate::chart::document::text;
use crate::cluster::Lab;
use crate::cluster::image::PAUSE;
use crate::cluster::kube::{Kube, wait_until};
use crate::cluster::node::HOST;
use crate::cluster::release::Release;

const VALUES: [&str; 4] = [
    "store.sqlite.persistence.enabled=false",
    "networkPolicy.enabled=true",
    "networkPolicy.callers.calls=orders",
    "podAnnotations.turn=next",
];
/// Seconds that a connection may take; what is not let in is not answered.
const PATIENCE: &str = "2";

/// A pod somewhere, as what its processes may connect to sees it.
struct Pod {
    address: String,
    /// A process in its network namespace.
    process: i32,
}

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let took = lab.node.start_policy()?;
    let seen = "the firewall of kube-router";
    lab.report
        .done("Something that enforces NetworkPolicies", took, seen);
    let kube = &lab.node.kube;
    let release = Release::new(kube, "policy", "shop")?;
    let caller = self::caller(kube, "policy-callers", "orders")?;
    let stranger = self::caller(kube, "policy-strangers", "none")?;
    release.install(&VALUES[..1])?;
    let server = server(&release)?;
    let ways = |server: &Pod| {
        let grpc = (server.address.clone(), 50051);
        let admin = (server.address.clone(), 9090);
        let [dns, api] = [53, 6443].map(|port| (HOST.to_owned(), port));
        let (caller, stranger) = (caller.process, stranger.process);
        [
            (
                "from a namespace with the label",
                caller,
                grpc.clone(),
                true,
            ),
            ("from one without it", stranger, grpc, false),
            (
                "from the one with it, to the admin port",
                caller,
                admin,
                false,
            ),
            ("from the service to the DNS", server.process, dns, true),
            (
                "from the service to anything else",
                server.process,
                api,
                false,
            ),
        ]
    };
    for (what, from, to, _) in ways(&server) {
        ensure!(
            connects(from, &to)?,
            "{what}: there is no way without a policy either"
        );
    }

    let start = Instant::now();
    release.upgrade(&VALUES)?;
    let seen = "the kubelet probes a new pod, which becomes ready";
    lab.report
        .done("`networkPolicy.enabled=true`", start.elapsed(), seen);
    let took = release.test()?;
    let seen = "its pod waits until it is known as one that may call";
    lab.report.done("`helm test` under it", took, seen);
    let server = self::server(&release)?;
    for (what, from, to, passes) in ways(&server) {
        let start = Instant::now();
        // Rules follow what changes within moments.
        wait_until(what, || Ok(connects(from, &to)? == passes))?;
        let seen = if passes { "let in" } else { "not let in" };
        let done = format!("A connection {what}");
        lab.report.done(&done, start.elapsed(), seen);
    }
    release.uninstall()
}

/// A pod in a namespace with such a label, which does nothing.
fn caller(kube: &Kube, namespace: &str, calls: &str) -> Result<Pod> {
    kube.apply(&json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": namespace, "labels": {"calls": calls}},
    }))?;
    kube.apply(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "caller", "namespace": namespace},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "pause", "image": PAUSE, "imagePullPolicy": "Never"}],
        },
    }))?;
    let mut pod = Value::Null;
    wait_until("the caller runs", || {
        pod = kube.get(&["pod", "caller", "--namespace", namespace])?;
        Ok(text(&pod, "/status/phase") == "Running")
    })?;
    of(&pod, "/pause")
}

/// The release's only pod.
fn server(release: &Release) -> Result<Pod> {
    let pods = release.pods()?;
    of(pods.first().context("there is a pod")?, "/server")
}

fn of(pod: &Value, program: &str) -> Result<Pod> {
    Ok(Pod {
        address: text(pod, "/status/podIP").to_owned(),
        process: process_of(pod, program)?,
    })
}

/// Whether a process beside that one gets a connection.
fn connects(process: i32, (host, port): &(String, u16)) -> Result<bool> {
    let script = format!("exec 3<>/dev/tcp/{host}/{port}");
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/proc/{process}/ns/net"));
    command.args(["timeout", PATIENCE, "bash", "-c", &script]);
    Ok(attempt(&mut command)?.0)
}
