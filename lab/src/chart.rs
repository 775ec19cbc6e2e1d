//! `cargo lab chart`: proves the chart with the components' own code.
//!
//! The tools are built from the pinned Go modules in `tools/`; schemas come from
//! the components' modules. Nothing talks to a cluster.

mod bad;
mod beside;
mod case;
pub(crate) mod command;
mod conform;
mod corpus;
mod delivery;
mod deploy;
pub(crate) mod document;
mod faults;
mod fidelity;
mod fields;
mod helm3;
mod hostile;
pub(crate) mod install;
mod istio;
mod linkerd;
mod moves;
mod mutate;
mod promql;
mod readme;
mod rename;
mod schema;
mod score;
mod settings;
pub(crate) mod shop;
mod snapshot;
mod table;
pub(crate) mod tools;
mod upgrade;
mod values;
mod version;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

use xtask::tree;

use case::Rendered;
use tools::Tools;

/// What `cargo lab chart` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rewrites what is generated: snapshots, the chart's README, the schema's
    /// descriptions, docs/chart.md, docs/chart-fields.md.
    #[arg(long)]
    write: bool,
    /// Renders and checks only the cases with this in their name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Proves the chart as a service of another name, resource and organisation
    /// gets it.
    #[arg(long, conflicts_with = "write")]
    renamed: bool,
}

/// Where everything is.
#[derive(Debug)]
struct Place {
    root: PathBuf,
    target: PathBuf,
    chart: PathBuf,
    renamed: bool,
}

impl Place {
    fn find(renamed: bool) -> Result<Self> {
        let (root, target) = (tree::root(), tree::target());
        let chart = root.join("helm");
        if !renamed {
            return Ok(Self {
                root,
                target,
                chart,
                renamed,
            });
        }
        let copy = target.join("chart-renamed");
        rename::copy(&chart, &copy)?;
        Ok(Self {
            root,
            target,
            chart: copy,
            renamed,
        })
    }

    fn chart(&self) -> &Path {
        &self.chart
    }

    /// A text of ours, in this chart's words.
    fn words(&self, text: &str) -> String {
        if self.renamed {
            rename::text(text)
        } else {
            text.to_owned()
        }
    }

    fn snapshots(&self) -> PathBuf {
        self.root.join("lab/snapshots/chart")
    }

    /// Rendered charts, one folder for each provider.
    fn rendered(&self) -> PathBuf {
        self.target.join("chart-rendered")
    }
}

/// Runs every proof; the first that fails ends it.
pub(crate) fn run(args: &Args) -> Result<()> {
    let place = Place::find(args.renamed)?;
    let mut clock = Clock::start();
    if !args.renamed {
        values::check(&place, args.write)?;
        readme::check(&place, args.write)?;
        clock.lap("values, schema and README agree");
    }

    let Some(tools) = Tools::build(&place)? else {
        return without_go();
    };
    clock.lap("tools");
    let schemas = schema::prepare(&place, &tools)?;
    clock.lap("schemas of Kubernetes and of every CRD");
    tools.lint(&place)?;
    clock.lap("helm lint");
    let cases = case::render_all(&place, &tools, &args.only)?;
    clock.lap(&format!(
        "{} renderings, {} refused as they must be",
        cases.rendered.len(),
        cases.refused
    ));
    if !args.renamed {
        let count = hostile::check(&place, &tools, &cases.rendered)?;
        clock.lap(&format!("{count} strings that are refused or stay strings"));
    }
    let objects = conform::check(&place, &tools, &schemas, &cases.rendered)?;
    clock.lap(&format!(
        "{objects} objects valid on three versions of Kubernetes and of Istio"
    ));
    if !args.renamed {
        let (trees, objects) = corpus::check(&place, &tools, &schemas)?;
        clock.lap(&format!(
            "{objects} objects of the charts of {trees} trees of others' .protos"
        ));
    }
    let count = helm3::check(&place, &tools, &cases.rendered)?;
    clock.lap(&format!("{count} renderings that Helm 3 makes too"));
    if !args.renamed {
        let count = settings::check(&cases.rendered)?;
        clock.lap(&format!("{count} sets of settings that the server takes"));
    }
    if !args.renamed {
        let version = version::check(&place, &cases.rendered)?;
        clock.lap(&format!("{version} everywhere"));
    }
    let count = upgrade::check(&cases.rendered)?;
    clock.lap(&format!(
        "{count} selectors and volumes alike, so that every step upgrades in place"
    ));
    let count = beside::check(&place, &tools, &cases.rendered)?;
    clock.lap(&format!(
        "{count} selectors and queries that leave a release beside this one alone"
    ));
    let count = moves::check(&place, &tools)?;
    clock.lap(&format!(
        "{count} moves lose no caller at any step of Helm's"
    ));
    each(&cases.rendered, "linkerd", linkerd::check)?;
    clock.lap("Linkerd's annotations and references");
    istio::check(&place, &tools, &cases.rendered)?;
    clock.lap("istioctl validate and analyze without a warning");
    deploy::check(&place, &tools)?;
    clock.lap("deploy/ as the components' own charts and Istio's mesh configuration take it");
    if !args.renamed {
        let count = delivery::check(&place, &tools)?;
        clock.lap(&format!("{count} environments out of the package"));
        let count = faults::check(&place, &tools)?;
        clock.lap(&format!("{count} faults that do not come back"));
    }
    let count = promql::check(&tools, &cases.rendered)?;
    clock.lap(&format!("{count} expressions that Prometheus parses"));
    score::check(&tools, &cases.rendered)?;
    clock.lap("kube-score");
    let count = bad::check(&place, &tools)?;
    clock.lap(&format!(
        "{count} bad inputs refused by name, reason and remedy"
    ));
    let count = mutate::check(&place, &tools, &schemas, &cases.rendered)?;
    clock.lap(&format!("{count} broken objects noticed"));
    tools.unittest(&place)?;
    clock.lap("helm-unittest");
    if args.only.is_empty() {
        table::check(&place, &cases.rendered, args.write)?;
        clock.lap("the contract read back from every provider");
    }
    if args.only.is_empty() && !args.renamed {
        let count = fields::check(&place, &cases.rendered, args.write)?;
        clock.lap(&format!(
            "{count} fields of Kubernetes' kinds accounted for"
        ));
        snapshot::check(&place, &cases.rendered, args.write)?;
        clock.lap("snapshots");
        fidelity::check(&place, &tools, args.write)?;
        clock.lap("what each provider can express");
    }
    clock.total();
    Ok(())
}

fn each(cases: &[Rendered], provider: &str, check: impl Fn(&Rendered) -> Result<()>) -> Result<()> {
    for case in cases.iter().filter(|case| case.provider == provider) {
        check(case).with_context(|| format!("{}/{}", case.provider, case.name))?;
    }
    Ok(())
}

/// Without Go nothing can be proved: said loudly, and an error where it counts.
pub(crate) fn without_go() -> Result<()> {
    let missing = "`go` is not installed (https://go.dev/dl)";
    Ok(crate::skip::skip("all that proves the chart", missing)?)
}

/// Prints how long each step took.
struct Clock {
    began: Instant,
    lap: Instant,
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            lap: now,
        }
    }

    fn lap(&mut self, what: &str) {
        println!("{:>7.1} s  {what}", self.lap.elapsed().as_secs_f64());
        self.lap = Instant::now();
    }

    fn total(&self) {
        println!("{:>7.1} s  in all", self.began.elapsed().as_secs_f64());
    }
}
