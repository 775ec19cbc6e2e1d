//! A shared crate under another name: its folder, manifests, and paths in Rust.

use std::str::FromStr as _;

use proc_macro2::{TokenStream, TokenTree};

use crate::update::work::Files;

/// Moves what is in the crate's folder.
pub(super) fn folder(files: &mut Files, from: &str, to: &str) {
    let (from, to) = (format!("crates/{from}/"), format!("crates/{to}/"));
    let within: Vec<_> = (files.keys().filter(|path| path.starts_with(&from)))
        .cloned()
        .collect();
    for path in within {
        if let Some(blob) = files.remove(&path) {
            files.insert(path.replacen(&from, &to, 1), blob);
        }
    }
}

/// The manifest at `path`; `None` if it does not have the crate.
pub(super) fn manifest(text: &str, path: &str, from: &str, to: &str) -> Option<String> {
    let own = path == format!("crates/{to}/Cargo.toml");
    let mut edited = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut line = line.to_owned();
        let key = line.trim_end().split(['=', '.']).next().unwrap_or_default();
        if key.trim() == from {
            line = line.replacen(from, to, 1);
        }
        for (before, after) in [
            ("crates/", "\""),
            ("../", "\""),
            ("dep:", "\""),
            ("\"", "/"),
            ("\"", "?/"),
            ("package = \"", "\""),
            ("dependencies.", "]"),
        ] {
            line = line.replace(
                &format!("{before}{from}{after}"),
                &format!("{before}{to}{after}"),
            );
        }
        if own {
            line = line.replace(&format!("name = \"{from}\""), &format!("name = \"{to}\""));
        }
        edited.push_str(&line);
    }
    (edited != text).then_some(edited)
}

/// Rust that names the crate at the beginning of a path, wherever it stands; `None`
/// if it does not, or is no Rust.
pub(super) fn rust(text: &str, from: &str, to: &str) -> Option<String> {
    let (from, to) = (from.replace('-', "_"), to.replace('-', "_"));
    if !text.contains(&from) {
        return None;
    }
    let mut places = Vec::new();
    find(TokenStream::from_str(text).ok()?, &from, &mut places);
    if places.is_empty() {
        return None;
    }
    let mut edited = text.to_owned();
    // From the end, so that what is before keeps its place.
    for range in places.into_iter().rev() {
        edited.replace_range(range, &to);
    }
    Some(edited)
}

fn find(tokens: TokenStream, name: &str, places: &mut Vec<std::ops::Range<usize>>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let punct = |at: Option<usize>, wanted: char| {
        at.and_then(|at| tokens.get(at))
            .is_some_and(|it| matches!(it, TokenTree::Punct(it) if it.as_char() == wanted))
    };
    let word = |at: Option<usize>, wanted: &[&str]| {
        at.and_then(|at| tokens.get(at))
            .is_some_and(|it| matches!(it, TokenTree::Ident(it) if wanted.iter().any(|w| it == w)))
    };
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => find(group.stream(), name, places),
            TokenTree::Ident(ident) if ident == name => {
                let before = at.checked_sub(1);
                let path = punct(Some(at + 1), ':') && punct(Some(at + 2), ':');
                let alone = word(before, &["use", "crate"])
                    && (punct(Some(at + 1), ';') || word(Some(at + 1), &["as"]));
                // `::name::` is the crate; `other::name::` is not.
                let inner = punct(before, '.')
                    || (punct(before, ':')
                        && at >= 3
                        && matches!(&tokens[at - 3], TokenTree::Ident(_)));
                if (path || alone) && !inner {
                    places.push(ident.span().byte_range());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{manifest, rust};

    #[test]
    fn paths_that_begin_with_the_crate_get_the_new_name() {
        let text = "\
use old_name::{a, b}; // old_name stays in comments
use old_name as other;
fn f(old_name: u8) -> ::old_name::T { crate::old_name::g(old_name); x.old_name::<u8>(); }
// Umlauts: äöü
m!(old_name::h(\"old_name::\"));
";
        let expected = "\
use new::{a, b}; // old_name stays in comments
use new as other;
fn f(old_name: u8) -> ::new::T { crate::old_name::g(old_name); x.old_name::<u8>(); }
// Umlauts: äöü
m!(new::h(\"old_name::\"));
";
        assert_eq!(rust(text, "old-name", "new").unwrap(), expected);
        assert_eq!(rust("fn f() {}", "old-name", "new"), None);
        assert_eq!(rust("old_name::f( {", "old-name", "new"), None);
    }

    #[test]
    fn manifests_name_it_wherever_a_dependency_can_stand() {
        let text = "\
[package]
name = \"old\"
[dependencies]
old = { path = \"crates/old\", features = [\"x\"] } # old
older = \"1\"
old.optional = true
renamed = { package = \"old\", path = \"../old\" }
[dev-dependencies.old]
[features]
a = [\"dep:old\", \"old/x\", \"old?/y\"]
";
        let expected = "\
[package]
name = \"old\"
[dependencies]
new = { path = \"crates/new\", features = [\"x\"] } # old
older = \"1\"
new.optional = true
renamed = { package = \"new\", path = \"../new\" }
[dev-dependencies.new]
[features]
a = [\"dep:new\", \"new/x\", \"new?/y\"]
";
        assert_eq!(
            manifest(text, "Cargo.toml", "old", "new").unwrap(),
            expected
        );
        let own = manifest("name = \"old\"\n", "crates/new/Cargo.toml", "old", "new");
        assert_eq!(own.unwrap(), "name = \"new\"\n");
        assert_eq!(manifest("a = \"1\"\n", "Cargo.toml", "old", "new"), None);
    }
}
