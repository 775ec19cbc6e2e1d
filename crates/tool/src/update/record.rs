//! `.template.toml`: what a service was generated from.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, TableLike};

use super::git::Git;
use crate::Error;

/// Where it stands.
pub(super) const RECORD: &str = ".template.toml";

/// Where a service came from, and the answers given.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub source: Option<String>,
    pub commit: Option<String>,
    pub version: String,
    /// By key, as they were given.
    pub values: Vec<(String, String)>,
    /// The checksums of shared crates as they came, by name; none where it does not say.
    pub crates: Vec<(String, String)>,
}

/// Of a path in `crates/`, the crate and the path within it.
pub(super) fn crates_of(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("crates/")?.split_once('/')
}

impl Record {
    fn parse(text: &str) -> Result<Self, Error> {
        let foreign = || {
            Error::new(format!(
                "{RECORD} is not what this template writes: take it from the first commit again"
            ))
        };
        let document: DocumentMut = text.parse().map_err(|_| foreign())?;
        let said = |key: &str| Some(document.get("template")?.get(key)?.as_str()?.to_owned());
        let values = (document.get("values"))
            .and_then(|it| it.as_table_like())
            .ok_or_else(foreign)?;
        let strings = |table: &dyn TableLike| -> Vec<(String, String)> {
            (table.iter())
                .filter_map(|(key, value)| Some((key.to_owned(), value.as_str()?.to_owned())))
                .collect()
        };
        let crates = document.get("crates").and_then(|it| it.as_table_like());
        let record = Self {
            source: said("source"),
            commit: said("commit"),
            version: said("version").ok_or_else(foreign)?,
            values: strings(values),
            crates: crates.map(strings).unwrap_or_default(),
        };
        record.value("project-name").ok_or_else(foreign)?;
        Ok(record)
    }

    /// That of the service in `root`; `None` if there is none.
    pub(super) fn read(root: &Path) -> Result<Option<Self>, Error> {
        let path = root.join(RECORD);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(&path, &error)),
        }
    }

    /// An answer.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let value = self.values.iter().find(|(known, _)| known == key);
        value.map(|(_, value)| value.as_str())
    }
}

/// A service in a repository.
#[derive(Debug)]
pub(super) struct Service {
    /// The workspace that it is, or is a member of.
    pub unit: PathBuf,
    /// The workspace within the repository: empty, or ending with a slash.
    pub prefix: String,
    /// The service within the workspace: empty, or ending with a slash.
    pub member: String,
    /// In the workspace.
    pub git: Git,
    pub record: Record,
}

impl Service {
    /// The one that `here` is in.
    pub(super) fn find(here: &Path) -> Result<Self, Error> {
        let root = (here.ancestors().find(|it| it.join(RECORD).is_file())).ok_or_else(|| {
            Error::new(format!(
                "{} is in no service of this template: neither it nor a folder above has {RECORD}; \
                 change into the service's folder",
                here.display()
            ))
        })?;
        let record = Record::read(root)?
            .ok_or_else(|| Error::new(format!("{RECORD} has gone from {}", root.display())))?;
        let unit = workspace(root).ok_or_else(|| {
            Error::new(format!(
                "{} is in no workspace: neither its Cargo.toml nor one above has [workspace]",
                root.display()
            ))
        })?;
        let git = Git::at(&unit);
        let prefix = git.text(&["rev-parse", "--show-prefix"]).map_err(|_| {
            Error::new(format!(
                "{} is in no git repository: run git init, and commit what is there",
                unit.display()
            ))
        })?;
        let member = root.strip_prefix(&unit).unwrap_or(root);
        let member = member.to_string_lossy().into_owned();
        Ok(Self {
            member: if member.is_empty() {
                member
            } else {
                member + "/"
            },
            unit,
            prefix,
            git,
            record,
        })
    }

    /// Refuses what would be overlooked: changes without a commit, and merges
    /// that have no end yet.
    pub(super) fn check_clean(&self) -> Result<(), Error> {
        if !self
            .git
            .succeeds(&["rev-parse", "--verify", "--quiet", "HEAD"])
        {
            return Err(Error::new(
                "nothing is committed yet: commit the service first",
            ));
        }
        for half in [
            "MERGE_HEAD",
            "CHERRY_PICK_HEAD",
            "REVERT_HEAD",
            // Also where it stops at a commit that has no conflict.
            "rebase-merge",
            "rebase-apply",
        ] {
            let place = self.git.text(&["rev-parse", "--git-path", half])?;
            if self.unit.join(place).exists() {
                return Err(Error::new(format!(
                    "a merge is half-finished ({half}): commit or abort it first"
                )));
            }
        }
        let changed = self.git.text(&["status", "--porcelain", "--", "."])?;
        if let Some(line) = changed.lines().next() {
            let more = changed.lines().count() - 1;
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            return Err(Error::new(format!(
                "{}{more} is not committed: commit it, or put it away with git stash -u",
                line.get(3..).unwrap_or(line)
            )));
        }
        Ok(())
    }

    /// What stands before a version in the names of its branches.
    pub(super) fn branches(&self) -> String {
        let folder = format!("{}{}", self.prefix, self.member);
        let folder = folder.trim_end_matches('/').replace('/', "-");
        if folder.is_empty() {
            "template-update-".to_owned()
        } else {
            format!("template-update-{folder}-")
        }
    }
}

/// The folder of the workspace that `root` is, or is in.
pub(super) fn workspace(root: &Path) -> Option<PathBuf> {
    let has = |folder: &&Path| {
        let text = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        text.lines().any(|line| line.trim() == "[workspace]")
    };
    root.ancestors().find(has).map(Path::to_owned)
}
