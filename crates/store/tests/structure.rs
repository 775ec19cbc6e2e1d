//! The store knows no transport.
#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use std::fs;
use std::path::Path;

#[test]
fn no_source_names_a_transport() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let (mut read, mut found) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            read += 1;
            let text = fs::read_to_string(&path).unwrap();
            let words = ["tonic", "prost", "hyper", "http::"];
            let named = words.iter().filter(|word| text.contains(**word));
            found.extend(named.map(|word| format!("{}: {word}", path.display())));
        }
    }
    assert!(read > 30 && found.is_empty(), "{}", found.join("\n"));
}
