//! Manifests of which both sides changed something.

use super::{Side, merge_as};

const BASE: &str = "\
# Who it is.
[package]
name = \"x\"
edition = \"2024\"

[dependencies]
# For bytes.
bytes = \"1\"
http = \"1\"
tokio = { version = \"1.54\", features = [\"macros\", \"rt\"] }

[features]
default = [\"tls\"]
";

fn merged(ours: &str, theirs: &str) -> String {
    let (text, conflicts) = merge_as(Side::Ours, BASE, ours, theirs).unwrap();
    assert!(conflicts.is_empty(), "{conflicts:?}");
    text
}

#[test]
fn dependencies_that_both_sides_add_in_one_place_are_both_there() {
    let ours = BASE.replace("http = \"1\"\n", "http = \"1\"\nown = \"3\" # ours\n");
    let theirs = BASE.replace("http = \"1\"\n", "http = \"1\"\nhyper = \"1\"\n");
    let expected = BASE.replace(
        "http = \"1\"\n",
        "http = \"1\"\nhyper = \"1\"\nown = \"3\" # ours\n",
    );
    assert_eq!(merged(&ours, &theirs), expected);
    // The same one, added by both, is there once.
    assert_eq!(merged(&theirs, &theirs), theirs);
}

#[test]
fn features_are_merged_by_element() {
    let ours = BASE
        .replace("\"rt\"", "\"rt\", \"fs\"")
        .replace("[\"tls\"]", "[]");
    let theirs = BASE.replace("\"macros\", \"rt\"", "\"macros\", \"net\"");
    let text = merged(&ours, &theirs);
    assert!(
        text.contains("features = [\"macros\", \"fs\", \"net\"]"),
        "{text}"
    );
    assert!(text.contains("default = []"), "{text}");
}

#[test]
fn what_the_team_took_out_or_wrote_stays_so() {
    let ours = BASE
        .replace("http = \"1\"\n", "")
        .replace("# For bytes.", "# Ours, for bytes.");
    let theirs = BASE
        .replace("http = \"1\"", "http = \"1.2\"")
        .replace("bytes = \"1\"", "bytes = \"1.9\"");
    let text = merged(&ours, &theirs);
    assert!(!text.contains("http"), "{text}");
    assert!(
        text.contains("# Ours, for bytes.\nbytes = \"1.9\""),
        "{text}"
    );
}

#[test]
fn of_two_raised_versions_the_higher_stays() {
    let ours = BASE.replace("1.54", "1.60");
    let theirs = BASE
        .replace("1.54", "1.55")
        .replace("http = \"1\"", "http = \"2\"");
    let text = merged(&ours, &theirs);
    assert!(
        text.contains("1.60") && text.contains("http = \"2\""),
        "{text}"
    );
}

#[test]
fn a_key_that_both_changed_is_a_conflict_of_its_own() {
    let ours = BASE
        .replace("name = \"x\"", "name = \"ours\"")
        .replace("1.54", "=1.54.2");
    let theirs = BASE
        .replace("1.54", "1.55")
        .replace("http = \"1\"", "http = \"2\"");
    let (text, conflicts) = merge_as(Side::Ours, BASE, &ours, &theirs).unwrap();
    assert_eq!(conflicts, ["dependencies.tokio.version"]);
    assert!(
        text.contains("=1.54.2") && text.contains("http = \"2\""),
        "{text}"
    );
    let (text, _) = merge_as(Side::Theirs, BASE, &ours, &theirs).unwrap();
    assert!(
        text.contains("1.55") && text.contains("name = \"ours\""),
        "{text}"
    );
}

#[test]
fn new_tables_and_comments_of_the_template_arrive() {
    let theirs = BASE.replace("# Who it is.", "# What it is.") + "\n[lints]\nworkspace = true\n";
    let ours = BASE.to_owned() + "\n[workspace]\nmembers = [\"own\"]\n";
    let text = merged(&ours, &theirs);
    assert!(text.starts_with("# What it is.\n[package]"), "{text}");
    assert!(text.contains("[lints]\nworkspace = true\n"), "{text}");
    assert!(text.contains("members = [\"own\"]"), "{text}");
}

#[test]
fn comments_of_the_team_outlive_what_the_template_takes_out_or_replaces() {
    let ours = BASE
        .replace(
            "http = \"1\"\n",
            "# Ours: see the wiki.\nhttp = \"1\" # ours too\n",
        )
        .replace("[\"tls\"]", "[\n    # Ours, inside.\n    \"tls\",\n]");
    let theirs = BASE
        .replace("http = \"1\"\n", "")
        .replace("[\"tls\"]", "[\"jwt\"]");
    let text = merged(&ours, &theirs);
    assert!(!text.contains("http ="), "{text}");
    assert!(
        text.contains("\"jwt\"") && !text.contains("\"tls\""),
        "{text}"
    );
    assert!(
        text.contains("# Ours: see the wiki.\n# ours too\ntokio = "),
        "{text}"
    );
    assert!(text.contains("# Ours, inside.\n"), "{text}");

    // The last key of a table, and a whole table.
    let ours = BASE
        .replace("tokio = ", "# Ours.\ntokio = ")
        .replace("default = ", "# Ours, of features.\ndefault = ");
    let theirs = BASE.split("tokio = ").next().unwrap();
    let text = merged(&ours, theirs);
    assert!(
        !text.contains("tokio") && !text.contains("default"),
        "{text}"
    );
    for comment in ["# Ours.\n", "# Ours, of features.\n", "# For bytes.\n"] {
        assert_eq!(text.matches(comment).count(), 1, "{comment}: {text}");
    }
    // What is the template's own goes with it.
    let theirs = BASE.replace("# For bytes.\nbytes = \"1\"\n", "");
    assert!(!merged(BASE, &theirs).contains("bytes"));
}
