//! Many edits of teams, on services of several versions, each brought to the newest.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use super::built::built;
use super::edits::{EDITS, MARK, reformat};
use super::marks;
use super::stage::{Service, Stage, Update, git, root};
use super::versions::{after_next, last, next};

/// A service that a team has changed, and what it is called in the report.
struct Cell {
    name: String,
    service: Service,
}

/// What an update came to.
pub(crate) struct Outcome {
    pub(crate) free: bool,
    /// Lines of the team that are nowhere now, of how many.
    lost: Vec<String>,
    lines: usize,
    took: Duration,
    /// The service's repository, the commit and its tree.
    pub(crate) root: PathBuf,
    pub(crate) commit: String,
    pub(crate) name: String,
}

/// Updates to `version`. Nothing but one branch with one commit is new.
fn updated(cell: &Cell, version: &str) -> Outcome {
    let (name, service) = (&cell.name, &cell.service);
    let branch = format!("template-update-{version}");
    let (had, before) = (marks(service, MARK, "HEAD"), service.state());
    let update = service.update(&[]);
    let Update { code, said, took } = &update;
    assert!(matches!(code, 0 | 1), "{name}: {said}");
    assert_eq!(marks(service, MARK, &branch), had, "{name}: {said}");
    assert!(marks(service, "next-line", &branch) > 4, "{name}: {said}");
    assert_eq!(
        service.git(&["rev-parse", &format!("{branch}^")]),
        service.git(&["rev-parse", "HEAD"])
    );
    let record = service.git(&["show", &format!("{branch}:.template.toml")]);
    let wanted = format!("version = \"{version}\"");
    assert!(record.contains(&wanted), "{name}: {record}");
    let commit = service.git(&["rev-parse", &branch]);
    let (lines, lost) = lost(service, &commit);
    service.git(&["update-ref", "-d", &format!("refs/heads/{branch}")]);
    assert_eq!(service.state(), before, "{name}");
    if *code == 1 {
        println!("{name}: {said}");
    }
    Outcome {
        free: *code == 0,
        lost,
        lines,
        took: *took,
        root: service.root.clone(),
        commit,
        name: name.clone(),
    }
}

/// How many lines the team's commit brought, and which of them `update` takes out of their
/// file and has nowhere else. What is made anew or merged by key has no lines of anybody's,
/// and neither has what a team has only formatted.
fn lost(service: &Service, update: &str) -> (usize, Vec<String>) {
    let formatted = service.path("rustfmt.toml");
    if fs::read_to_string(formatted).is_ok_and(|it| it.contains(MARK)) {
        return (0, Vec::new());
    }
    // A renamed file is not all the team's.
    let (_, team) = between(service, &["--find-renames", "HEAD^", "HEAD"]);
    let (mut gone, came) = between(service, &["--no-renames", "HEAD", update]);
    // What is elsewhere now was moved.
    let mut elsewhere = BTreeMap::<String, usize>::new();
    for (_, line) in came {
        *elsewhere.entry(line).or_default() += 1;
    }
    gone.retain(|(_, line)| match elsewhere.get_mut(line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    let gone: BTreeSet<_> = gone.into_iter().collect();
    let lost = team.iter().filter(|it| gone.contains(it));
    let lost = lost.map(|(path, line)| format!("{path}: {line}"));
    (team.len(), lost.collect())
}

/// Lines that are out, and in, each with its file.
type Lines = Vec<(String, String)>;

fn between(service: &Service, revisions: &[&str]) -> (Lines, Lines) {
    let mut arguments = vec!["diff", "--unified=0"];
    arguments.extend(revisions);
    arguments.extend(["--", ".", ":!*Cargo.toml", ":!Cargo.lock"]);
    arguments.extend([":!docs/contract.md", ":!helm/files/contract.yaml"]);
    arguments.push(":!.template.toml");
    let (mut gone, mut came) = (Vec::new(), Vec::new());
    let mut path = "";
    let said = service.git(&arguments);
    for line in said.lines() {
        if let Some(name) = line.strip_prefix("--- a/").or(line.strip_prefix("+++ b/")) {
            path = name;
            continue;
        }
        // A brace is anybody's.
        if !line.chars().any(char::is_alphanumeric) {
            continue;
        }
        if let Some(line) = line.strip_prefix('-') {
            gone.push((path.to_owned(), line.to_owned()));
        } else if let Some(line) = line.strip_prefix('+') {
            came.push((path.to_owned(), line.to_owned()));
        }
    }
    (gone, came)
}

/// Each edit on its own, all at once, and another style, on services that `make`
/// makes.
fn changed(cells: &mut Vec<Cell>, what: &str, each: bool, make: &dyn Fn() -> Service) {
    let only = env::var("UPDATES_ONLY").unwrap_or_default();
    let mut add = |edit: &str, change: &dyn Fn(&Service)| {
        let name = format!("{what}, {edit}");
        if !name.contains(&only) {
            return;
        }
        let service = make();
        change(&service);
        service.commit();
        cells.push(Cell { name, service });
    };
    add("every edit", &|it| {
        for edit in EDITS {
            (edit.make)(it);
        }
    });
    add("reformatted", &reformat);
    if each {
        for edit in EDITS {
            add(edit.name, &edit.make);
        }
    }
}

/// Commits of the template's history that had updates already: the oldest, and one
/// in the middle.
fn history() -> Vec<String> {
    let listed = Command::new("git")
        .args([
            "rev-list",
            "--reverse",
            "HEAD",
            "--",
            "crates/tool/src/update",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let Some(first) = listed.lines().next() else {
        return Vec::new();
    };
    let since = format!("{first}..HEAD");
    let since = git(&root(), &["rev-list", "--reverse", &since]);
    let since: Vec<_> = since.lines().collect();
    let mut commits = vec![first.to_owned()];
    commits.extend(since.get(since.len() / 2).map(|it| (*it).to_owned()));
    commits
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn lines_of_a_team_survive_every_update() {
    let long = env::var_os("UPDATES_LONG").is_some();
    let mut cells = Vec::new();
    let (stage, version) = if long {
        let stage = Stage::with_history();
        for (commit, name) in history().iter().zip(["parcel-service", "order-service"]) {
            let what = format!("{} {name}", &commit[..9]);
            changed(&mut cells, &what, true, &|| {
                stage.service_of(commit, name, &[])
            });
        }
        let releases: [(&str, &str, &[&str]); 3] = [
            ("0.1.0", "payment-service", &["mesh=linkerd"]),
            (
                "0.2.0",
                "shelf-keeper",
                &["organisation=globex", "mesh=istio"],
            ),
            ("0.3.0", "order-service", &[]),
        ];
        let changes: [fn(&std::path::Path); 3] = [next, after_next, last];
        for ((version, name, answers), change) in releases.into_iter().zip(changes) {
            let what = format!("{version} {name}");
            changed(&mut cells, &what, true, &|| stage.service(name, answers));
            let to = ["0.2.0", "0.3.0", "0.4.0"][usize::from(version.as_bytes()[2] - b'1')];
            stage.release(to, change);
        }
        (stage, "0.4.0")
    } else {
        let stage = Stage::new();
        changed(&mut cells, "payment-service", false, &|| {
            stage.service("payment-service", &["mesh=linkerd"])
        });
        stage.release("0.2.0", next);
        (stage, "0.2.0")
    };
    let count = cells.len();
    assert!(count > 0, "no update has a name with UPDATES_ONLY in it");
    let waiting = Mutex::new(cells.into_iter());
    let (outcomes, failed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let cell = waiting.lock().unwrap().next();
                    let Some(cell) = cell else { return };
                    // One that fails says so, and keeps nobody from the others.
                    match catch_unwind(AssertUnwindSafe(|| updated(&cell, version))) {
                        Ok(outcome) => outcomes.lock().unwrap().push(outcome),
                        Err(_) => failed.lock().unwrap().push(cell.name),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let outcomes = outcomes.into_inner().unwrap();
    let free = outcomes.iter().filter(|it| it.free).count();
    let (lost, lines) = said(&outcomes, count);
    let whole = built(&outcomes);
    assert!(failed.is_empty(), "no update: {failed:?}");
    assert_eq!(lost, 0, "of {lines} lines");
    assert!(whole.is_empty(), "not whole after an update: {whole:?}");
    assert!(free * 100 >= count * 95, "{free} of {count}");
    drop(stage);
}

/// Prints what all came to; how many lines of teams are lost, of how many.
fn said(outcomes: &[Outcome], count: usize) -> (usize, usize) {
    let free = outcomes.iter().filter(|it| it.free).count();
    let lines: usize = outcomes.iter().map(|it| it.lines).sum();
    let lost: usize = outcomes.iter().map(|it| it.lost.len()).sum();
    for outcome in outcomes.iter().filter(|it| !it.lost.is_empty()) {
        println!("{}: lost {:#?}", outcome.name, outcome.lost);
    }
    let mut took: Vec<_> = outcomes.iter().map(|it| it.took.as_secs_f64()).collect();
    took.sort_by(f64::total_cmp);
    let part = |tenth: usize| took.get(took.len().saturating_sub(1) * tenth / 10);
    let part = |tenth| part(tenth).copied().unwrap_or_default();
    println!(
        "{count} updates, {free} free of conflicts ({} %), {lost} of {lines} lines of teams lost; \
         median {:.1} s of an update, nine in ten within {:.1} s, {:.1} to {:.1} s",
        free * 100 / count,
        part(5),
        part(9),
        part(0),
        part(10),
    );
    (lost, lines)
}

/// What is written of this, held.
#[test]
fn the_document_has_the_number_of_edits_and_updates() {
    let text = fs::read_to_string(root().join("docs/template.md")).unwrap();
    let edits = EDITS.len();
    for said in [
        format!("makes {edits} kinds of edits"),
        format!("{} updates", (edits + 2) * 5),
    ] {
        assert!(
            text.contains(&said),
            "docs/template.md does not say {said:?}"
        );
    }
}
