//! `cargo lab mesh --cluster`: what can be seen from outside of the
//! same scenarios, on a cluster where a mesh is installed.
//!
//! The chart's own test pod makes the calls, as the account and from where the
//! scenario says; its exit code tells how they ended.

mod release;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::report::Report;
use super::scenario::ROLES;
use release::{Ended, Release};
use xtask::{tools, tree};

/// Where, and with what.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "on_a_cluster")]
pub(crate) struct Args {
    /// Runs on a cluster where the mesh is installed.
    #[arg(long)]
    pub(crate) cluster: bool,
    /// Which cluster; else `KUBECONFIG`, or ~/.kube/config.
    #[arg(long, value_name = "FILE", requires = "cluster")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Namespace to install into; made, and removed again, if there is none.
    #[arg(long, default_value = "mesh-proof", requires = "cluster")]
    pub(crate) namespace: String,
    /// The mesh that is installed.
    #[arg(long, default_value = "istio", requires = "cluster")]
    pub(crate) provider: Provider,
    /// A value for helm, such as image.registry=…; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", requires = "cluster")]
    pub(crate) set: Vec<String>,
    /// Seconds that pods may take to be ready.
    #[arg(long, default_value_t = 180, requires = "cluster")]
    pub(crate) patience: u64,
}

/// A mesh of the chart's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Provider {
    Istio,
    IstioAmbient,
    Linkerd,
}

impl Provider {
    /// The chart's name of it.
    fn name(self) -> &'static str {
        match self {
            Self::Istio => "istio",
            Self::IstioAmbient => "istio-ambient",
            Self::Linkerd => "linkerd",
        }
    }

    /// The kinds that the chart installs for it.
    fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Istio => ISTIO,
            Self::IstioAmbient => &AMBIENT,
            Self::Linkerd => &[
                "servers.policy.linkerd.io",
                "authorizationpolicies.policy.linkerd.io",
                "grpcroutes.gateway.networking.k8s.io",
            ],
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Istio => "istioctl install",
            Self::IstioAmbient => "istioctl install --set profile=ambient, and the Gateway API",
            Self::Linkerd => "linkerd install --crds and linkerd install",
        }
    }
}

const ISTIO: &[&str] = &[
    "virtualservices.networking.istio.io",
    "destinationrules.networking.istio.io",
    "peerauthentications.security.istio.io",
    "authorizationpolicies.security.istio.io",
];

const AMBIENT: [&str; 5] = [
    ISTIO[0],
    ISTIO[1],
    ISTIO[2],
    ISTIO[3],
    "gateways.gateway.networking.k8s.io",
];

/// Every call, because the test pod makes few.
const FAULTS: [&str; 3] = [
    "fault.enabled=true",
    "fault.abortPercent=100",
    "fault.abortStatus=RESOURCE_EXHAUSTED",
];

/// A scenario: its values, and callers with how their calls end.
struct Scenario {
    name: &'static str,
    values: &'static [&'static str],
    callers: &'static [(Caller, Ended)],
}

/// An account, and whether its pod is a member of the mesh.
type Caller = (&'static str, bool);

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "mtls",
        values: &["mtls.mode=strict"],
        callers: &[
            (("writer", true), Ended::Well),
            (("writer", false), Ended::Refused),
        ],
    },
    Scenario {
        name: "permissive",
        values: &["mtls.mode=permissive"],
        callers: &[
            (("writer", true), Ended::Well),
            (("writer", false), Ended::Well),
        ],
    },
    Scenario {
        name: "access",
        values: &ROLES,
        callers: &[
            (("writer", true), Ended::Well),
            (("reader", true), Ended::Refused),
            (("stranger", true), Ended::Refused),
        ],
    },
    Scenario {
        name: "fault",
        values: &FAULTS,
        callers: &[(("writer", true), Ended::Refused)],
    },
];

/// Programs, and the cluster they are for.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) helm: PathBuf,
    pub(crate) kubectl: PathBuf,
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl Client {
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(file) = &self.kubeconfig {
            command.env("KUBECONFIG", file);
        }
        command
    }

    /// What `kubectl` says; its last line, if it fails.
    fn kubectl(&self, args: &[&str]) -> Result<String> {
        said(
            self.command(&self.kubectl)
                .arg("--request-timeout=15s")
                .args(args),
        )
    }
}

/// Runs the scenarios; returns how many failed.
pub(crate) fn run(args: &Args, only: &str) -> Result<usize> {
    let kubeconfig = kubeconfig(args.kubeconfig.clone())?;
    let client = Client {
        helm: tools::ensure("helm")?,
        kubectl: tools::ensure("kubectl")?,
        kubeconfig: Some(kubeconfig),
    };
    prove(args, &client, only)
}

/// The same with programs that are there.
pub(crate) fn prove(args: &Args, client: &Client, only: &str) -> Result<usize> {
    let chosen = SCENARIOS.iter().filter(|it| it.name.contains(only));
    let chosen: Vec<_> = chosen
        // Linkerd has no faults to inject.
        .filter(|it| it.name != "fault" || args.provider != Provider::Linkerd)
        .collect();
    ensure!(
        !chosen.is_empty(),
        "--only {only}: on a cluster there are {}",
        SCENARIOS
            .iter()
            .map(|it| it.name)
            .collect::<Vec<_>>()
            .join(", ")
    );
    reachable(client)?;
    has_mesh(client, args.provider)?;
    let release = Release::new(client, &args.namespace, Duration::from_secs(args.patience))?;
    let mut report = Report::default();
    let mut failed = 0;
    for scenario in chosen {
        report.begin(scenario.name);
        release.apply(&values(args, scenario.values))?;
        for ((account, inside), expected) in scenario.callers {
            let seen = release.call(account, *inside)?;
            let from = if *inside { "inside" } else { "outside" };
            report.same(format!("smoke as {account}, from {from}"), expected, &seen)?;
        }
        failed += usize::from(report.differ() > 0);
    }
    release.remove()?;
    Ok(failed)
}

/// One pod on a store of its own, which goes with it.
fn values(args: &Args, more: &[&str]) -> Vec<String> {
    let provider = format!("mesh.provider={}", args.provider.name());
    let own = [provider.as_str(), "store.sqlite.persistence.enabled=false"];
    let all = own.iter().chain(more).map(|value| (*value).to_owned());
    all.chain(args.set.iter().cloned()).collect()
}

/// The file that says which cluster.
fn kubeconfig(given: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(file) = given {
        ensure!(
            file.is_file(),
            "--kubeconfig {}: there is no such file",
            file.display()
        );
        return Ok(file);
    }
    let of_home = std::env::home_dir().map(|home| home.join(".kube/config"));
    let named = std::env::var_os("KUBECONFIG").map(PathBuf::from);
    let file = named.or(of_home).filter(|file| file.is_file());
    file.context("no cluster is named: give --kubeconfig FILE, or set KUBECONFIG to one")
}

fn reachable(client: &Client) -> Result<()> {
    let asked = client.kubectl(&["get", "--raw", "/readyz"]);
    asked.map(drop).map_err(|error| {
        anyhow::anyhow!(
            "the cluster cannot be reached: check --kubeconfig and its context: {error}"
        )
    })
}

fn has_mesh(client: &Client, provider: Provider) -> Result<()> {
    let known = client.kubectl(&["get", "customresourcedefinitions", "--output=name"])?;
    let missing: Vec<&str> = (provider.kinds().iter().copied())
        .filter(|kind| {
            !known
                .lines()
                .any(|line| line.ends_with(&format!("/{kind}")))
        })
        .collect();
    ensure!(
        missing.is_empty(),
        "the cluster has no {}, or not all of it: {} missing; install it ({}), or name another \
         --provider",
        provider.name(),
        missing.join(", "),
        provider.remedy()
    );
    Ok(())
}

/// Standard output; the last line of what else is said, if it fails.
fn said(command: &mut Command) -> Result<String> {
    let output = command
        .current_dir(tree::root())
        .output()
        .with_context(|| format!("{} does not start", command.get_program().display()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().rfind(|line| !line.trim().is_empty());
        bail!("{}", last.unwrap_or("it says nothing"));
    }
    Ok(String::from_utf8(output.stdout)?)
}
