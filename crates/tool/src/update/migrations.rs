//! Migrations are only ever added: a database has had the old ones already.

use super::work::Files;
use crate::Error;

fn is_migration(path: &str, member: &str) -> bool {
    (path.strip_prefix(member)).is_some_and(|path| path.starts_with("migrations/"))
}

/// Refuses a version of the template that changes an old one.
pub(super) fn check(old: &Files, own: &Files, new: &Files, member: &str) -> Result<(), Error> {
    let changed = old.iter().find(|(path, blob)| {
        is_migration(path, member)
            && own.contains_key(*path)
            && new.get(*path).is_some_and(|other| other != *blob)
    });
    match changed {
        Some((path, _)) => Err(Error::new(format!(
            "{path}: the template changed this migration after it was released, and databases \
             may have had the old one; nothing was done: report it, and update to another version"
        ))),
        None => Ok(()),
    }
}

/// What the template no longer has stays; where `kinds_change`, not those of a kind of
/// store, each in its folder, that nobody wants any more.
pub(super) fn keep(old: &Files, new: &mut Files, member: &str, kinds_change: bool) {
    let folder = |path: &str| path.rfind('/').map_or(0, |end| end + 1);
    let goes = |path: &str| {
        let folder = &path[..folder(path)];
        kinds_change && !new.keys().any(|other| other.starts_with(folder))
    };
    let kept: Vec<_> = (old.iter())
        .filter(|(path, _)| is_migration(path, member) && !goes(path))
        .map(|(path, blob)| (path.clone(), blob.clone()))
        .collect();
    for (path, blob) in kept {
        new.entry(path).or_insert(blob);
    }
}

/// New ones of the template with the number of one that the team has added.
pub(super) fn collisions(old: &Files, own: &Files, new: &Files, member: &str) -> Vec<String> {
    let added = |files: &Files| -> Vec<String> {
        let paths = files.keys().filter(|path| is_migration(path, member));
        paths
            .filter(|path| !old.contains_key(*path))
            .cloned()
            .collect()
    };
    let teams = added(own);
    let mut found = Vec::new();
    for path in added(new) {
        let taken = teams
            .iter()
            .find(|own| **own != path && number(own) == number(&path));
        if let Some(own) = taken {
            found.push(format!(
                "{path} (has the number of {own}: give it the next free one)"
            ));
        }
    }
    found
}

/// The folder and the digits that the name begins with.
fn number(path: &str) -> Option<&str> {
    let name = path.rfind('/')? + 1;
    let digits = path[name..].find(|c: char| !c.is_ascii_digit())?;
    (digits > 0).then(|| &path[..name + digits])
}
