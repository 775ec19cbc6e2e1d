//! What came of updates, built and tested.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::simulation::Outcome;
use super::stage::{git, root};
use super::versions::HAS_NEXT;

/// Builds and tests what came of updates, as many services as `UPDATES_BUILT` asks
/// for: those that differ, the ones with every edit first.
pub(crate) fn built(outcomes: &[Outcome]) {
    let wanted = env::var("UPDATES_BUILT").map_or(0, |it| it.parse().unwrap());
    let mut distinct: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|it| it.free) {
        distinct.entry(&outcome.tree).or_default().push(outcome);
    }
    let mut chosen: Vec<_> = distinct.into_values().collect();
    let all = chosen.len();
    let parts = |it: &Vec<&Outcome>| -> Option<(String, String)> {
        let (service, edit) = it[0].name.split_once(", ")?;
        Some((service.to_owned(), edit.to_owned()))
    };
    // If not all are asked for, every kind of edit rather than every service.
    let of_all = |it: &Vec<&Outcome>| !it[0].name.ends_with("every edit");
    chosen.sort_by_key(|it| (of_all(it), parts(it).map(|(_, edit)| edit)));
    chosen.truncate(wanted);
    // What is compiled alike follows upon another, most of it first.
    let mut alike: BTreeMap<Vec<String>, Vec<_>> = BTreeMap::new();
    for it in chosen {
        alike.entry(compiled(it[0])).or_default().push(it);
    }
    let mut alike: Vec<_> = alike.into_values().collect();
    alike.sort_by_key(|it| (Reverse(it.len()), parts(&it[0])));
    let chosen: Vec<_> = alike.into_iter().flatten().collect();
    let place = Place::new();
    let mut tested = BTreeSet::new();
    let mut failed = Vec::new();
    let count = chosen.len();
    for (number, outcomes) in chosen.into_iter().enumerate() {
        let outcome = outcomes[0];
        let start = Instant::now();
        let said = place.test(outcome, &mut tested);
        println!(
            "{} of {count}, {:.0} s: {} {}",
            number + 1,
            start.elapsed().as_secs_f64(),
            if said.is_ok() { "passes" } else { "FAILS" },
            outcome.name,
        );
        if let Err(said) = said {
            println!("{said}");
            failed.push(outcome.name.clone());
        }
    }
    if wanted > 0 {
        println!("{count} of {all} that differ built and tested");
    }
    assert!(failed.is_empty(), "not whole after an update: {failed:?}");
}

/// What a service is compiled from, as git lists it.
fn compiled(outcome: &Outcome) -> Vec<String> {
    let files = git(&outcome.root, &["ls-tree", "-r", &outcome.commit]);
    let kinds = [".rs", ".proto", ".txtpb", ".conf", ".toml", ".lock", ".sql"];
    let known = |line: &&str| kinds.iter().any(|kind| line.ends_with(kind));
    // Says only what was asked and when.
    let is_record = |line: &&str| line.ends_with("\t.template.toml");
    let lines = files.lines().filter(|it| known(it) && !is_record(it));
    lines.map(str::to_owned).collect()
}

/// Where one service after the other lies.
struct Place {
    target: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn new() -> Self {
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root().join("target"), |it| root().join(it));
        let folder = target.join("updates");
        fs::create_dir_all(&folder).unwrap();
        git(&folder, &["init", "--quiet"]);
        // Crates of this tree have the same names and places: cargo would take one for
        // the other, by the times of their files.
        let target = target.join("updates-built");
        Self { target, folder }
    }

    /// Builds and tests a service as the update left it, with the lock file that it
    /// has. Crates that are as in one before, in `tested`, are not tested again.
    fn test(&self, outcome: &Outcome, tested: &mut BTreeSet<String>) -> Result<(), String> {
        let source = outcome.root.display().to_string();
        let git = |arguments: &[&str]| git(&self.folder, arguments);
        git(&["fetch", "--quiet", &source, &outcome.commit]);
        git(&["checkout", "--quiet", "--force", &outcome.commit]);
        git(&["clean", "--quiet", "-d", "--force"]);
        // Fails with crates of another version, wherever cargo may have them from.
        fs::write(self.folder.join("tests/has_next.rs"), HAS_NEXT).unwrap();
        let crates = git(&["rev-parse", "HEAD:crates"]);
        let mut arguments = vec!["--no-fail-fast"];
        if !tested.contains(&crates) {
            arguments.push("--workspace");
        }
        cargo_test(&self.folder, &self.target, &arguments)?;
        tested.insert(crates);
        Ok(())
    }
}

fn cargo_test(folder: &Path, target: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("cargo")
        .args(["test", "--quiet", "--locked"])
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        // Hundreds of builds that nobody goes on with.
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let lines: Vec<_> = said.lines().collect();
    Err(lines[lines.len().saturating_sub(60)..].join("\n"))
}
