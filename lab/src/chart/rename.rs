//! The chart as another service gets it, by the same plain replacement.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Longest first, so that no name is cut by a shorter one.
const WORDS: [(&str, &str); 6] = [
    ("order-service", "fleet-api"),
    ("orders", "delivery_vans"),
    ("Orders", "DeliveryVans"),
    ("order", "delivery_van"),
    ("Order", "DeliveryVan"),
    ("acme", "globex"),
];

/// One text in other words.
pub(super) fn text(text: &str) -> String {
    WORDS
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Replaces `to` by the renamed files of `from`.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(to);
    copy_tree(from, to, &text)
}

/// Copies a folder of text files, each through `change`.
pub(super) fn copy_tree(from: &Path, to: &Path, change: &dyn Fn(&str) -> String) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let into = to.join(path.file_name().context("an entry has a name")?);
        if path.is_dir() {
            copy_tree(&path, &into, change)?;
        } else {
            fs::write(into, change(&fs::read_to_string(&path)?))?;
        }
    }
    Ok(())
}
