//! Three trees into one: the pristine old service, the team's, the pristine new
//! one. git merges; what it cannot know is settled here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::git::Git;
use super::record::{RECORD, crates_of};
use super::steps::{self, Step};
use super::work::{Files, Work};
use super::{beside, derived, drift, manifest, migrations};
use crate::Error;

/// The trees, by their objects.
pub(super) struct Trees {
    pub old: String,
    /// The old one as `cargo generate` leaves it: nobody has to format that.
    pub unformatted: String,
    pub own: String,
    pub new: String,
    /// The service in them: empty, or ending with a slash.
    pub member: String,
    /// Whether another kind of store is wanted than before.
    pub store_changes: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Merge {
    pub tree: String,
    /// Files that the update changes, by kind.
    pub crates: BTreeSet<String>,
    pub changed: Vec<String>,
    pub derived: Vec<String>,
    /// What somebody has to settle.
    pub conflicts: Vec<String>,
    /// What somebody may want to know.
    pub notes: Vec<String>,
}

/// Crates that the team has changed.
pub(super) fn drifted(old: &Files, own: &Files) -> BTreeSet<String> {
    let there: BTreeSet<_> = own.keys().filter_map(|path| crate_of(path)).collect();
    let known = old.keys().filter_map(|path| crate_of(path));
    let known: BTreeSet<_> = known.filter(|name| there.contains(name)).collect();
    let paths = old.keys().chain(own.keys());
    let drifted = paths.filter(|path| old.get(*path) != own.get(*path));
    drifted
        .filter_map(|path| crate_of(path))
        .filter(|name| known.contains(name))
        .map(str::to_owned)
        .collect()
}

fn crate_of(path: &str) -> Option<&str> {
    crates_of(path).map(|it| it.0)
}

/// Merges, once `steps` are carried out; `labels` name the team's side and the
/// template's in markers.
pub(super) fn merge(
    work: &Work,
    trees: &Trees,
    steps: &[Step],
    labels: [&str; 2],
) -> Result<Merge, Error> {
    let member = trees.member.as_str();
    let record = format!("{member}{RECORD}");
    let had = work.files(&trees.own)?;
    let (mut old, mut own) = (work.files(&trees.old)?, had.clone());
    let new = work.files(&trees.new)?;
    let unformatted = work.files(&trees.unformatted)?;
    for (path, blob) in &mut own {
        if let (true, Some(formatted)) = (unformatted.get(path) == Some(blob), old.get(path)) {
            blob.clone_from(formatted);
        }
    }
    // What the template itself had elsewhere needs nobody.
    steps::carry_out(work, steps, &mut old, member)?;
    let left = steps::carry_out(work, steps, &mut own, member)?;
    migrations::check(&old, &own, &new, member)?;

    let (mut base, mut theirs) = (old.clone(), new.clone());
    // What both sides have changed and git must not merge: settled below.
    let settled: Vec<String> = (own.iter())
        .filter(|(path, blob)| {
            let both = |it: &Files| it.get(*path).is_some_and(|other| other != *blob);
            **path == record || (is_settled(path, member) && both(&old) && both(&new))
        })
        .map(|(path, _)| path.clone())
        .collect();
    for path in &settled {
        base.insert(path.clone(), own[path].clone());
        theirs.insert(path.clone(), own[path].clone());
    }
    migrations::keep(&old, &mut theirs, member, trees.store_changes);

    let commits = Commits::new(work, &base, &own, &theirs)?;
    let mut merged = commits.merge(work)?;
    let mut merge = Merge {
        notes: left,
        ..Merge::default()
    };
    let conflicts = std::mem::take(&mut merged.conflicts);
    for (path, stages) in &conflicts {
        settle(
            work,
            &mut merge,
            &mut merged.files,
            path,
            stages,
            &commits,
            labels,
        )?;
    }
    let mut files = merged.files;
    for path in &settled {
        let blob = &own[path];
        if *path == record {
            if let Some(pristine) = new.get(path) {
                let text = work.text(&pristine.object)? + &drift::section(work, &new)?;
                files.insert(path.clone(), work.write(&text, pristine)?);
            }
        } else if path.ends_with("Cargo.toml") {
            let texts = [&old[path], blob, &new[path]].map(|it| work.text(&it.object));
            let [base, ours, theirs] = texts;
            let merged = manifest::merge(work, &base?, &ours?, &theirs?, labels)
                .map_err(|error| Error::new(format!("{path}: {error}")))?;
            files.insert(path.clone(), work.write(&merged.text, blob)?);
            if !merged.conflicts.is_empty() {
                let keys = merged.conflicts.join(", ");
                merge.conflicts.push(format!("{path} ({keys})"));
            }
        }
    }
    merge
        .conflicts
        .extend(migrations::collisions(&old, &own, &new, member));
    derived::renew(work, &mut merge, &mut files, &own, &new, member)?;

    for path in files.keys().chain(had.keys()).collect::<BTreeSet<_>>() {
        if files.get(path) == had.get(path) {
            continue;
        }
        match crate_of(path) {
            Some(name) => {
                merge.crates.insert(name.to_owned());
            }
            None if derived::is_derived(path, member) => merge.derived.push(path.clone()),
            None => merge.changed.push(path.clone()),
        }
    }
    if !merge.crates.is_empty() {
        merge.notes.extend(sharers(&files, &record));
    }
    merge.tree = work.tree(&files)?;
    Ok(merge)
}

fn is_settled(path: &str, member: &str) -> bool {
    path == "Cargo.toml" || path.ends_with("/Cargo.toml") || derived::is_derived(path, member)
}

/// Of the other services in the workspace, what there is to know: they have the
/// new crates too.
fn sharers(files: &Files, record: &str) -> Vec<String> {
    let others = files.keys().filter(|path| *path != record);
    let folders = others.filter_map(|path| path.strip_suffix(&format!("/{RECORD}")));
    folders
        .map(|folder| {
            format!(
                "{folder}: has the crates of this version too now, and its own files as they \
                 were: cargo check --workspace says whether they fit, cargo xtask update there \
                 brings the rest"
            )
        })
        .collect()
}

/// One path that git could not merge.
fn settle(
    work: &Work,
    merge: &mut Merge,
    files: &mut Files,
    path: &str,
    stages: &BTreeMap<char, String>,
    commits: &Commits,
    labels: [&str; 2],
) -> Result<(), Error> {
    let stage = |number| stages.get(&number);
    match (stage('1'), stage('2'), stage('3')) {
        (Some(_), None, Some(_)) => {
            files.remove(path);
            merge.notes.push(format!(
                "{path}: deleted here, stays so; the template changed it"
            ));
            return Ok(());
        }
        (Some(_), Some(_), None) => {
            merge.notes.push(format!(
                "{path}: changed here, so it is kept; the template has no such file now"
            ));
            return Ok(());
        }
        _ => {}
    }
    let Some(blob) = files.get(path).cloned() else {
        merge.conflicts.push(format!("{path} (renamed by both)"));
        return Ok(());
    };
    let text = |number| {
        stage(number)
            .map(|object| work.text_if_any(object))
            .transpose()
    };
    let texts = [text('1')?, text('2')?, text('3')?].map(Option::flatten);
    if let [Some(base), Some(ours), Some(theirs)] = &texts {
        if Path::new(path).extension().is_some_and(|it| it == "toml")
            && let Ok(merged) = manifest::merge(work, base, ours, theirs, labels)
            && merged.conflicts.is_empty()
        {
            files.insert(path.to_owned(), work.write(&merged.text, &blob)?);
            return Ok(());
        }
        if let Some(merged) = beside::merge(work, base, ours, theirs)? {
            files.insert(path.to_owned(), work.write(&merged, &blob)?);
            return Ok(());
        }
    }
    let Some(text) = work.text_if_any(&blob.object)? else {
        merge.conflicts.push(format!(
            "{path} (no text in UTF-8: without markers in it, yours is there)"
        ));
        return Ok(());
    };
    let named = (text.replace(&commits.own, labels[0])).replace(&commits.new, labels[1]);
    files.insert(path.to_owned(), work.write(&named, &blob)?);
    merge.conflicts.push(path.to_owned());
    Ok(())
}

/// The trees as commits with a common past, as git wants them.
struct Commits {
    own: String,
    new: String,
}

/// What git made of it.
struct Merged {
    files: Files,
    /// Of each path that it could not merge, the objects by stage.
    conflicts: BTreeMap<String, BTreeMap<char, String>>,
}

impl Commits {
    fn new(work: &Work, base: &Files, own: &Files, new: &Files) -> Result<Self, Error> {
        let base = work.commit(&work.tree(base)?, None)?;
        Ok(Self {
            own: work.commit(&work.tree(own)?, Some(&base))?,
            new: work.commit(&work.tree(new)?, Some(&base))?,
        })
    }

    fn merge(&self, work: &Work) -> Result<Merged, Error> {
        // Renames are followed, of files and of folders, however many there are.
        let git: &Git = &work.git;
        let output = git.attempt(&[
            "-c",
            "merge.renames=true",
            "-c",
            "merge.directoryRenames=true",
            "-c",
            "merge.renameLimit=32767",
            "merge-tree",
            "--write-tree",
            "-z",
            &self.own,
            &self.new,
        ])?;
        if !matches!(output.status.code(), Some(0 | 1)) {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::new(format!("git merge-tree: {}", said.trim())));
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut parts = said.split('\0');
        let tree = parts.next().unwrap_or_default().to_owned();
        let mut conflicts = BTreeMap::<String, BTreeMap<char, String>>::new();
        // An empty part comes before what is said for people.
        for part in parts.take_while(|part| !part.is_empty()) {
            let Some((facts, path)) = part.split_once('\t') else {
                break;
            };
            let facts: Vec<_> = facts.split(' ').collect();
            if let [_, object, stage] = facts.as_slice() {
                let stage = stage.chars().next().unwrap_or('0');
                let stages = conflicts.entry(path.to_owned()).or_default();
                stages.insert(stage, (*object).to_owned());
            }
        }
        Ok(Merged {
            files: work.files(&tree)?,
            conflicts,
        })
    }
}
