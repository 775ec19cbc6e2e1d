//! What is rendered, kept beside the tooling so that a change shows in a diff.
//!
//! A provider's default is kept whole, each other case as what differs from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Place;
use super::case::Rendered;
use super::document;

/// Compares every case with its snapshot, or writes it; stale files are errors too.
pub(super) fn check(place: &Place, cases: &[Rendered], write: bool) -> Result<()> {
    let mut wanted = BTreeMap::new();
    for case in cases {
        let base = cases
            .iter()
            .find(|base| base.provider == case.provider && base.name == "default")
            .context("every provider has a default")?;
        let text = if case.name == "default" {
            whole(&case.text)
        } else {
            difference(&base.text, &case.text)
        };
        wanted.insert(format!("{}/{}.yaml", case.provider, case.name), text);
    }
    let folder = place.snapshots();
    if write {
        let _ = fs::remove_dir_all(&folder);
        for (name, text) in &wanted {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().context("it has a folder")?)?;
            fs::write(path, text)?;
        }
        return Ok(());
    }
    let mut stale = Vec::new();
    for (name, text) in &wanted {
        if fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text) {
            stale.push(name.clone());
        }
    }
    stale.extend(
        present(&folder)?
            .into_iter()
            .filter(|name| !wanted.contains_key(name)),
    );
    if !stale.is_empty() {
        bail!(
            "these snapshots differ from what the chart renders; if that is meant, run `cargo lab \
             chart --write` and read the diff:\n  {}",
            stale.join("\n  ")
        );
    }
    Ok(())
}

fn present(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for provider in fs::read_dir(folder).into_iter().flatten() {
        let provider = provider?;
        for file in fs::read_dir(provider.path())? {
            names.push(format!(
                "{}/{}",
                provider.file_name().to_string_lossy(),
                file?.file_name().to_string_lossy()
            ));
        }
    }
    Ok(names)
}

fn whole(text: &str) -> String {
    document::split(text).join("---\n")
}

/// Documents that are new or changed, then the names of those that are gone.
fn difference(base: &str, text: &str) -> String {
    let before = document::split(base);
    let after = document::split(text);
    let mut said = after
        .iter()
        .filter(|document| !before.contains(document))
        .cloned()
        .collect::<Vec<_>>()
        .join("---\n");
    let names = |documents: &[String]| documents.iter().map(|text| name(text)).collect::<Vec<_>>();
    let kept = names(&after);
    for gone in names(&before).iter().filter(|name| !kept.contains(name)) {
        let _ = writeln!(said, "# without {gone}");
    }
    if said.is_empty() {
        "# as by default\n".into()
    } else {
        said
    }
}

fn name(text: &str) -> String {
    document::parse(text)
        .ok()
        .and_then(|objects| objects.first().map(document::id))
        .unwrap_or_default()
}
