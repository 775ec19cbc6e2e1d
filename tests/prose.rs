//{% capture source %}§{% raw %}
//! What the prose says with numbers and names is what the code does.

#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aip::grpc::MAX_PATHS;
use clap::Parser;
use service::order::grpc::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use service::settings::Settings;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).unwrap()
}

/// Whether the crates that every service shares are here, and do not come by version.
fn has_crates() -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("crates")
        .exists()
}

/// The numbers in a text, thousands with commas; not the name of a standard.
fn numbers(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut before = "";
    for word in text.split_whitespace() {
        let number = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if before.trim_matches('(') != "ISO"
            && let Ok(number) = number.replace(',', "").parse()
        {
            found.push(number);
        }
        before = word;
    }
    found
}

/// The numbers in the comment of each field, rpc and message that has any.
fn promises(proto: &str) -> Vec<(String, Vec<u64>)> {
    let (mut place, mut comment, mut found) = (Vec::new(), String::new(), Vec::new());
    for line in proto.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("//") {
            comment.push_str(text);
            continue;
        }
        let words: Vec<_> = line.split_whitespace().collect();
        let name = match words[..] {
            ["message" | "enum" | "service", name, ..] => name,
            ["rpc", rpc, ..] => rpc.split('(').next().unwrap(),
            ["repeated", _, field, "=", ..] | [_, field, "=", ..] => field,
            _ => "",
        };
        let promised = numbers(&std::mem::take(&mut comment));
        if !promised.is_empty() {
            let path: Vec<&str> = place.iter().copied().chain([name]).collect();
            found.push((path.join("."), promised));
        }
        if line.ends_with('{') {
            place.push(name);
        } else if line.starts_with('}') {
            place.pop();
        }
    }
    found
}

/// The defaults.
fn settings() -> Settings {
    Settings::try_parse_from(["server"]).unwrap()
}

fn wide(number: usize) -> u64 {
    number.try_into().unwrap()
}

#[test]
fn the_document_says_how_often_events_are_marked_as_published() {
    let text = read("docs/architecture.md");
    assert_eq!(relay::SAVE_INTERVAL, Duration::from_millis(500));
    assert!(text.contains("The checkpoint is saved every half second"));
    let longest = relay::LONGEST_PAUSE.as_secs();
    let longest = format!("longer each time, up to {longest} s.");
    assert!(text.contains(&longest), "{longest}");
}

/// What else has a number is a rule, and said nowhere but there.
#[test]
fn the_numbers_of_the_api_are_those_of_the_code() {
    let (default, most) = (wide(DEFAULT_PAGE_SIZE), wide(MAX_PAGE_SIZE));
    let hours = settings().store.request_retention.as_secs() / 3600;
    let expected = [
        ("CreateOrderRequest.request_id", vec![hours]),
        ("ListOrdersRequest.page_size", vec![0, default, most, most]),
        ("UpdateOrderRequest.update_mask", vec![wide(MAX_PATHS)]),
    ]
    .map(|(place, numbers)| (place.to_owned(), numbers));
    assert_eq!(promises(&read("proto/acme/order/v1/order.proto")), expected);
}

#[test]
fn the_readme_says_how_long_and_where() {
    let readme = read("README.md");
    let says = |what: &str| assert!(readme.contains(what), "the README does not say: {what}");
    let settings = settings();
    let hours = settings.store.request_retention.as_secs() / 3600;
    says(&format!(
        "again returns the same, for {hours} hours (`--request-retention`)"
    ));
    assert_eq!(settings.store.request_retention, Duration::from_hours(24));
    says("`--request-retention` (a day)");
    assert_eq!(settings.store.event_retention, Duration::from_hours(7 * 24));
    says("`--event-retention` (a week)");
    let (grpc, admin) = (
        settings.common.server.listen.port(),
        settings.common.admin.admin_listen.port(),
    );
    says(&format!(
        "It listens on port {grpc} (gRPC) and {admin} (admin:"
    ));
}

#[test]
fn the_readme_knows_every_exit_code() {
    if !has_crates() {
        return;
    }
    let source = read("crates/chassis-core/src/exit.rs");
    let line = |line: &str| {
        let (_, value) = line
            .trim()
            .strip_prefix("pub const ")?
            .split_once(": u8 = ")?;
        value.trim_end_matches(';').parse().ok()
    };
    let codes: BTreeSet<u8> = source.lines().filter_map(line).collect();
    assert!(codes.len() > 3, "{codes:?}");
    let readme = read("README.md");
    let (_, section) = readme.split_once("\n## When it does not start\n").unwrap();
    let rows = section.lines().take_while(|line| !line.starts_with('#'));
    let first = |row: &str| row.strip_prefix("| ")?.split(' ').next()?.parse().ok();
    let documented: BTreeSet<u8> = rows.filter_map(first).collect();
    assert_eq!(documented, codes);
}

/// Words that look like reasons and are none.
const NO_REASONS: [&str; 3] = [
    "SCREAMING_SNAKE_CASE",
    "TCP_NODELAY",
    "UPSTREAM_UNREACHABLE",
];
/// Reasons of one word, which others look like.
const SHORT_REASONS: [&str; 3] = ["DRAINING", "OVERLOADED", "INTERNAL"];

#[test]
fn the_readme_knows_every_reason() {
    if !has_crates() {
        return;
    }
    let readme = read("README.md");
    let (_, table) = readme.split_once("\n| Code | Reasons |").unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let reasons = rows.filter_map(|row| row.split('|').nth(2));
    let documented: BTreeSet<&str> = reasons
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();

    let mut sources = Vec::new();
    let crates = ["", "-client", "-core", "-grpc", "-identity", "-server"];
    let folders = crates.map(|part| format!("crates/chassis{part}/src"));
    for folder in (folders.iter().map(String::as_str)).chain(["crates/aip/src", "src"]) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        collect(&root.join(folder), &mut sources);
    }
    let texts: Vec<_> = sources
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let code = texts
        .iter()
        .map(|text| text.split("#[cfg(test)]").next().unwrap());
    let lines = code.flat_map(str::lines);
    let lines = lines.filter(|line| !line.contains("env = ") && !line.contains("env!("));
    let words = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    let given: BTreeSet<&str> = words
        .filter(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .filter(|word| word.contains('_') || SHORT_REASONS.contains(word))
        .filter(|word| !word.starts_with('_') && !NO_REASONS.contains(word))
        .collect();
    let unknown: Vec<_> = given.difference(&documented).collect();
    assert!(
        unknown.is_empty(),
        "add to the README's table of codes, or to NO_REASONS here: {unknown:?}"
    );
    let gone: Vec<_> = documented.difference(&given).collect();
    assert!(
        gone.is_empty(),
        "the README has reasons that nobody gives: {gone:?}"
    );
}

/// The files of what answers callers.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Those of settings are names of variables, those of the wire names of codes.
        let is_list = |stem| stem == "settings" || stem == "wire";
        if path.file_stem().is_some_and(is_list) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
