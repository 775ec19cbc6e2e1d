//! Services of many answers at once: every pair of values of two prompts is in some
//! service, and what was not wanted is nowhere in it.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use super::case::Case;
use super::project::{Project, run};
use super::stage::{Stage, TAG, remove};
use super::{Args, Row, compare, document, image, lint, needed, registry, residue, test};

/// The prompts and their values; `workspace` is whether there is one around the service.
const PROMPTS: [(&str, &[&str]); 6] = [
    ("store", &["both", "sqlite", "postgres", "none"]),
    ("mesh", &["none", "istio", "istio-ambient", "linkerd"]),
    ("ci", &["github", "gitlab", "none"]),
    ("platform", &["copy", "git", "registry"]),
    ("events", &["none", "nats"]),
    ("workspace", &["no", "yes"]),
];

/// Those that are built beside the default: each database by itself. The second's tests meet
/// another database than the default's do; the first's are run in the long form.
const BUILT: [[&str; 2]; 2] = [["sqlite", "none"], ["postgres", "nats"]];

/// A value of each prompt.
type Cell = [&'static str; PROMPTS.len()];

/// One row for each service.
pub(crate) fn judge(stage: &Stage, args: &Args) -> Vec<Row> {
    let mut rows: Vec<Row> = (cells().iter())
        .map(|cell| judge_one(stage, cell))
        .collect();
    if !args.quick {
        rows.extend(BUILT.map(|[store, events]| judge_built(stage, store, events, args.long)));
    }
    rows
}

/// What is answered for a cell, as `key=value`.
fn answers(stage: &Stage, cell: &Cell) -> Result<Vec<String>> {
    let mut answers = Vec::new();
    for ((key, _), value) in PROMPTS.iter().zip(cell) {
        match (*key, *value) {
            ("workspace", _) => {}
            ("store", "none") => answers.push("sample=none".to_owned()),
            _ => answers.push(format!("{key}={value}")),
        }
    }
    match value_of(cell, "platform") {
        "git" => {
            answers.push(format!(
                "platform_source=file://{}",
                stage.template.display()
            ));
            answers.push(format!("platform_version={TAG}"));
        }
        "registry" => {
            let folder = registry::folder(stage)?;
            answers.push(format!("platform_source={}", registry::NAME));
            answers.push(format!("platform_index={}", registry::index(&folder)));
        }
        _ => {}
    }
    Ok(answers)
}

fn value_of(cell: &Cell, key: &str) -> &'static str {
    let place = PROMPTS.iter().position(|(name, _)| *name == key);
    place.map_or("", |place| cell[place])
}

fn judge_one(stage: &Stage, cell: &Cell) -> Row {
    let mut row = Row::new(title(cell));
    let is_member = value_of(cell, "workspace") == "yes";
    let mut made = None;
    row.check("generate", || {
        let case = Case::of("parcel-service", &answers(stage, cell)?, "parcel");
        made = Some((generate(stage, &case, is_member)?, case));
        Ok(())
    });
    let Some((project, case)) = made else {
        return row;
    };
    if !is_member && value_of(cell, "store") != "none" && value_of(cell, "platform") == "copy" {
        row.check("files", || compare::files(&project, &case));
        row.check("content", || compare::content(stage, &project, &case));
        row.check("features", || compare::features(&project, &case));
    }
    row.check("residue", || residue::find(&project, &case));
    row.check("leftovers", || leftovers(&project, &case));
    row.check("needed", || needed::check(&project));
    if is_member {
        return row;
    }
    row.check("metadata", || match value_of(cell, "platform") {
        "copy" => project.metadata(stage),
        // The first build writes where the crates came from.
        _ => project.cargo(&["metadata", "--format-version=1"]),
    });
    if value_of(cell, "platform") == "copy" {
        row.check("image", || image::check(stage, &project));
    }
    row.check("fmt", || project.format(&case));
    row.check("chart", || project.chart());
    row
}

fn title(cell: &Cell) -> String {
    let pairs = PROMPTS.iter().zip(cell);
    let pairs = pairs.map(|((key, _), value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(" ")
}

fn generate(stage: &Stage, case: &Case, is_member: bool) -> Result<Project> {
    if !is_member {
        return stage.generate(case);
    }
    let root = stage.folder.join("answers");
    remove(&root)?;
    fs::create_dir_all(&root)?;
    fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = []\n")?;
    let mut args = vec!["--name".to_owned(), case.project.clone()];
    for answer in &case.answers {
        args.extend(["--define".into(), answer.clone()]);
    }
    stage.generate_in(&root, "--path", &stage.template.to_string_lossy(), &args)?;
    let folder = root.join(&case.project);
    run(Command::new("sh").arg("join").current_dir(&folder))?;
    let all = Project::new(root)?;
    all.cargo(&["metadata", "--format-version=1"])?;
    Project::new(folder)
}

/// Generates, builds and tests one; what differs from the services before is little.
fn judge_built(stage: &Stage, store: &str, events: &str, long: bool) -> Row {
    let mut row = Row::new(format!("store={store} events={events}, built"));
    let answers = [format!("store={store}"), format!("events={events}")];
    let case = Case::of("parcel-service", &answers, "parcel");
    let mut made = None;
    row.check("generate", || {
        made = Some(stage.generate(&case)?.place(stage)?);
        Ok(())
    });
    if let Some(project) = made {
        row.check("fmt", || project.format(&case));
        lint(&mut row, &project, &case);
        if long || store == "postgres" {
            test(&mut row, &project, &case);
        }
        if long {
            document(&mut row, &project, &case);
        }
    }
    row
}

/// Words that say that something is there, and the part that brings it.
const WORDS: [(&str, &[&str]); 5] = [
    (
        "nats",
        &[
            "nats",
            "jetstream",
            "crates/relay",
            "relay::",
            "publish_to",
            "publish-to",
        ],
    ),
    ("sqlite", &["sqlite", "fdatasync", "data.db"]),
    ("postgres", &["postgres", "pgbouncer", "migratefrom"]),
    (
        "sample",
        &["inventory.settleafter", "values.inventory", "$v.inventory"],
    ),
    (
        "store",
        &["migrations/", "owners.by", "store.type", "store.quota"],
    ),
];

/// Fails where a word of what is not wanted stands. The shared crates are the same bytes
/// everywhere, and the lock file knows what these could build.
pub(crate) fn leftovers(project: &Project, case: &Case) -> Result<()> {
    let parts = case.parts();
    let unwanted = WORDS
        .iter()
        .filter(|(part, _)| parts.wants(part) == Some(false));
    let words: Vec<&str> = unwanted
        .flat_map(|(_, words)| words.iter().copied())
        .collect();
    let hit = |text: &str| words.iter().find(|word| text.contains(**word)).copied();
    let mut found = Vec::new();
    for path in &project.files {
        let shared = path.starts_with("crates/") || path == "Cargo.lock";
        if shared || path == ".template.toml" || path.starts_with("tools/") {
            continue;
        }
        let Ok(text) = String::from_utf8(project.read(path)?) else {
            continue;
        };
        if hit(&path.to_lowercase()).is_some() {
            found.push(format!("{path}: its name"));
        }
        let lines = text.lines().enumerate();
        let said = lines.filter(|(_, line)| hit(&line.to_lowercase()).is_some());
        let said = said.filter(|(_, line)| !is_excused(path, line));
        found.extend(said.map(|(index, line)| format!("{path}:{}: {line}", index + 1)));
    }
    ensure!(
        found.is_empty(),
        "none of {words:?} was wanted:\n{}",
        found.join("\n")
    );
    Ok(())
}

/// What may be said all the same: the threat model names the tests of the template, which
/// has all, and the walkthroughs are the template's own, with both databases.
fn is_excused(path: &str, line: &str) -> bool {
    // It is for the shared crates too.
    path == ".clippy.toml"
        || path == "docs/threat-model.md" && line.contains("tests/")
        || path == "docs/walkthroughs.md"
}

/// Every pair of values of two prompts, in as few cells as a greedy choice finds.
fn cells() -> Vec<Cell> {
    let all = all();
    let mut missing: BTreeSet<_> = all.iter().flat_map(pairs).collect();
    let mut chosen = Vec::new();
    while !missing.is_empty() {
        let covers = |cell: &&Cell| pairs(cell).filter(|pair| missing.contains(pair)).count();
        // The first of the best, so that each run has the same.
        let Some(best) = all.iter().rev().max_by_key(covers) else {
            break;
        };
        for pair in pairs(best) {
            missing.remove(&pair);
        }
        chosen.push(*best);
    }
    chosen
}

/// Every cell that is not refused.
fn all() -> Vec<Cell> {
    let mut cells: Vec<Cell> = vec![[""; PROMPTS.len()]];
    for (place, (_, values)) in PROMPTS.iter().enumerate() {
        let with = |cell: &Cell| {
            let cell = *cell;
            values.iter().map(move |value| {
                let mut cell = cell;
                cell[place] = value;
                cell
            })
        };
        cells = cells.iter().flat_map(with).collect();
    }
    cells.retain(|cell| value_of(cell, "store") != "none" || value_of(cell, "events") == "none");
    cells
}

/// Two places, and the values there.
type Pair = (usize, &'static str, usize, &'static str);

fn pairs(cell: &Cell) -> impl Iterator<Item = Pair> + '_ {
    (0..cell.len()).flat_map(move |one| {
        (one + 1..cell.len()).map(move |other| (one, cell[one], other, cell[other]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_in_some_cell() {
        let chosen = cells();
        let covered: BTreeSet<_> = chosen.iter().flat_map(pairs).collect();
        let all: BTreeSet<_> = all().iter().flat_map(pairs).collect();
        assert_eq!(covered, all);
        assert!(chosen.len() <= 20, "{}", chosen.len());
    }
}
