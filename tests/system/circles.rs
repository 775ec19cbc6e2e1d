//{% capture source %}§{% raw %}
//! The modules of a crate import one way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Cargo forbids cycles between crates; this, between the modules at the top of one.
#[test]
fn modules_of_a_crate_do_not_import_each_other_in_a_circle() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let mut found = Vec::new();
    for entry in fs::read_dir(&crates).unwrap() {
        let sources = entry.unwrap().path().join("src");
        let circle = circle(&imports(&sources));
        if !circle.is_empty() {
            let modules: Vec<_> = circle.iter().map(String::as_str).collect();
            found.push(format!("{}: {}", sources.display(), modules.join(" ")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

type Imports = BTreeMap<String, BTreeSet<String>>;

/// What each module at the top of a crate names of the others.
fn imports(sources: &Path) -> Imports {
    let mut imports = Imports::new();
    for file in sources_in(sources) {
        let inside = file.strip_prefix(sources).unwrap().with_extension("");
        let path: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
        let depth = if path[0] == "lib" { 0 } else { path.len() };
        let text = fs::read_to_string(&file).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let of = imports.entry(path[0].clone().into_owned()).or_default();
        of.extend(code.flat_map(|line| named(line, depth)));
    }
    let modules: BTreeSet<_> = imports.keys().cloned().collect();
    for (module, named) in &mut imports {
        named.retain(|name| name != module && modules.contains(name));
    }
    imports
}

/// What a line names at the top of its crate, in a module so deep within it:
/// `crate::…`, `crate::{…, …}`, or as many times `super::`.
fn named(line: &str, depth: usize) -> Vec<String> {
    let word = |text: &str| -> String {
        let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        text.trim_start().chars().take_while(is_name).collect()
    };
    let mut tails: Vec<_> = line.split("crate::").skip(1).collect();
    let mut rest = line;
    while let Some(at) = rest.find("super::") {
        let (mut steps, mut tail) = (0, &rest[at..]);
        while let Some(next) = tail.strip_prefix("super::") {
            (steps, tail) = (steps + 1, next);
        }
        if steps == depth {
            tails.push(tail);
        }
        rest = tail;
    }
    let mut found = Vec::new();
    for tail in tails {
        match tail.strip_prefix('{') {
            None => found.push(word(tail)),
            Some(list) => found.extend(list.split(',').map(word)),
        }
    }
    found
}

/// What is left once those modules are taken away that import none of the
/// others, and those that none of the others imports.
fn circle(imports: &Imports) -> BTreeSet<String> {
    let mut left: BTreeSet<_> = imports.keys().cloned().collect();
    loop {
        let is_imported =
            |module: &String| left.iter().any(|other| imports[other].contains(module));
        let goes = |module: &&String| imports[*module].is_disjoint(&left) || !is_imported(module);
        let Some(gone) = left.iter().find(goes).cloned() else {
            return left;
        };
        left.remove(&gone);
    }
}

fn sources_in(folder: &Path) -> Vec<PathBuf> {
    if folder.is_file() {
        return vec![folder.to_path_buf()];
    }
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
