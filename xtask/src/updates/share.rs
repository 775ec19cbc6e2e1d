//! How much of the template's changes reaches a service how: with the version of a
//! crate, by a merge, or by hand.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{markers, tree};

/// Lines, by how they arrive.
#[derive(Clone, Copy, Default)]
struct Share {
    version: usize,
    merge: usize,
    hand: usize,
}

/// The last `count` commits that changed behaviour, and their lines; by hand are entries
/// of the changelog.
pub(super) fn table(count: usize) -> Result<String> {
    let config = markers::read("cargo-generate.toml")?;
    let log = git(&["log", "--no-merges", "--numstat", "--format=%x00%h %s"])?;
    let files = tree::files()?;
    let mut rows = Vec::new();
    for commit in log.split('\0').filter(|it| !it.is_empty()) {
        let (title, lines) = commit.split_once('\n').unwrap_or((commit, ""));
        let changes: Vec<_> = lines.lines().filter_map(change).collect();
        if changes.iter().any(|(_, path)| is_behaviour(path)) {
            let mut share = share(&changes, &config, &files);
            share.hand = by_hand(title)?;
            rows.push((title, share));
        }
        if rows.len() == count {
            break;
        }
    }
    Ok(print(&rows))
}

fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(tree::root())
        .output()?;
    ensure!(output.status.success(), "git {arguments:?} failed");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Of the commit that `title` begins with, the entries of the changelog that ask
/// for something: they say so first.
fn by_hand(title: &str) -> Result<usize> {
    let commit = title.split(' ').next().unwrap_or_default();
    let diff = git(&[
        "show",
        "--format=",
        "--unified=0",
        commit,
        "--",
        "CHANGELOG.md",
    ])?;
    Ok(diff
        .lines()
        .filter(|it| it.starts_with("+- By hand: "))
        .count())
}

/// A line of `--numstat`: lines added and taken out, and the path now.
fn change(line: &str) -> Option<(usize, String)> {
    let mut parts = line.split('\t');
    let added: usize = parts.next()?.parse().ok()?;
    let removed: usize = parts.next()?.parse().ok()?;
    let path = parts.next()?;
    // `a/{b => c}/d` and `a => b`.
    let path = match (path.split_once('{'), path.split_once(" => ")) {
        (Some((head, rest)), Some(_)) => {
            let (renamed, tail) = rest.split_once('}')?;
            let (_, new) = renamed.split_once(" => ")?;
            format!("{head}{new}{tail}").replace("//", "/")
        }
        (None, Some((_, new))) => new.to_owned(),
        _ => path.to_owned(),
    };
    Some((added + removed, path))
}

/// Whether a service behaves otherwise after it: code that runs, and the chart.
fn is_behaviour(path: &str) -> bool {
    let code = path.rsplit('.').next() == Some("rs")
        && !path.contains("/tests/")
        && !path.ends_with("/tests.rs")
        && (path.starts_with("src/")
            || path.starts_with("template/none/src/")
            || path
                .strip_prefix("crates/")
                .is_some_and(|it| it.contains("/src/")));
    let chart = path.starts_with("helm/templates/") || path.starts_with("migrations/");
    code || chart
}

fn share(changes: &[(usize, String)], config: &str, known: &[String]) -> Share {
    let mut share = Share::default();
    let left_out = tree::left_out(config);
    for (lines, path) in changes {
        let path = path.as_str();
        let within = path.strip_prefix("template/").unwrap_or(path);
        let ours = |path: &str| {
            [
                "hooks",
                "cargo-generate.toml",
                "xtask",
                "template/cargo-generate.toml",
            ]
            .iter()
            .any(|dir| tree::is_in(path, dir))
                || left_out.iter().any(|dir| tree::is_in(path, dir))
        };
        if path.starts_with("crates/") {
            // Tests of the crates too: who has crates by version need not have them.
            share.version += if ours(path) { 0 } else { *lines };
        } else if !path.starts_with("template/")
            && (ours(path) || known.contains(&format!("template/{path}")))
        {
            // Never in a service, or another one lies over it.
        } else if within.ends_with("Cargo.lock") || within == "helm/files/contract.yaml" {
            // Made anew in the service.
        } else {
            share.merge += lines;
        }
    }
    share
}

fn print(rows: &[(&str, Share)]) -> String {
    let mut text = "\
| Commit | Lines by version | Lines by merge | Entries by hand | By version |
|---|---|---|---|---|
"
    .to_owned();
    let mut all = Share::default();
    let mut row = |title: &str, share: Share| {
        let sum = (share.version + share.merge + share.hand).max(1);
        let percent = share.version * 100 / sum;
        let Share {
            version,
            merge,
            hand,
        } = share;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {title} | {version} | {merge} | {hand} | {percent} % |"
        );
    };
    for (title, share) in rows {
        row(title, *share);
        all.version += share.version;
        all.merge += share.merge;
        all.hand += share.hand;
    }
    row("all", all);
    text
}

#[cfg(test)]
mod tests {
    use super::{change, is_behaviour, share};

    #[test]
    fn a_renamed_file_counts_under_its_new_name() {
        for (line, path) in [
            ("3\t1\tsrc/a.rs", "src/a.rs"),
            ("3\t1\tsrc/{a => b}/c.rs", "src/b/c.rs"),
            ("3\t1\tsrc/{ => b}/c.rs", "src/b/c.rs"),
            ("3\t1\ta.rs => b.rs", "b.rs"),
        ] {
            assert_eq!(change(line), Some((4, path.to_owned())));
        }
        assert_eq!(change("-\t-\tlogo.png"), None);
    }

    #[test]
    fn what_a_service_never_has_does_not_count() {
        let config = "ignore = [\n    \"lab\",\n    \"crates/tool/tests\",\n]\n";
        let changes: Vec<_> = [
            "crates/tool/src/a.rs",
            "crates/tool/tests/a.rs",
            "lab/src/a.rs",
            "xtask/src/a.rs",
            "src/a.rs",
            "template/none/src/main.rs",
            "CHANGELOG.md",
            "Cargo.lock",
        ]
        .map(|path| (10, path.to_owned()))
        .into();
        let share = share(&changes, config, &["template/CHANGELOG.md".to_owned()]);
        assert_eq!((share.version, share.merge, share.hand), (10, 20, 0));
        assert!(is_behaviour("crates/tool/src/a.rs") && !is_behaviour("crates/tool/tests/a.rs"));
    }
}
