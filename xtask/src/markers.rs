//! `cargo xtask markers`: what makes the tree a template.
//!
//! A file with a name in it begins and ends with one comment line that only
//! Liquid understands: everything between them is captured as it stands, the
//! names are replaced, and nothing of the two lines is left.

mod comment;
mod lock;
mod refused;
mod render;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::names;
use crate::owned;
use crate::parts::{self, Parts};
use crate::tree;
use comment::Comment;

/// The files of a generated service, with placeholders for the names.
pub const SNAPSHOT: &str = "xtask/snapshots/files.txt";

/// `cargo xtask markers`
#[derive(clap::Args)]
pub struct Args {
    /// Changes nothing; fails if something would change.
    #[arg(long)]
    check: bool,
}

/// One file that is to be written.
struct Change {
    path: String,
    text: String,
}

/// Writes markers and lists, or says what is missing.
pub fn run(args: &Args) -> Result<()> {
    let config = read("cargo-generate.toml")?;
    let files = tree::files()?;
    let shared = tree::shared(&files, &config);
    let mut problems = Vec::new();
    let mut changes = Vec::new();

    let patterns = patterns(&shared)?;
    let mut include: BTreeSet<String> = patterns.clone();
    for path in &shared {
        let marked = patterns.iter().any(|pattern| matches(pattern, path));
        match mark(path, marked) {
            Ok(Some(text)) => changes.push(Change {
                path: path.clone(),
                text,
            }),
            Ok(None) => {}
            Err(error) => problems.push(format!("{path}: {error}")),
        }
    }
    for path in files
        .iter()
        .filter_map(|path| path.strip_prefix("template/"))
    {
        let place = format!("template/{path}");
        let Ok(text) = read(&place) else {
            continue;
        };
        let lies = laid(path).unwrap_or(path);
        let covered = include.iter().any(|pattern| matches(pattern, lies));
        if render::differs(path) || parts::has(&text) {
            let text = mark(&place, true)?.context("not text")?;
            changes.push(Change { path: place, text });
            if !covered {
                include.insert(format!("/{lies}"));
            }
            continue;
        }
        // What stands in braces there is Helm's.
        let is_chart = lies.starts_with("helm/templates/");
        if render::is_rendered(&text) && !covered && !is_chart {
            include.insert(format!("/{}", names::replace(lies, |_| "*".into())));
        }
    }

    let listed = render::with_list(&config, "include = [", &include, "]")?;
    changes.push(Change {
        path: "cargo-generate.toml".into(),
        text: listed,
    });
    let refused = refused::write(&shared, &read("hooks/refused.rhai")?)?;
    changes.push(Change {
        path: "hooks/refused.rhai".into(),
        text: refused,
    });
    for sample in lock::SAMPLES {
        changes.push(Change {
            path: sample.path().into(),
            text: lock::text(&files, &shared, sample)?,
        });
    }
    for path in lock::BESIDE {
        changes.push(Change {
            path: path.into(),
            text: lock::of_other(path)?,
        });
    }
    changes.push(Change {
        path: SNAPSHOT.into(),
        text: snapshot(&files, &shared),
    });
    changes.push(Change {
        path: owned::PAGE.into(),
        text: owned::kept()?,
    });
    changes.retain(|change| read(&change.path).ok().as_ref() != Some(&change.text));

    for Change { path, text } in &changes {
        if args.check {
            problems.push(format!(
                "{path}: is not up to date, run `cargo xtask markers`"
            ));
        } else {
            fs::write(tree::root().join(path), text).with_context(|| path.clone())?;
            println!("wrote {path}");
        }
    }
    if !problems.is_empty() {
        bail!("the tree is no template yet:\n  {}", problems.join("\n  "));
    }
    println!(
        "{} of {} shared files carry names",
        include.len(),
        shared.len()
    );
    Ok(())
}

/// What a service consists of, if CI is GitHub's.
fn snapshot(files: &[String], shared: &[String]) -> String {
    let ours = [
        "cargo-generate.toml",
        "join",
        "wrong-folder.rhai",
        ".gitlab-ci.yml",
        "renovate.json",
    ];
    let overlay = files
        .iter()
        .filter_map(|path| path.strip_prefix("template/"))
        .filter(|path| !ours.contains(path) && laid(path).is_none())
        .map(str::to_owned);
    let shared = shared.iter().map(|path| {
        names::replace(path, |word| match word.text {
            "order" => "<resource>".into(),
            "orders" => "<resources>".into(),
            "acme" => "<organisation>".into(),
            other => other.into(),
        })
    });
    let all: BTreeSet<String> = shared
        .chain(overlay)
        .chain([".template.toml".into()])
        .collect();
    all.into_iter()
        .fold(String::new(), |list, path| list + &path + "\n")
}

/// Folders of template/ that are laid over a service without the sample.
const LAYERS: [&str; 4] = ["none/", "hello/", "gateway/", "gateway-hello/"];

/// Where a file of template/ lies in a service without the sample, if it is for
/// those.
pub fn laid(path: &str) -> Option<&str> {
    LAYERS.iter().find_map(|layer| path.strip_prefix(layer))
}

/// The text of a file of the tree.
///
/// # Errors
///
/// If it cannot be read.
pub fn read(path: &str) -> Result<String> {
    fs::read_to_string(tree::root().join(path)).with_context(|| path.to_owned())
}

/// Where every source carries markers, whether there is a name in it or not: one
/// pattern each, and nobody has to know which file has one.
const SOURCES: &[(&str, &str)] = &[
    ("examples", "rs"),
    ("migrations", "sql"),
    ("src", "rs"),
    ("tests", "rs"),
];

/// Whether `path` is one of the sources in `folder`.
fn is_source(path: &str, folder: &str, kind: &str) -> bool {
    tree::is_in(path, folder) && path.rsplit_once('.').is_some_and(|(_, end)| end == kind)
}

/// Which shared files Liquid renders, as cargo-generate.toml writes it: their
/// paths after the names in them have been replaced by something unknown.
fn patterns(shared: &[String]) -> Result<BTreeSet<String>> {
    let mut patterns = BTreeSet::new();
    for path in shared {
        let source = (SOURCES.iter()).find(|(folder, kind)| is_source(path, folder, kind));
        if let Some((folder, kind)) = source {
            patterns.insert(format!("/{folder}/**/*.{kind}"));
            continue;
        }
        let bytes = fs::read(tree::root().join(path)).with_context(|| path.clone())?;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        let text = Comment::of(path).map_or(text.clone(), |comment| comment.unmarked(&text));
        let named = names::find(&text).iter().any(|found| !found.is_accident());
        let named = named && !is_constant(path) && !is_foreign(path);
        if named || parts::has(&text) || render::differs(path) {
            patterns.insert(format!("/{}", names::replace(path, |_| "*".into())));
        }
    }
    Ok(patterns)
}

/// Whether `path` is rendered with more than other names and without parts.
pub fn differs(path: &str) -> bool {
    render::differs(path)
}

/// `text` without markers, if it has some.
pub fn unmarked(path: &str, text: &str) -> Option<String> {
    let plain = Comment::of(path)?.unmarked(text);
    (plain != text).then_some(plain)
}

/// Whether nothing in `path` is ever renamed: it must not hold a name.
pub fn is_constant(path: &str) -> bool {
    tree::is_in(path, "crates")
}

/// Whether `path` is somebody else's: what it holds is no name.
pub fn is_foreign(path: &str) -> bool {
    path == "Cargo.lock" || tree::is_in(path, "crates/contract/protos")
}

/// The text that `path` should have, if it can be marked and should.
fn mark(path: &str, marked: bool) -> Result<Option<String>> {
    let Ok(text) = fs::read_to_string(tree::root().join(path)) else {
        return Ok(None);
    };
    let comment = Comment::of(path);
    let plain = comment.map_or(text.clone(), |comment| comment.unmarked(&text));
    check(path, &plain, marked)?;
    if !marked {
        return Ok(Some(plain));
    }
    let Some(comment) = comment else {
        bail!(
            "holds a name, but nothing in such a file can hide Liquid: take the name from somewhere else"
        );
    };
    comment.marked(&plain, path).map(Some)
}

/// What would go wrong when the names are replaced.
fn check(path: &str, text: &str, marked: bool) -> Result<()> {
    if is_foreign(path) {
        return Ok(());
    }
    Parts::TREE.of(text)?;
    let kept = render::kept(path, text);
    let above = text[..text.len() - kept.len()].lines().count();
    for found in names::find(kept) {
        let line = above + found.before.lines().count().max(1);
        let word = found.word.text;
        if is_constant(path) && !found.is_accident() {
            bail!("line {line}: the crate is the same in every service, but says \"{word}\"");
        }
        if marked && !is_constant(path) && found.is_accident() {
            bail!(
                "line {line}: \"{word}\" is part of another word, which would be renamed with it"
            );
        }
        if marked && !is_constant(path) && found.has_article() {
            bail!("line {line}: an article before \"{word}\" does not fit every noun");
        }
    }
    if marked && (text.contains("{% raw") || text.contains("{% endraw")) {
        bail!("contains Liquid's own raw tags");
    }
    Ok(())
}

/// Whether `pattern` of cargo-generate.toml covers `path`.
fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches('/');
    if let Some((folder, kind)) = pattern.split_once("/**/*.") {
        return is_source(path, folder, kind);
    }
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(pattern, part)| match pattern.split_once('*') {
                None => *pattern == part,
                Some((head, _)) => {
                    let tail = pattern.rsplit('*').next().unwrap_or_default();
                    part.starts_with(head)
                        && part.ends_with(tail)
                        && part.len() >= head.len() + tail.len()
                }
            })
}
