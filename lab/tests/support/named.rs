//! Tests that documents name, and whether they are there.

use std::fs;
use std::path::Path;

/// A file of this repository; empty if there is none.
pub(crate) fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_default()
}

/// The words between backticks.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Fails unless `cell` names files and, after each, tests or functions that are there, one
/// at least.
pub(crate) fn held(place: &str, cell: &str) {
    let (mut source, mut held) = (String::new(), 0);
    for word in code(cell) {
        if word.contains('/') && word.contains('.') {
            source = read(word);
            assert!(!source.is_empty(), "{place}: there is no {word}");
        } else {
            let is_there = [
                format!("fn {word}("),
                format!("- it: {word}\n"),
                format!("const {word}: "),
            ]
            .iter()
            .any(|line| source.contains(line.as_str()));
            assert!(is_there, "{place}: there is no test {word}");
            held += 1;
        }
    }
    assert!(held > 0, "{place}: {cell} names no test");
}
