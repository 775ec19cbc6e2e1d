//! The crates that all services share come together: who raises dependencies one by
//! one leaves them alone.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::tree;

/// Their packages, where a name may stand for several.
fn shared(rules: &BTreeSet<String>) -> BTreeSet<String> {
    let manifests = tree::files().unwrap();
    let manifests = manifests.iter().filter(|path| {
        path.starts_with("crates/")
            && path.ends_with("/Cargo.toml")
            && path.matches('/').count() == 2
    });
    let names = manifests.map(|path| {
        let text = fs::read_to_string(tree::root().join(path)).unwrap();
        let line = text.lines().find(|line| line.starts_with("name = "));
        let name = line.unwrap().split('"').nth(1).unwrap();
        let family = name.split_once('-').map(|(head, _)| format!("{head}-*"));
        family
            .filter(|family| rules.contains(family))
            .unwrap_or_else(|| name.to_owned())
    });
    names.collect()
}

#[test]
fn dependabot_leaves_the_shared_crates_alone() {
    let text = fs::read_to_string(tree::root().join(".github/dependabot.yml")).unwrap();
    let rules: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- dependency-name: "))
        .map(|name| name.trim_matches('"').to_owned())
        .collect();
    assert_eq!(rules, shared(&rules));
}

#[test]
fn renovate_leaves_the_shared_crates_alone() {
    let text = fs::read_to_string(tree::root().join("template/renovate.json")).unwrap();
    let settings: Value = serde_json::from_str(&text).unwrap();
    let rule = &settings["packageRules"][0];
    assert_eq!(rule["enabled"], false);
    // What it does instead: `cargo update`, which follows a tag that has moved.
    assert_eq!(settings["lockFileMaintenance"]["enabled"], true);
    let names = rule["matchDepNames"].as_array().unwrap();
    let rules: BTreeSet<_> = names
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(rules, shared(&rules));
}
