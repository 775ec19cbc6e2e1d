//{% capture source %}§{% raw %}
//! The last of the tests by its name: says again what the others skipped.

#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

#[path = "support/skip.rs"]
mod skip;

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Output};

use skip::{NOTED, noted, skip, summary};

#[test]
fn what_was_skipped_is_said_last() {
    let Some(path) = noted() else {
        return;
    };
    let said = summary(&fs::read_to_string(&path).unwrap_or_default());
    // Somebody else's file is theirs to end.
    if env::var_os(NOTED).is_none() {
        let _ = fs::remove_file(&path);
    }
    if !said.is_empty() {
        write!(io::stderr(), "\n\n{said}\n").unwrap();
    }
}

/// Set for the process that skips.
const MARK: &str = "SKIPS_SOMETHING";

/// Not a test of its own: passes, and skips.
#[test]
#[ignore = "started by the other test"]
fn something_is_skipped() {
    if env::var_os(MARK).is_some() {
        skip("something", "a tool is not here").unwrap();
    }
}

/// Runs the test above, and whoever reads what it noted.
fn run(name: &str, file: &Path, ci: &str) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["--include-ignored", "--exact", name])
        .env(MARK, "yes")
        .env(NOTED, file)
        .env("CI", ci)
        .output()
        .unwrap()
}

#[test]
fn a_skip_is_seen_although_its_test_passes() {
    const SAID: &str = "*** SKIPPED: something: a tool is not here ***";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("noted");
    for name in ["something_is_skipped", "what_was_skipped_is_said_last"] {
        let output = run(name, &file, "");
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(SAID), "{name} said {said:?}");
    }
}

#[test]
fn in_ci_a_skip_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let output = run("something_is_skipped", &dir.path().join("noted"), "true");
    assert!(!output.status.success(), "{output:?}");
}

#[test]
fn no_test_comes_after_this_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(
        names.max().unwrap(),
        "zz_skipped.rs",
        "its words would not be the last"
    );
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
