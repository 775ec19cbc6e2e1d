//{% capture source %}§{% raw %}
//! Every line of the threat model is held by a test that is there, and every fault
//! that a review found by a command.

#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_line_is_held_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let is_template = root.join("cargo-generate.toml").exists();
    let mut missing = Vec::new();
    let mut held = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cell = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        if cell == "Held by" {
            continue;
        }
        let mut source = None;
        for word in cell.split('`').skip(1).step_by(2) {
            match &source {
                _ if Path::new(word).extension().is_some() => {
                    // A crate's tests stay with its own repository.
                    if word.starts_with("crates/") && !root.join(word).exists() && !is_template {
                        held += 1;
                        source = Some(String::new());
                        break;
                    }
                    source = Some(fs::read_to_string(root.join(word)).unwrap_or_default());
                }
                Some(source) if source.contains(&format!("fn {word}()")) => held += 1,
                _ => missing.push(word.to_owned()),
            }
        }
        if source.is_none() {
            missing.push(format!("a test for: {line}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(held > 0, "the table has lost its tests");
}
/// Whether what proves a line of the coverage is there: a step of the gate, or a file with
/// tests.
fn proves(root: &Path, word: &str) -> bool {
    let scenarios = || fs::read_to_string(root.join("lab/src/mesh/scenario.rs")).unwrap();
    let gate = || fs::read_to_string(root.join("xtask/src/test.rs")).unwrap();
    match word.split_once(" --only ") {
        Some(("cargo lab mesh", name)) => scenarios().contains(&format!("(\"{name}\", ")),
        Some(_) => false,
        None if word.starts_with("cargo ") => {
            let steps = gate();
            [' ', '"']
                .map(|end| format!("\"{word}{end}"))
                .iter()
                .any(|step| steps.contains(step))
        }
        None => fs::read_to_string(root.join(word)).is_ok_and(|text| {
            let marks = ["#[test]", "#[tokio::test]", "  - it: ", "ensure!", "bail!"];
            marks.iter().any(|mark| text.contains(mark))
        }),
    }
}

#[test]
fn every_line_of_the_coverage_is_proven() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/coverage.md")).unwrap();
    let (mut missing, mut lines) = (Vec::new(), 0);
    for line in text.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cell = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let mut words = cell.split('`').skip(1).step_by(2).peekable();
        assert!(words.peek().is_some(), "nothing proves: {line}");
        let mut file = "";
        for word in words {
            let is_name = !word.contains(['.', ' ', '/']);
            if !is_name {
                file = word;
            }
            let source = || fs::read_to_string(root.join(file)).unwrap_or_default();
            let is_there = if is_name {
                source().contains(&format!("fn {word}()"))
            } else {
                proves(root, word)
            };
            if !is_there {
                missing.push(word.to_owned());
            }
        }
        lines += 1;
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(lines > 20, "the table has lost its lines");
}

/// All sources below `folder`.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

/// Whether a test that `command` runs is there.
fn is_there(root: &Path, command: &str) -> bool {
    let words: Vec<_> = command.split(' ').collect();
    let after = |flag| {
        let at = words.iter().position(|word| *word == flag)?;
        words.get(at + 1).copied()
    };
    let Some(name) = words.last().filter(|name| !name.starts_with('-')) else {
        return false;
    };
    let folders = match (after("-p"), after("--test")) {
        (Some("xtask"), _) => vec![root.join("xtask/src")],
        (Some(package), _) => vec![root.join("crates").join(package)],
        (None, Some(_)) => vec![root.join("tests")],
        (None, None) => return false,
    };
    let mut files = Vec::new();
    for folder in folders {
        sources(&folder, &mut files);
    }
    if let Some(test) = after("--test") {
        let belongs = |path: &PathBuf| {
            let own = path.strip_prefix(root.join("tests")).unwrap();
            own.with_extension("").iter().next().unwrap() == test
        };
        files.retain(belongs);
    }
    let function = format!("fn {name}(");
    let has_it = |path: &PathBuf| fs::read_to_string(path).unwrap().contains(&function);
    files.iter().any(has_it)
}

#[test]
fn every_fault_has_a_command() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/decisions/0013-what-a-review-found.md"));
    let text = text.unwrap();
    let floods = root.join("lab/src/resilience/floods/catalogue.rs");
    let floods = fs::read_to_string(floods).unwrap();
    let (mut missing, mut numbers) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, _, _, _, commands] = cells[..] else {
            panic!("{} cells: {line}", cells.len());
        };
        if commands == "Command" {
            continue;
        }
        numbers.extend(number.parse::<u32>());
        let mut commands = commands.split('`').skip(1).step_by(2).peekable();
        assert!(commands.peek().is_some(), "no command: {line}");
        for command in commands {
            let is_known = match command.split_once(" --only ") {
                Some(("cargo lab floods", flood)) => floods.contains(&format!("name: {flood},")),
                _ if command.starts_with("cargo test ") => is_there(root, command),
                _ => ["cargo lab metrics", "cargo xtask generate"]
                    .iter()
                    .any(|known| command.starts_with(known)),
            };
            if !is_known {
                missing.push(command.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    numbers.dedup();
    assert_eq!(numbers, (1..=22).collect::<Vec<_>>());
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
