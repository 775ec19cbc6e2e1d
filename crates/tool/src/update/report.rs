//! What an update did, or would do, as people read it.

use std::fmt;

use super::merge::Merge;

/// How many paths of one kind are named.
const NAMED: usize = 12;

/// What an update came to.
#[derive(Debug, Default)]
pub struct Report {
    merge: Merge,
    old: String,
    new: String,
    branch: Option<String>,
    dry_run: bool,
}

impl Report {
    pub(super) fn new(merge: Merge, old: &str, new: &str, branch: &str) -> Self {
        Self {
            merge,
            old: old.to_owned(),
            new: new.to_owned(),
            branch: Some(branch.to_owned()),
            dry_run: false,
        }
    }

    /// Nothing to do.
    pub(super) fn current(version: &str) -> Self {
        Self {
            old: version.to_owned(),
            new: version.to_owned(),
            ..Self::default()
        }
    }

    /// The same, without a branch.
    pub(super) fn only_said(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self.branch = None;
        self
    }

    pub(super) fn tree(&self) -> &str {
        &self.merge.tree
    }

    /// Of the commit.
    pub(super) fn message(&self) -> String {
        let mut message = if self.old == self.new {
            format!("Change what the template was answered ({})\n", self.new)
        } else {
            format!("Update the template from {} to {}\n", self.old, self.new)
        };
        if !self.merge.conflicts.is_empty() {
            message += "\nTo be settled, between git's markers:\n- ";
            message += &self.merge.conflicts.join("\n- ");
            message.push('\n');
        }
        message
    }

    /// Whether the service is as it would be after it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let merge = &self.merge;
        merge.crates.is_empty()
            && merge.changed.is_empty()
            && merge.derived.is_empty()
            && merge.conflicts.is_empty()
    }

    /// Files that somebody has to settle.
    #[must_use]
    pub fn conflicts(&self) -> &[String] {
        &self.merge.conflicts
    }

    /// What happened that somebody may want to know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.merge.notes
    }

    /// The branch that was made.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "up to date: {}", self.new);
        }
        writeln!(f, "template {} -> {}", self.old, self.new)?;
        let merge = &self.merge;
        let crates: Vec<_> = merge.crates.iter().cloned().collect();
        for (kind, paths) in [
            ("crates", &crates),
            ("merged", &merge.changed),
            ("made anew", &merge.derived),
            ("conflicts", &merge.conflicts),
            ("to know", &merge.notes),
        ] {
            if paths.is_empty() {
                continue;
            }
            writeln!(f, "{kind}: {}", paths.len())?;
            // What somebody has to look at is named in full.
            let all = kind == "conflicts" || kind == "to know" || self.dry_run;
            let named = if all { paths.len() } else { NAMED };
            for path in paths.iter().take(named) {
                writeln!(f, "  {path}")?;
            }
            if paths.len() > named {
                writeln!(f, "  and {} more", paths.len() - named)?;
            }
        }
        let Some(branch) = &self.branch else {
            return writeln!(f, "nothing was changed");
        };
        if merge.conflicts.is_empty() {
            writeln!(f, "one commit on branch {branch}; try it, then take it:")?;
            writeln!(
                f,
                "  git switch {branch} && cargo xtask check && cargo test"
            )
        } else {
            writeln!(
                f,
                "one commit on branch {branch}, with conflicts; go on with:"
            )?;
            writeln!(f, "  git switch {branch}")?;
            writeln!(f, "settle what is between <<<<<<< and >>>>>>>, then:")?;
            writeln!(
                f,
                "  git add --all && git commit --amend --no-edit && cargo xtask check"
            )?;
            writeln!(f, "or leave nothing behind: cargo xtask update --abort")
        }
    }
}
