//! The files that are derived from the contract and checked in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Contract, Error, Protos, chart, fidelity, reference, validate};

/// First line of a new chart file.
const HEADER: &str = "# Written by `cargo contract` from proto/. Do not edit.";

/// Rewrites what is stale under `root` and returns the paths written.
///
/// # Errors
///
/// If the .proto files are wrong or a file cannot be read or written.
pub fn write(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let stale = stale(root)?;
    for (path, text) in &stale {
        let failed = |error| Error::Io(path.clone(), error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        fs::write(path, text).map_err(failed)?;
    }
    Ok(stale.into_iter().map(|(path, _)| path).collect())
}

/// The files under `root` that do not say what the .proto files say, each with
/// what it should be. A project may do without the reference: it is only
/// renewed where it exists.
///
/// # Errors
///
/// If the .proto files are wrong or a file cannot be read.
pub fn stale(root: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
    let protos = Protos::compile(root.join("proto"))?;
    let contract = protos.contract()?;
    let mut stale = Vec::new();
    let chart = root.join("helm/files/contract.yaml");
    let old = read(&chart)?.unwrap_or_default();
    let new = renew_chart(&old, &contract);
    if new != old {
        stale.push((chart, new));
    }
    let reference = root.join("docs/contract.md");
    if let Some(old) = read(&reference)? {
        let new = renew_reference(&old, &protos, &contract)
            .map_err(|text| Error::Markers(format!("{}: {text}", reference.display())))?;
        if new != old {
            stale.push((reference, new));
        }
    }
    Ok(stale)
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Io(path.to_owned(), error)),
    }
}

/// Keeps the comment lines that the file begins and ends with: they are not
/// the contract's.
fn renew_chart(old: &str, contract: &Contract) -> String {
    let lines: Vec<_> = old.lines().collect();
    let comment = |line: &&&str| line.starts_with('#');
    let head = lines.iter().take_while(comment).count();
    let tail = lines[head..].iter().rev().take_while(comment).count();
    let mut out = String::new();
    for line in if head == 0 {
        &[HEADER][..]
    } else {
        &lines[..head]
    } {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&chart::yaml(contract));
    for line in &lines[lines.len() - tail..] {
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Replaces what stands between the markers; the prose around is written by
/// people.
fn renew_reference(old: &str, protos: &Protos, contract: &Contract) -> Result<String, String> {
    let rpcs = between(old, "rpcs", &reference::rpcs(contract))?;
    let all = between(&rpcs, "fidelity", &fidelity::tables())?;
    // A reference of a time without this table goes on without it.
    let with_rules = between(&all, "rules", &validate::rules(protos));
    Ok(with_rules.unwrap_or(all))
}

fn between(old: &str, name: &str, new: &str) -> Result<String, String> {
    let (begin, end) = (
        format!("<!-- {name}: written by `cargo contract` -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let parts = old
        .split_once(&begin)
        .and_then(|(before, rest)| rest.split_once(&end).map(|(_, after)| (before, after)));
    let Some((before, after)) = parts else {
        return Err(format!(
            "its table has no place; write the lines {} and {end}, one after the other, where it \
             belongs",
            begin.trim_end()
        ));
    };
    Ok(format!("{before}{begin}\n{new}\n{end}{after}"))
}
