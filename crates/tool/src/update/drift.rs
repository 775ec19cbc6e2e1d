//! Shared crates that a team has changed: each has a checksum in the record, of
//! what it was when it came.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::git::Git;
use super::record::{Record, crates_of};
use super::work::{Files, Work};
use crate::Error;

/// Lines of objects and paths, by crate.
type Lists = BTreeMap<String, String>;

/// The record's section about the crates in `files`; empty if there are none.
pub(super) fn section(work: &Work, files: &Files) -> Result<String, Error> {
    let mut lists = Lists::new();
    for (path, blob) in files {
        list(&mut lists, path, &blob.object);
    }
    let sums = summed(&work.git, &lists)?;
    if sums.is_empty() {
        return Ok(String::new());
    }
    let mut text = "\n# What the shared crates were when they came.\n[crates]\n".to_owned();
    for (name, sum) in sums {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name} = \"{sum}\"");
    }
    Ok(text)
}

/// Which crates in `unit`, the workspace, are not what `record` has them as;
/// `None` if it does not say, or there is no repository.
pub(super) fn drifted(record: &Record, unit: &Path) -> Result<Option<Vec<String>>, Error> {
    if record.crates.is_empty() {
        return Ok(None);
    }
    let git = Git::at(unit);
    let listing = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        "crates",
    ];
    let Ok(listed) = git.text(&listing) else {
        return Ok(None);
    };
    let paths: Vec<_> = listed.split('\0').collect();
    let mut paths: Vec<_> = (paths.into_iter())
        .filter(|path| !path.is_empty() && unit.join(path).is_file())
        .collect();
    paths.sort_unstable();
    // git counts from the repository's root, not from here.
    let asked = paths.iter().fold(String::new(), |all, path| {
        all + &unit.join(path).to_string_lossy() + "\n"
    });
    let objects = git.about(
        &["hash-object", "--no-filters", "--stdin-paths"],
        asked.as_bytes(),
    )?;
    let mut lists = Lists::new();
    for (path, object) in paths.iter().zip(objects.lines()) {
        list(&mut lists, path, object);
    }
    let sums = summed(&git, &lists)?;
    let drifted = (record.crates.iter()).filter(|(name, sum)| sums.get(name) != Some(sum));
    Ok(Some(drifted.map(|(name, _)| name.clone()).collect()))
}

fn list(lists: &mut Lists, path: &str, object: &str) {
    let Some((name, within)) = crates_of(path) else {
        return;
    };
    let list = lists.entry(name.to_owned()).or_default();
    let _ = writeln!(list, "{object} {within}");
}

/// As `./new` does it: git's name of the list.
fn summed(git: &Git, lists: &Lists) -> Result<BTreeMap<String, String>, Error> {
    let sum = |list: &String| git.about(&["hash-object", "--stdin"], list.as_bytes());
    (lists.iter())
        .map(|(name, list)| Ok((name.clone(), sum(list)?)))
        .collect()
}
