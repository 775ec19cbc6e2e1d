//{% capture source %}§{% raw %}
//! Every line of the threat model is held by a test that is there.

#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use std::fs;
use std::path::Path;

#[test]
fn every_line_is_held_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let is_template = root.join("cargo-generate.toml").exists();
    let mut missing = Vec::new();
    let mut held = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cell = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        if cell == "Held by" {
            continue;
        }
        let mut source = None;
        for word in cell.split('`').skip(1).step_by(2) {
            match &source {
                _ if Path::new(word).extension().is_some() => {
                    // A crate's tests stay with its own repository.
                    if word.starts_with("crates/") && !root.join(word).exists() && !is_template {
                        held += 1;
                        source = Some(String::new());
                        break;
                    }
                    source = Some(fs::read_to_string(root.join(word)).unwrap_or_default());
                }
                Some(source) if source.contains(&format!("fn {word}()")) => held += 1,
                _ => missing.push(word.to_owned()),
            }
        }
        if source.is_none() {
            missing.push(format!("a test for: {line}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(held > 0, "the table has lost its tests");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
