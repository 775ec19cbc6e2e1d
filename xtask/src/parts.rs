//! Parts of files that only some answers want, as hooks/parts.rhai has them: a second
//! implementation, by which the hook is judged and lock files are made.

use anyhow::{Result, bail, ensure};

use crate::tree;

/// The comment signs that a line of a part's begin or end may have.
const SIGNS: [(&str, &str); 5] = [
    ("//", ""),
    ("#", ""),
    ("--", ""),
    ("<!--", "-->"),
    ("{{- /*", "*/}}"),
];

/// What makes a line a comment in the tree alone.
const ADDED: [&str; 4] = ["//+ ", "#+ ", "<!--+ ", " +-->"];

/// The answers that parts depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// `order`, `none` or `gateway`.
    pub sample: &'a str,
    /// `sqlite`, `postgres`, `both` or `none`.
    pub store: &'a str,
    /// `nats` or `none`.
    pub events: &'a str,
}

impl Parts<'_> {
    /// Those that the tree itself has, beside `tree`.
    pub const TREE: Parts<'static> = Parts {
        sample: "order",
        store: "both",
        events: "nats",
    };

    /// Whether the part of this name is wanted; `None` if there is none.
    #[must_use]
    pub fn wants(self, name: &str) -> Option<bool> {
        let store = |names: &[&str]| names.contains(&self.store);
        Some(match name {
            "sqlite" => store(&["sqlite", "both"]),
            "postgres" => store(&["postgres", "both"]),
            "both" => store(&["both"]),
            "sqlite-only" => store(&["sqlite"]),
            "postgres-only" => store(&["postgres"]),
            "sample" => self.sample == "order",
            "store" => !store(&["none"]),
            "stateless" => store(&["none"]),
            "tree" => false,
            "nats" => self.events == "nats",
            "quiet" => self.events != "nats",
            _ => return None,
        })
    }

    /// Whether a file of the sample, with the names of the tree, is not there.
    #[must_use]
    pub fn lacks(self, path: &str) -> bool {
        let lacks = |part: &str, gone: &[&str]| {
            self.wants(part) == Some(false) && gone.iter().any(|gone| tree::is_in(path, gone))
        };
        lacks("nats", &["crates/relay", "src/publish.rs"])
            || lacks(
                "sqlite",
                &["helm/templates/workload/pvc.yaml", "migrations/sqlite"],
            )
            || lacks(
                "postgres",
                &[
                    "deploy/values/replicated.yaml",
                    "helm/templates/workload/migrate-job.yaml",
                    "helm/tests/canary_test.yaml",
                    "migrations/postgres",
                    "tests/support",
                    "tests/zz_skipped.rs",
                ],
            )
    }

    /// What is left of `text`.
    ///
    /// # Errors
    ///
    /// If a part is unknown, not ended or within another that is cut out.
    pub fn of(self, text: &str) -> Result<String> {
        let (mut kept, mut gone): (String, Option<&str>) = (String::new(), None);
        let mut open = Vec::new();
        for line in text.split_inclusive('\n') {
            let Some((name, begins)) = edge(line) else {
                let is_feature = line.trim() == "#[cfg(feature = \"postgres\")]";
                if gone.is_none() && !(is_feature && self.store != "both") {
                    let line = match line.trim_end() {
                        "//+" | "#+" => "\n",
                        _ => line,
                    };
                    let line = ADDED
                        .iter()
                        .fold(line.to_owned(), |line, sign| line.replace(sign, ""));
                    kept.push_str(&line);
                }
                continue;
            };
            let Some(wanted) = self.wants(name) else {
                bail!("no part is called {name}");
            };
            // hooks/parts.rhai takes away no other indentation.
            let indented = line.len() - line.trim_start().len();
            ensure!(
                indented == 0 || indented % 4 == 0 && line.trim_start().starts_with("//"),
                "{name} is indented: put its line at the margin"
            );
            if begins {
                open.push(name);
            } else {
                ensure!(open.pop() == Some(name), "{name} ends where it is not open");
            }
            match gone {
                None if begins && !wanted => gone = Some(name),
                Some(cut) if !begins && cut == name => gone = None,
                _ => {}
            }
        }
        ensure!(open.is_empty(), "{open:?} does not end");
        Ok(kept)
    }
}

/// Whether `text` has a part.
#[must_use]
pub fn has(text: &str) -> bool {
    text.lines().any(|line| edge(line).is_some())
}

/// The part that a line begins (`true`) or ends.
fn edge(line: &str) -> Option<(&str, bool)> {
    let line = line.trim();
    let name = SIGNS.iter().find_map(|(open, close)| {
        let rest = line.strip_prefix(open)?.strip_prefix(":[")?;
        rest.strip_suffix(close)?.strip_suffix(']')
    })?;
    Some(match name.strip_prefix('/') {
        Some(name) => (name, false),
        None => (name, true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n#:[nats]\nb\n#:[/nats]\n    //:[quiet]\n    //+ c\n    //:[/quiet]\nd\n";

    #[test]
    fn what_is_wanted_is_left() {
        assert_eq!(Parts::TREE.of(TEXT).unwrap(), "a\nb\nd\n");
        let quiet = Parts {
            events: "none",
            ..Parts::TREE
        };
        assert_eq!(quiet.of(TEXT).unwrap(), "a\n    c\nd\n");
    }

    #[test]
    fn what_cannot_be_cut_out_is_an_error() {
        for text in [
            "#:[nats]\n",
            "#:[/nats]\n",
            "#:[natts]\n#:[/natts]\n",
            "  #:[nats]\n  #:[/nats]\n",
        ] {
            assert!(Parts::TREE.of(text).is_err(), "{text}");
        }
    }
}
