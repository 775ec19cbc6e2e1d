//! What should come out, worked out without Liquid, against what did.

use std::fs;

use anyhow::{Result, bail, ensure};

use super::case::Case;
use super::project::Project;
use super::stage::Stage;
use crate::parts::Parts;
use crate::{markers, names, tree};

/// Compares the list of files with the snapshot.
pub(crate) fn files(project: &Project, case: &Case) -> Result<()> {
    let snapshot = markers::read(markers::SNAPSHOT)?;
    let ci = case.answer("ci", "github");
    let parts = case.parts();
    let mut expected: Vec<String> = snapshot
        .lines()
        .filter(|path| ci == "github" || !path.starts_with(".github/"))
        .filter(|path| !parts.lacks(path))
        .filter(|path| ci != "none" || *path != "tools/propose-update")
        .map(|path| {
            path.replace("<resource>", &case.resource)
                .replace("<resources>", &case.plural)
                .replace("<organisation>", &case.organisation)
        })
        .collect();
    if ci == "gitlab" {
        expected.extend([".gitlab-ci.yml".into(), "renovate.json".into()]);
    }
    expected.sort();
    let missing: Vec<_> = expected
        .iter()
        .filter(|path| !project.files.contains(path))
        .collect();
    let extra: Vec<_> = project
        .files
        .iter()
        .filter(|path| !expected.contains(path))
        .collect();
    ensure!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:?}, unexpected {extra:?}; `cargo xtask markers` writes what is expected"
    );
    Ok(())
}

/// Whether all that names the features of the image names the same.
pub(crate) fn features(project: &Project, case: &Case) -> Result<()> {
    let features = case.features()?;
    let read = "FEATURES=$(sed -n 's/^ARG FEATURES=//p' Dockerfile)";
    let read_quoted = read.replace("FEATURES=$", "FEATURES=\"$");
    for (path, said) in [
        ("README.md", format!("cargo test --features {features}\n")),
        ("Dockerfile", format!("ARG FEATURES={features}\n")),
        (".github/workflows/ci.yml", read.to_owned()),
        (".gitlab-ci.yml", read_quoted),
    ] {
        if project.files.iter().any(|file| file == path) {
            let text = String::from_utf8(project.read(path)?)?;
            ensure!(text.contains(&said), "{path} does not say {said:?}");
        }
    }
    Ok(())
}

/// Compares every shared file with the tree's, renamed by a second
/// implementation.
pub(crate) fn content(stage: &Stage, project: &Project, case: &Case) -> Result<()> {
    let config = markers::read("cargo-generate.toml")?;
    let files = tree::files()?;
    let github = case.answer("ci", "github") == "github";
    let parts: Parts<'_> = case.parts();
    let shared = tree::shared(&files, &config).into_iter();
    let shared = shared.filter(|path| !parts.lacks(path));
    for path in shared.filter(|path| github || !tree::is_in(path, ".github")) {
        let renamed = names::replace(&path, |word| case.renamed(word));
        let bytes = fs::read(stage.template.join(&path))?;
        let expected = match (markers::differs(&path), String::from_utf8(bytes)) {
            // Rendered with conditions: the builds judge it.
            (true, _) => continue,
            (false, Err(binary)) => binary.into_bytes(),
            (false, Ok(text)) => match markers::unmarked(&path, &text) {
                Some(plain) => {
                    let plain = format!("{}\n", parts.of(&plain)?.trim_end());
                    let plain = names::with_article(&plain, &case.resource);
                    names::replace(&plain, |word| case.renamed(word)).into_bytes()
                }
                None => text.into_bytes(),
            },
        };
        if project.read(&renamed)? != expected {
            bail!("{renamed} is not what the tree's {path} says");
        }
    }
    Ok(())
}
