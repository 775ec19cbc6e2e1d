//! What came of updates, built and tested.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use proc_macro2::TokenStream;

use super::simulation::Outcome;
use super::stage::{git, root};
use super::versions::HAS_NEXT;

/// Builds and tests what came of updates, as many services as `UPDATES_BUILT` asks for; the
/// names of those that fail. Of services that neither cargo nor a test can tell from each
/// other, one is built.
pub(crate) fn built(outcomes: &[Outcome]) -> Vec<String> {
    let wanted = env::var("UPDATES_BUILT").map_or(0, |it| it.parse().unwrap());
    if wanted == 0 {
        return Vec::new();
    }
    let mut seen = Seen::default();
    let mut distinct: BTreeMap<Vec<String>, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|it| it.free) {
        distinct.entry(seen.of(outcome)).or_default().push(outcome);
    }
    let mut chosen: Vec<_> = distinct.into_values().collect();
    let all = chosen.len();
    // If not all are asked for, every kind of edit rather than every service.
    let edit = |it: &Outcome| it.name.split(", ").nth(1).unwrap_or_default().to_owned();
    chosen.sort_by_key(|it| (edit(it[0]) != "every edit", edit(it[0])));
    chosen.truncate(wanted);
    // What has the same crates, and then the same service, follows upon another: cargo builds
    // again what has changed.
    let crates = |it: &Outcome| git(&it.root, &["rev-parse", &format!("{}:crates", it.commit)]);
    chosen.sort_by_key(|it| (crates(it[0]), it[0].name.clone()));
    let place = Place::new();
    let (mut tested, mut failed, mut whole) = (BTreeSet::new(), Vec::new(), 0);
    let count = chosen.len();
    for (number, outcomes) in chosen.into_iter().enumerate() {
        let start = Instant::now();
        let said = place.test(outcomes[0], &mut tested);
        println!(
            "{} of {count}, {:.0} s: {} {}",
            number + 1,
            start.elapsed().as_secs_f64(),
            if said.is_ok() { "passes" } else { "FAILS" },
            outcomes[0].name,
        );
        for same in &outcomes[1..] {
            println!("    as {}", same.name);
        }
        match said {
            Ok(()) => whole += outcomes.len(),
            Err(said) => {
                println!("{said}");
                failed.extend(outcomes.iter().map(|it| it.name.clone()));
            }
        }
    }
    println!(
        "{whole} of {} services built and tested: {count} of the {all} that differ in more than \
         comments of Rust and what no build and no test reads",
        outcomes.len(),
    );
    failed
}

/// What cargo and the tests of a service see of files.
#[derive(Default)]
struct Seen {
    /// By object: most files are the same in all services.
    rust: BTreeMap<String, String>,
}

impl Seen {
    /// Of each file that is compiled or read in a test, what stands there.
    fn of(&mut self, outcome: &Outcome) -> Vec<String> {
        let files = git(&outcome.root, &["ls-tree", "-r", &outcome.commit]);
        let files = files.lines().filter_map(|line| {
            let (facts, path) = line.split_once('\t')?;
            Some((facts.split(' ').nth(2)?, path))
        });
        let files: Vec<_> = files.filter(|(_, path)| is_read(path)).collect();
        let lines = files.into_iter().map(|(object, path)| {
            let what = if Path::new(path).extension().is_some_and(|it| it == "rs") {
                self.tokens(&outcome.root, object)
            } else {
                object.to_owned()
            };
            format!("{what} {path}")
        });
        lines.collect()
    }

    /// Rust without its comments. Those that are documentation the compiler sees.
    fn tokens(&mut self, repository: &Path, object: &str) -> String {
        if let Some(known) = self.rust.get(object) {
            return known.clone();
        }
        let text = git(repository, &["cat-file", "blob", object]);
        let tokens: Result<TokenStream, _> = text.parse();
        let what = tokens.map_or(text, |it| it.to_string());
        self.rust.insert(object.to_owned(), what.clone());
        what
    }
}

/// Whether a build or a test of a service reads `path`.
fn is_read(path: &str) -> bool {
    let kinds = [
        ".rs", ".proto", ".txtpb", ".conf", ".toml", ".lock", ".sql", ".sh",
    ];
    // Says only what was asked and when; how somebody formats, and what is forbidden.
    let others = [
        ".template.toml",
        "rustfmt.toml",
        ".clippy.toml",
        "deny.toml",
    ];
    // What follows from proto/ has to be fresh.
    let derived = ["docs/contract.md", "helm/files/contract.yaml"];
    let kind = kinds.iter().any(|kind| path.ends_with(kind));
    (kind && !others.contains(&path)) || derived.contains(&path) || path.starts_with("crates/")
}

/// A test that is no service's.
const NEXT: &str = "tests/has_next.rs";

/// Where one service after the other lies: the same crates at the same place, and the same
/// times where nothing has changed, are built once.
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
        git(&["clean", "--quiet", "-d", "--force", "--exclude", NEXT]);
        // Fails with crates of another version, wherever cargo may have them from.
        let next = self.folder.join(NEXT);
        if !next.exists() {
            fs::write(next, HAS_NEXT).unwrap();
        }
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
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
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
