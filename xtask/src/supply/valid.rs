//! Whether the hosts would take the files that are for them: by actionlint, and by
//! the schemas that the hosts publish.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use crate::skip::skip;
use crate::{tools, tree};

/// Those of this repository and those that only a service has.
fn files(wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let files = tree::files().unwrap().into_iter();
    let found: Vec<_> = files
        .filter(|path| wanted(path))
        .map(|path| tree::root().join(path))
        .collect();
    assert!(!found.is_empty());
    found
}

/// Runs `program`; skips if there is none. What it says if it finds something.
fn judge(program: &str, arguments: &[&str], files: &[PathBuf]) {
    let output = Command::new(program)
        .args(arguments)
        .args(files)
        .env("PATH", tools::path())
        .output();
    match output {
        Ok(output) => assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip(
                "what hosts would say of their files",
                &format!("no {program}"),
            )
            .unwrap();
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

fn is_workflow(path: &str) -> bool {
    path.contains(".github/workflows/")
}

#[test]
fn workflows_are_valid() {
    judge("actionlint", &[], &files(is_workflow));
}

#[test]
fn what_is_no_workflow_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ci.yml");
    std::fs::write(&path, "on: [pushed]\njobs: {}\n").unwrap();
    let output = Command::new("actionlint")
        .arg(&path)
        .env("PATH", tools::path())
        .output();
    if let Ok(output) = output {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("pushed"), "{said}");
    }
}

#[test]
fn hosts_know_what_they_are_told() {
    let named = |name: &'static str| files(move |path| path.rsplit('/').next() == Some(name));
    for (schema, files) in [
        ("github-workflows", files(is_workflow)),
        ("gitlab-ci", named(".gitlab-ci.yml")),
        ("dependabot", named("dependabot.yml")),
        ("renovate", named("renovate.json")),
    ] {
        let schema = format!("vendor.{schema}");
        judge("check-jsonschema", &["--builtin-schema", &schema], &files);
    }
}
