//{% capture source %}§{% raw %}
//! Dependencies point one way. What `docs/architecture.md` calls invariants.

#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use std::fs;
use std::path::{Path, PathBuf};

/// Where, and the words that must not be found there.
const RULES: [(&str, &[&str]); 3] = [
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
            "aip::grpc",
        ],
    ),
    (
        "src/order/grpc",
        &["rusqlite", "tokio_postgres", "order::table", "store::"],
    ),
    (
        "src/order/table.rs",
        &["tonic", "prost", "crate::proto", "grpc"],
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
    let is_adapter = |path: &PathBuf| {
        let path = path.strip_prefix(root.join("src/order"));
        place == "src/order"
            && path.is_ok_and(|path| {
                ["grpc", "grpc.rs", "table.rs"]
                    .iter()
                    .any(|name| path.starts_with(name))
            })
    };
    let mut files = sources_in(&root.join(place));
    files.retain(|path| !is_adapter(path));
    assert!(
        !files.is_empty(),
        "{place} is empty: the rule has lost its object"
    );
    files
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
