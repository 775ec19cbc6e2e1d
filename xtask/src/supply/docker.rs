//! What an image is made of.

use super::is_pinned_image;

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
    found
}
