//! A service of its own .proto that keeps something: with a store from the beginning, or
//! with one that an update brings. Resources are added to it and called, in both
//! databases.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::case::Case;
use super::project::{Project, run};
use super::protos::{corpus, generated};
use super::running::Server;
use super::stage::{Stage, remove};
use super::{Args, Row, answers, judge_build, needed, residue, resources};
use crate::{postgres, tree};

/// What the tool says where there is no store.
const REFUSED: &str = "`cargo xtask update --set store=sqlite`";

const PAYMENT: [&str; 6] = [
    "xtask",
    "add",
    "resource",
    "payment",
    "--fields",
    "customer:string:fixed,note:string,amount:int64",
];

/// Names of which PostgreSQL drops the end, which alone tells the indexes apart.
const LONG: [&str; 6] = [
    "xtask",
    "add",
    "resource",
    "telecommunications_subscription_renewal",
    "--fields",
    "account_of_the_reseller_who_brought_the_customer_north:string:fixed,\
     account_of_the_reseller_who_brought_the_customer_south:string:fixed,note:string",
];

/// One row for each store that it can have, and one for a service that gets one later.
pub(crate) fn judge(stage: &Stage, args: &Args) -> Vec<Row> {
    let mut rows: Vec<Row> = ["sqlite", "postgres", "both"]
        .into_iter()
        .map(|store| with(stage, store, args.long))
        .collect();
    rows.push(later(stage, !args.quick));
    rows
}

fn case(store: &str) -> Case {
    let answers = ["sample=none".to_owned(), format!("store={store}")];
    Case::of("parcel-service", &answers, "parcel")
}

/// From the beginning; what differs between them is little, so one database alone is
/// built in the long form only.
fn with(stage: &Stage, store: &str, build: bool) -> Row {
    let mut row = Row::new(format!("sample=none store={store}"));
    let case = case(store);
    let mut made = None;
    row.check("generate", || {
        made = Some(stage.generate(&case)?);
        Ok(())
    });
    let Some(project) = made else {
        return row;
    };
    row.check("residue", || residue::find(&project, &case));
    row.check("leftovers", || answers::leftovers(&project, &case));
    row.check("needed", || needed::check_but(&project, needed::RESOURCES));
    row.check("metadata", || project.metadata(stage));
    row.check("fmt", || project.format(&case));
    row.check("chart", || project.chart());
    if build && store != "both" {
        let mut placed = None;
        row.check("place", || {
            placed = Some(project.place(stage)?);
            Ok(())
        });
        if let Some(project) = placed {
            row.check("add", || project.cargo(&PAYMENT));
            judge_build(&mut row, &project, &case);
        }
    }
    row
}

/// A service that keeps nothing, adopts a .proto, and is asked for a resource.
fn later(stage: &Stage, build: bool) -> Row {
    let mut row = Row::new("sample=none, a store later");
    if !build {
        return row;
    }
    let mut service = None;
    row.check("adopt", || {
        let source = format!("template_source={}", stage.template.display());
        let commit = format!("template_commit={}", stage.commit()?);
        let answers = ["hello=no", &source, &commit];
        let project = generated(stage, "parcel-service", &answers)?.place(stage)?;
        project.cargo(&["fmt", "--all"])?;
        let kinds = corpus().join("kinds");
        project.cargo(&["xtask", "adopt", &kinds.to_string_lossy()])?;
        service = Some(project);
        Ok(())
    });
    let Some(project) = service else {
        return row;
    };
    row.check("refuse", || {
        remove(&project.folder.join(".git"))?;
        git(&project, &["init", "--quiet", "--initial-branch=main"])?;
        for (key, value) in [("user.name", "judge"), ("user.email", "judge@localhost")] {
            git(&project, &["config", key, value])?;
        }
        git(&project, &["add", "--all"])?;
        git(&project, &["commit", "--quiet", "--message=adopted"])?;
        let said = project.cargo(&PAYMENT).map_err(|it| format!("{it:#}"));
        let said = said.err().unwrap_or_default();
        ensure!(said.contains(REFUSED), "said {said}");
        let left = said_by_git(&project, &["status", "--porcelain"])?;
        ensure!(left.is_empty(), "half-written: {left}");
        Ok(())
    });
    row.check("update", || {
        project.cargo(&["xtask", "update", "--set", "store=both"])?;
        let list = ["for-each-ref", "--format=%(refname:short)", "refs/heads"];
        let branches = said_by_git(&project, &list)?;
        let branch = branches.lines().find(|it| *it != "main");
        let branch = branch.context("the update made no branch")?;
        git(&project, &["merge", "--quiet", "--ff-only", branch])
    });
    row.check("add", || {
        project.cargo(&PAYMENT)?;
        project.cargo(&LONG)?;
        resources::add(&project)
    });
    row.check("fmt", || project.cargo(&["fmt", "--all", "--check"]));
    row.check("chart", || {
        project.chart()?;
        let values = String::from_utf8(project.read("helm/values.yaml")?)?;
        ensure!(values.contains("\n  type: sqlite\n"), "it has no store");
        Ok(())
    });
    row.check("test", || project.cargo(&["test"]));
    row.check("sqlite", || on_sqlite(&project));
    let case = case("both");
    row.check("postgres", || on_postgres(&project, &case));
    // The crates are those of every service.
    row.check("clippy", || {
        let features = case.features()?;
        let lint = ["clippy", "--all-targets", "--features", &features];
        project.cargo(&[&lint[..], &["--", "-D", "warnings"]].concat())
    });
    // The next service is made in the same place.
    row.check("end", || remove(&project.folder.join(".git")));
    row
}

fn git(project: &Project, args: &[&str]) -> Result<()> {
    run(Command::new("git").args(args).current_dir(&project.folder))
}

fn said_by_git(project: &Project, args: &[&str]) -> Result<String> {
    let output = (Command::new("git").args(args))
        .current_dir(&project.folder)
        .output()?;
    ensure!(output.status.success(), "git {args:?}: {output:?}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Each resource is called, and then copied and checked.
fn on_sqlite(project: &Project) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(project, folder.path())?;
    resources::call_added(&server)?;
    let command = |args: &[&str]| {
        let mut command = Command::new(tree::target().join("debug/server"));
        command.args(args).current_dir(folder.path());
        command
    };
    run(&mut command(&["backup", "copy.db"]))?;
    drop(server);
    let output = command(&["check", "--store", "sqlite:copy.db"]).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{output:?}");
    for found in ["copy.payments.db: 0 payments", "copy.proofs.db: 1 proofs"] {
        ensure!(said.contains(found), "{found} is not in {said}");
    }
    // Damage of any is found.
    fs::write(folder.path().join("copy.proofs.db"), "no database at all")?;
    let output = command(&["check", "--store", "sqlite:copy.db"]).output()?;
    ensure!(!output.status.success(), "damage is not found: {output:?}");
    Ok(())
}

fn on_postgres(project: &Project, case: &Case) -> Result<()> {
    let what = "resources in PostgreSQL";
    let Some(database) = postgres::Server::start(what, &std::env::temp_dir(), false)? else {
        return Ok(());
    };
    let url = database.database()?;
    database.stop()?;
    project.cargo(&["build", "--features", &case.features()?])?;
    let folder = tempfile::tempdir()?;
    let command = |args: &[&str]| {
        let mut command = Command::new(tree::target().join("debug/server"));
        command
            .args(args)
            .args(["--store", &url])
            .current_dir(folder.path());
        command
    };
    // Both are there before their database.
    let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let server = Server::spawn(command(&ports).args(["--log-format", "json"]))?;
    let mut migrate = command(&["migrate", "--wait", "1m"]).spawn()?;
    database.begin()?;
    ensure!(migrate.wait()?.success(), "migrate does not wait");
    resources::call_added(&server)
}
