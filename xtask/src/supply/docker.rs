//! What an image is made of.

use super::is_pinned_image;

/// A scanner finds nothing in a program alone, and what it is made of in Cargo.lock.
const MATERIALS: &str = "ARG BUILDKIT_SBOM_SCAN_CONTEXT=true";

pub(super) fn problems(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut stages = vec!["scratch"];
    for line in text.lines() {
        if let Some(from) = line.strip_prefix("FROM ") {
            let words: Vec<&str> = from
                .split_whitespace()
                .filter(|word| !word.starts_with("--"))
                .collect();
            let image = words.first().copied().unwrap_or_default();
            if !stages.contains(&image) && !is_pinned_image(image) {
                found.push(format!("{image} is not pinned by its digest"));
            }
            stages.extend(words.get(2));
        }
        if line.contains("cargo build") && !line.contains("--locked") {
            found.push(format!("builds without --locked: {}", line.trim()));
        }
    }
    if text.contains("cargo build") && !text.lines().any(|line| line == MATERIALS) {
        found.push(format!(
            "its bill of materials names no crate: it has no {MATERIALS}"
        ));
    }
    found
}
