//! Names that would collide with one that the service already uses in the same
//! file.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::names;

use super::comment::Comment;
use super::{is_constant, read, render};

/// Used inside, and yet fine: `cargo xtask generate --long` builds and tests a
/// service of each name.
pub(crate) const PROVEN: &[&str] = &["notification", "notifications"];

/// Words of the .proto language: they collide with nothing.
const PROTO: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "enum",
    "extend",
    "extensions",
    "float",
    "import",
    "int32",
    "int64",
    "map",
    "message",
    "oneof",
    "option",
    "optional",
    "package",
    "public",
    "repeated",
    "reserved",
    "returns",
    "rpc",
    "service",
    "stream",
    "string",
    "syntax",
    "to",
    "uint32",
    "uint64",
    "weak",
];

/// hooks/refused.rhai with the two lists that follow from the shared sources.
pub(crate) fn write(shared: &[String], text: &str) -> Result<String> {
    let mut resources = BTreeSet::new();
    let mut plurals = BTreeSet::new();
    for path in shared {
        let kind = path.rsplit('.').next().unwrap_or_default();
        if !matches!(kind, "rs" | "proto" | "sql") || is_constant(path) {
            continue;
        }
        let text = read(path)?;
        let text = Comment::of(path).map_or(text.clone(), |comment| comment.unmarked(&text));
        let mut identifiers = BTreeSet::new();
        collect(&text, kind, &mut identifiers);
        meetings(&identifiers, &mut resources, &mut plurals);
    }
    let text = render::with_list(text, "export const RESOURCES = [", &resources, "];")?;
    render::with_list(&text, "export const PLURALS = [", &plurals, "];")
}

/// Adds the names that would make two of one file's `identifiers` one.
fn meetings(
    identifiers: &BTreeSet<String>,
    resources: &mut BTreeSet<String>,
    plurals: &mut BTreeSet<String>,
) {
    let (named, others): (Vec<_>, Vec<_>) =
        (identifiers.iter()).partition(|identifier| !names::find(identifier).is_empty());
    for name in named {
        let [found] = &names::find(name)[..] else {
            continue;
        };
        let pascal = found.word.text.starts_with('O');
        let list = match found.word.text {
            "orders" | "Orders" => &mut *plurals,
            "order" | "Order" => &mut *resources,
            _ => continue,
        };
        list.extend((others.iter()).filter_map(|other| {
            let noun = other
                .strip_prefix(found.before)?
                .strip_suffix(found.after)?;
            let noun = if pascal {
                names::snake(noun)?
            } else {
                noun.to_owned()
            };
            (names::is_snake(&noun) && !PROVEN.contains(&noun.as_str())).then_some(noun)
        }));
    }
}

/// Adds the identifiers in the code of `text`, not in its comments and strings.
fn collect(text: &str, kind: &str, identifiers: &mut BTreeSet<String>) {
    let comment = if kind == "sql" { "--" } else { "//" };
    let mut rest = text;
    let mut word = String::new();
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            rest = &rest[1..];
            continue;
        }
        let raw = matches!(word.as_str(), "r" | "br") && rest.starts_with(['"', '#']);
        if raw {
            word.clear();
            rest = raw_string_end(rest);
            continue;
        }
        let keyword = kind == "proto" && PROTO.contains(&word.as_str());
        if !keyword && word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            identifiers.insert(word.clone());
        }
        word.clear();
        rest = if rest.starts_with(comment) {
            rest.find('\n').map_or("", |end| &rest[end..])
        } else if c == '"' {
            string_end(rest)
        } else {
            &rest[c.len_utf8()..]
        };
    }
}

/// What follows the raw string (or identifier) whose `r` stood before `text`.
fn raw_string_end(text: &str) -> &str {
    let rest = text.trim_start_matches('#');
    let Some(content) = rest.strip_prefix('"') else {
        return rest;
    };
    let end = format!("\"{}", &text[..text.len() - rest.len()]);
    (content.find(&end)).map_or("", |at| &content[at + end.len()..])
}

/// What follows the string at the start of `text`.
fn string_end(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}
