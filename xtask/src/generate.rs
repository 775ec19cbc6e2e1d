//! `cargo xtask generate`: generates services and judges them.
//!
//! Every name of the matrix is generated and compared with what the tree says
//! should come out; some (with `--long`, all) are built and tested as well.

mod answers;
pub mod case;
mod clashes;
mod compare;
mod gateway;
mod grown;
mod image;
mod kept;
mod needed;
mod newcomer;
mod platform;
pub mod project;
mod protos;
mod refusals;
mod registry;
mod residue;
mod resources;
mod running;
pub mod stage;
mod walkthroughs;
mod workspace;

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{tools, tree};
use case::Case;
use project::Project;
use stage::Stage;

/// `cargo xtask generate`
#[derive(clap::Args)]
pub struct Args {
    /// Builds and tests a service of every name.
    #[arg(long)]
    long: bool,
    /// Builds nothing; takes seconds.
    #[arg(long, conflicts_with = "long")]
    quick: bool,
    /// Only these projects of the matrix, or others; built and tested.
    #[arg(long)]
    name: Vec<String>,
    /// Only this part.
    #[arg(long)]
    only: Option<Part>,
    /// Only a service of the .proto trees in this folder: adopted, built, called.
    #[arg(long, value_name = "DIR")]
    protos: Option<PathBuf>,
}

/// What is judged.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Services of many names.
    Names,
    /// Services of many answers.
    Answers,
    /// Answers that are refused.
    Refusals,
    /// What a newcomer types.
    Newcomer,
    /// Services whose shared crates come by version.
    Platform,
    /// A gateway.
    Gateway,
    /// Services in one workspace.
    Workspace,
    /// Services of other people's .proto files.
    Protos,
    /// Services of a .proto of their own, with a store.
    Kept,
    /// What docs/walkthroughs.md prints, carried out.
    Walkthroughs,
    /// Services whose resource is called as some part of the sample was; with
    /// --long, or alone.
    Clashes,
}

/// Judges one part.
type Judge = fn(&Stage, &Args) -> Vec<Row>;

/// The parts beside the names.
const PARTS: [(Part, Judge); 10] = [
    (Part::Answers, answers::judge),
    (Part::Refusals, |stage, _| refusals::judge(stage)),
    (Part::Newcomer, |stage, _| newcomer::judge(stage)),
    (Part::Platform, platform::judge),
    (Part::Gateway, |stage, args| {
        vec![gateway::judge(stage, !args.quick)]
    }),
    (Part::Workspace, workspace::judge),
    (Part::Protos, |stage, args| {
        vec![
            protos::judge(stage, &protos::corpus(), !args.quick, !args.long),
            protos::walk(stage, !args.quick),
            grown::judge(stage, !args.quick),
        ]
    }),
    (Part::Kept, kept::judge),
    (Part::Walkthroughs, walkthroughs::judge),
    (Part::Clashes, clashes::judge),
];

/// One line of the report.
struct Row {
    name: String,
    checks: Vec<(&'static str, f64)>,
    problem: Option<String>,
}

impl Row {
    fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            checks: Vec::new(),
            problem: None,
        }
    }

    /// Runs one check, unless an earlier one failed.
    fn check(&mut self, name: &'static str, check: impl FnOnce() -> Result<()>) {
        if self.problem.is_some() {
            return;
        }
        let start = Instant::now();
        if let Err(error) = check() {
            self.problem = Some(format!("{name}: {error:#}"));
        }
        self.checks.push((name, start.elapsed().as_secs_f64()));
    }

    fn print(&self) {
        let checks: Vec<String> = self
            .checks
            .iter()
            .map(|(name, seconds)| format!("{name} {seconds:.2}"))
            .collect();
        let verdict = if self.problem.is_some() { "FAIL" } else { "ok" };
        println!("{verdict:<5}{:<46} {}", self.name, checks.join("  "));
        if let Some(problem) = &self.problem {
            println!("      {}", problem.replace('\n', "\n      "));
        }
    }
}

/// Generates and judges.
pub fn run(args: &Args) -> Result<()> {
    let program = tools::ensure("cargo-generate")?;
    let start = Instant::now();
    let folder = outside();
    fs::create_dir_all(&folder)?;
    let stage = Stage::new(&folder, program)?;
    println!("seconds for each check; \"fmt\" also counts the files that rustfmt had to touch");

    if let Some(folder) = &args.protos {
        let folder = folder
            .canonicalize()
            .with_context(|| folder.display().to_string())?;
        let row = protos::judge(&stage, &folder, true, false);
        row.print();
        return match row.problem {
            Some(_) => bail!("not all of it is served"),
            None => Ok(()),
        };
    }
    let mut rows = Vec::new();
    let mut report = |row: Row| {
        row.print();
        rows.push(row);
    };
    let wanted = |part: Part| args.only.is_none_or(|only| only == part);
    if wanted(Part::Names) {
        for case in case::matrix(&args.name) {
            let build = !args.quick && (args.long || case.built || !args.name.is_empty());
            report(judge(&stage, &case, build));
        }
    }
    for (part, judge) in PARTS {
        if args.name.is_empty() && wanted(part) {
            held(|| judge(&stage, args))
                .into_iter()
                .for_each(&mut report);
        }
    }

    let failed = rows.iter().filter(|row| row.problem.is_some()).count();
    let slowest = (rows.iter().flat_map(|row| &row.checks))
        .filter(|(name, _)| *name == "generate")
        .map(|(_, seconds)| *seconds)
        .fold(0.0, f64::max);
    println!(
        "{} cases, {failed} failed, {:.0} s; slowest generation {slowest:.2} s",
        rows.len(),
        start.elapsed().as_secs_f64()
    );
    if failed > 0 {
        bail!("{failed} of {} cases failed", rows.len());
    }
    Ok(())
}

/// What a part's rows are, once more if one of them failed where [`crate::test::attempts`] has it
/// so: the other parts need not be judged again for it.
fn held(judge: impl Fn() -> Vec<Row>) -> Vec<Row> {
    let mut rows = judge();
    for _ in 1..crate::test::attempts() {
        if rows.iter().all(|row| row.problem.is_none()) {
            break;
        }
        println!("AGAIN, because of:");
        rows.iter()
            .filter(|row| row.problem.is_some())
            .for_each(Row::print);
        rows = judge();
    }
    rows
}

/// A folder that stays from run to run, of this clone alone. Not in it: whatever
/// is below a manifest becomes a member of that workspace.
fn outside() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    tree::root().hash(&mut hasher);
    env::temp_dir().join(format!("generated-{:016x}", hasher.finish()))
}

fn judge(stage: &Stage, case: &Case, build: bool) -> Row {
    let mut row = Row::new(case.title());
    let mut project = None;
    row.check("generate", || {
        project = Some(stage.generate(case)?);
        Ok(())
    });
    let Some(project) = project else {
        return row;
    };
    row.check("files", || compare::files(&project, case));
    row.check("content", || compare::content(stage, &project, case));
    row.check("residue", || residue::find(&project, case));
    row.check("features", || compare::features(&project, case));
    row.check("needed", || needed::check(&project));
    row.check("supply", || project.supply(case));
    row.check("metadata", || project.metadata(stage));
    row.check("image", || image::check(stage, &project));
    row.check("fmt", || project.format(case));
    row.check("chart", || project.chart());
    if build {
        let mut current = None;
        row.check("place", || {
            current = Some(project.place(stage).context("cannot copy")?);
            Ok(())
        });
        if let Some(current) = current {
            judge_build(&mut row, &current, case);
        }
    }
    row
}

fn judge_build(row: &mut Row, project: &Project, case: &Case) {
    lint(row, project, case);
    test(row, project, case);
    document(row, project, case);
}

fn lint(row: &mut Row, project: &Project, case: &Case) {
    row.check("clippy", || {
        let lint = ["clippy", "--workspace", "--all-targets", "--features"];
        project.cargo(&[&lint[..], &[&case.features()?, "--", "-D", "warnings"]].concat())
    });
}

/// The other crates are the same bytes in every service, here and below.
fn test(row: &mut Row, project: &Project, case: &Case) {
    row.check("test", || {
        project.cargo(&["test", "--features", &case.features()?])
    });
}

fn document(row: &mut Row, project: &Project, case: &Case) {
    row.check("doc", || {
        let document = ["doc", "--no-deps", "--document-private-items", "--features"];
        project.cargo(&[&document[..], &[&case.features()?]].concat())
    });
}
