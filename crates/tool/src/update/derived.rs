//! Files that follow from others: made anew, never merged.

use std::path::Path;

use super::lock;
use super::merge::Merge;
use super::work::{Blob, Files, Work};
use crate::Error;

const LOCK: &str = "Cargo.lock";
const CHART: &str = "helm/files/contract.yaml";
/// A table of it follows from proto/, the rest is written by hand.
const REFERENCE: &str = "docs/contract.md";

/// Whether nobody writes it by hand.
pub(super) fn is_derived(path: &str, member: &str) -> bool {
    path == LOCK || path.strip_prefix(member) == Some(CHART)
}

/// Makes them anew in `files`, the merged ones.
pub(super) fn renew(
    work: &Work,
    merge: &mut Merge,
    files: &mut Files,
    own: &Files,
    new: &Files,
    member: &str,
) -> Result<(), Error> {
    let chart = &format!("{member}{CHART}");
    let proto = format!("{member}proto/");
    let same = |files: &Files, wanted: &dyn Fn(&str) -> bool| {
        let some = |it: &Files| -> Vec<(String, Blob)> {
            let some = it.iter().filter(|(path, _)| wanted(path));
            some.map(|(path, blob)| (path.clone(), blob.clone()))
                .collect()
        };
        some(files) == some(new)
    };
    // Where what they follow from is the template's, so are they.
    let protos = same(files, &|path| path.starts_with(&proto));
    // Whose crates are not there has them from elsewhere: no pristine lock file does.
    let copied = new.keys().any(|path| path.starts_with("crates/"));
    let manifests = copied && same(files, &|path| path.ends_with("Cargo.toml"));
    for (path, pristine) in [(chart.as_str(), protos), (LOCK, manifests)] {
        if let (true, true, Some(blob)) = (pristine, files.contains_key(path), new.get(path)) {
            files.insert(path.to_owned(), blob.clone());
        }
    }
    let lock = !manifests && files.contains_key(LOCK) && new.contains_key(LOCK);
    if protos && !lock {
        return Ok(());
    }
    if lock && let Some(own) = own.get(LOCK) {
        let begun = lock::begin(&work.text(&own.object)?, &work.text(&new[LOCK].object)?)?;
        files.insert(LOCK.to_owned(), work.write(&begun, own)?);
    }
    let folder = work.check_out(&work.tree(files)?)?;
    if lock {
        if lock::finish(&folder, copied) {
            take(work, files, &folder, LOCK)?;
        } else {
            merge.notes.push(format!(
                "{LOCK}: run cargo update --workspace, and commit what it writes"
            ));
        }
    }
    if !protos {
        // By the version that runs; the new one says what it does otherwise.
        match contract::files::write(&folder.join(member)) {
            Ok(paths) => {
                for path in paths {
                    let path = path.strip_prefix(&folder).unwrap_or(&path);
                    take(work, files, &folder, &path.to_string_lossy())?;
                }
                settled(work, merge, files, &format!("{member}{REFERENCE}"))?;
            }
            Err(error) => merge.notes.push(format!(
                "{chart}: run cargo xtask contract, and commit what it writes ({error})"
            )),
        }
    }
    Ok(())
}

/// Takes `path` off the list of conflicts if it was only the table, which is new.
fn settled(work: &Work, merge: &mut Merge, files: &Files, path: &str) -> Result<(), Error> {
    if let Some(blob) = files.get(path) {
        let text = work.text(&blob.object)?;
        if !text.lines().any(|line| line.starts_with("<<<<<<< ")) {
            merge.conflicts.retain(|conflict| conflict != path);
        }
    }
    Ok(())
}

/// What stands in `folder` now.
fn take(work: &Work, files: &mut Files, folder: &Path, path: &str) -> Result<(), Error> {
    let place = folder.join(path);
    let text = std::fs::read_to_string(&place).map_err(|error| Error::io(&place, &error))?;
    let like = files.get(path).cloned().unwrap_or_else(|| Blob {
        mode: "100644".to_owned(),
        object: String::new(),
    });
    files.insert(path.to_owned(), work.write(&text, &like)?);
    Ok(())
}
