//{% capture source %}§{% raw %}
//! Dependencies point one way. What `docs/architecture.md` calls invariants.

#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use std::fs;
use std::path::{Path, PathBuf};

/// Where, and the words that must not be found there.
const RULES: [(&str, &[&str]); 4] = [
    (
        "src/order",
        &[
            "tonic",
            "prost",
            "rusqlite",
            "tokio_postgres",
            "crate::proto",
            "chassis",
            "http",
        ],
    ),
    (
        "src/order/grpc",
        &["rusqlite", "tokio_postgres", "order::store"],
    ),
    (
        "src/order/store",
        &["tonic", "prost", "crate::proto", "grpc"],
    ),
    // What it writes may name them; what it uses may not.
    (
        "crates/contract/src",
        &["use tonic", "use tokio", "use chassis"],
    ),
];

#[test]
fn dependencies_point_one_way() {
    let mut found = Vec::new();
    for (place, words) in RULES {
        for file in sources(Path::new(env!("CARGO_MANIFEST_DIR")), place) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in code.enumerate() {
                let word = words.iter().find(|word| line.contains(**word));
                found.extend(word.map(|word| format!("{}:{number}: {word}", file.display())));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The files of a module; of the domain without its adapters.
fn sources(root: &Path, place: &str) -> Vec<PathBuf> {
    let adapters = |path: &Path| {
        place == "src/order"
            && ["grpc", "grpc.rs", "store"]
                .iter()
                .any(|name| path.ends_with(name))
    };
    let mut files = Vec::new();
    let mut folders = vec![root.join(place)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                _ if adapters(&path) => {}
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    assert!(
        !files.is_empty(),
        "{place} is empty: the rule has lost its object"
    );
    files
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
