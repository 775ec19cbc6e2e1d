//! Services whose shared crates come by version: from a git tag, and from a
//! registry of one's own.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use super::project::Project;
use super::registry;
use super::stage::{Stage, TAG, remove};
use super::{Args, Row};

/// One row for each place that they can come from.
pub(crate) fn judge(stage: &Stage, args: &Args) -> Vec<Row> {
    let url = format!("file://{}", stage.template.display());
    let from_git = [
        "platform=git".to_owned(),
        format!("platform_source={url}"),
        format!("platform_version={TAG}"),
    ];
    let mut git = Row::new("crates from a git tag");
    judge_one(&mut git, stage, args, &from_git, &url);

    let mut own = Row::new("crates from a registry");
    let mut folder = stage.folder.join("registry");
    own.check("pack", || {
        folder = registry::folder(stage)?;
        Ok(())
    });
    if args.long {
        own.check("verify", || registry::verify(&folder));
    }
    let index = registry::index(&folder);
    let from_registry = [
        "platform=registry".to_owned(),
        format!("platform_source={}", registry::NAME),
        format!("platform_index={index}"),
    ];
    if let Some(project) = judge_one(&mut own, stage, args, &from_registry, registry::NAME) {
        own.check("fix", || takes_a_fix(&folder, &project));
    }
    vec![git, own]
}

/// A patch release of a crate arrives by `cargo update`, and changes nothing else.
fn takes_a_fix(folder: &Path, project: &Project) -> Result<()> {
    let lock = || project.read("Cargo.lock").map(String::from_utf8);
    let has = |lock: &str, version: &str| {
        lock.contains(&format!("name = \"chassis\"\nversion = \"{version}\"\n"))
    };
    let before = lock()??;
    ensure!(has(&before, "0.1.0"), "it has another chassis: {before}");
    registry::fix(folder, "chassis", "0.1.0", "0.1.1")?;
    project.cargo(&["update", "--package", "chassis"])?;
    let after = lock()??;
    ensure!(has(&after, "0.1.1"), "the fix did not arrive: {after}");
    let lines = before.lines().zip(after.lines());
    let changed = lines.filter(|(before, after)| before != after).count();
    ensure!(
        changed == 2,
        "{changed} lines of Cargo.lock changed: {after}"
    );
    Ok(())
}

fn judge_one(
    row: &mut Row,
    stage: &Stage,
    args: &Args,
    answers: &[String],
    place: &str,
) -> Option<Project> {
    let mut made = None;
    row.check("generate", || {
        let out = stage.folder.join("platform");
        remove(&out)?;
        let mut all = vec!["--name".to_owned(), "invoice-service".to_owned()];
        for answer in answers {
            all.extend(["--define".to_owned(), answer.clone()]);
        }
        stage.generate_in(&out, "--path", &stage.template.to_string_lossy(), &all)?;
        let project = Project::new(out.join("invoice-service"))?;
        ensure!(!project.folder.join("crates").exists(), "has crates");
        for path in ["Cargo.toml", "xtask/Cargo.toml"] {
            let text = String::from_utf8(project.read(path)?)?;
            ensure!(
                text.contains(place) && !text.contains("crates/"),
                "{path}: {text}"
            );
        }
        let recorded = fs::read_to_string(project.folder.join(".template.toml"))?;
        for answer in answers {
            let (key, value) = answer.split_once('=').unwrap_or_default();
            let line = format!("{key} = \"{value}\"\n");
            ensure!(recorded.contains(&line), ".template.toml lacks {line}");
        }
        made = Some(project);
        Ok(())
    });
    let project = made?;
    // Without --locked: the first build writes where the crates came from.
    row.check("metadata", || {
        project.cargo(&["metadata", "--format-version=1"])
    });
    if args.quick {
        return Some(project);
    }
    row.check("contract", || project.cargo(&["contract", "--check"]));
    row.check("check", || project.cargo(&["check", "--all-targets"]));
    if args.long {
        row.check("test", || project.cargo(&["test"]));
    }
    Some(project)
}
