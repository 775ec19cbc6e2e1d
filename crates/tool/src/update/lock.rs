//! `Cargo.lock` follows from the manifests. It is made anew: the template's
//! versions, and the team's where it has what the template does not.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use toml_edit::{ArrayOfTables, DocumentMut, Table};

use super::template::numbers;
use crate::Error;

/// The template's lock file with the team's own packages and higher versions.
/// Cargo takes out of it what nobody asks for.
pub(super) fn begin(ours: &str, theirs: &str) -> Result<String, Error> {
    let parse = |text: &str| -> Result<DocumentMut, Error> {
        (text.parse()).map_err(|_| Error::new("Cargo.lock is no lock file: make it anew"))
    };
    let (ours, mut theirs) = (parse(ours)?, parse(theirs)?);
    let nothing = ArrayOfTables::new();
    let own = ours["package"].as_array_of_tables().unwrap_or(&nothing);
    let Some(packages) = theirs["package"].as_array_of_tables_mut() else {
        return Ok(ours.to_string());
    };
    let (own_count, count) = (counted(own), counted(packages));
    for package in own {
        let name = text(package, "name");
        match (own_count.get(name), count.get(name)) {
            (_, None) => packages.push(package.clone()),
            (Some(1), Some(1)) => {
                for known in packages.iter_mut().filter(|it| text(it, "name") == name) {
                    let (one, other) = (text(package, "version"), text(known, "version"));
                    if numbers(one) > numbers(other) && known.contains_key("source") {
                        *known = package.clone();
                    }
                }
            }
            _ => {}
        }
    }
    Ok(theirs.to_string())
}

fn text<'a>(package: &'a Table, key: &str) -> &'a str {
    package.get(key).and_then(|it| it.as_str()).unwrap_or("")
}

fn counted(packages: &ArrayOfTables) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for package in packages {
        *counted.entry(text(package, "name").to_owned()).or_insert(0) += 1;
    }
    counted
}

/// Has cargo write the lock file in `folder` as its manifests want it; whether it
/// could. Without the network, if that is enough and `copied` says that the shared
/// crates are there: a tag or a registry may have newer ones than cargo has seen.
pub(super) fn finish(folder: &Path, copied: bool) -> bool {
    let tries: &[&[&str]] = if copied {
        &[&["--offline"], &[]]
    } else {
        &[&[]]
    };
    tries.iter().any(|more| {
        let output = Command::new("cargo")
            .args(["update", "--quiet", "--workspace"])
            .args(*more)
            .current_dir(folder)
            .output();
        output.is_ok_and(|output| output.status.success())
    })
}
