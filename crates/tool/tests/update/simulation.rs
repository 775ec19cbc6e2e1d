//! Many edits of teams, on services of several versions, each brought to the newest.

use std::env;
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
    took: Duration,
    /// The service's repository, the commit and its tree.
    pub(crate) root: PathBuf,
    pub(crate) commit: String,
    pub(crate) tree: String,
    pub(crate) name: String,
}

/// Updates to `version`. Nothing of the team is lost and nothing but one branch with
/// one commit is new.
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
    let tree = service.git(&["rev-parse", &format!("{branch}^{{tree}}")]);
    service.git(&["update-ref", "-d", &format!("refs/heads/{branch}")]);
    assert_eq!(service.state(), before, "{name}");
    if *code == 1 {
        println!("{name}: {said}");
    }
    Outcome {
        free: *code == 0,
        took: *took,
        root: service.root.clone(),
        commit,
        tree,
        name: name.clone(),
    }
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
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let cell = waiting.lock().unwrap().next();
                    let Some(cell) = cell else { return };
                    let outcome = updated(&cell, version);
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|it| it.took);
    let free = outcomes.iter().filter(|it| it.free).count();
    println!(
        "{count} updates, {free} free of conflicts ({} %), marked lines lost: 0, median {:.1} s",
        free * 100 / count,
        outcomes[count / 2].took.as_secs_f64()
    );
    assert_eq!(outcomes.len(), count);
    built(&outcomes);
    assert!(free * 100 >= count * 95, "{free} of {count}");
    drop(stage);
}
