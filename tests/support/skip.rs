//{% capture source %}§{% raw %}
//! What cannot be tested here is said where it is seen: at once, and again in
//! the last lines of the output (`tests/zz_skipped.rs`).
#![allow(dead_code, reason = "each of its users needs a part")]

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Names the file that skips are noted in, for whoever runs several commands
/// and reads it after the last.
pub(crate) const NOTED: &str = "SKIPPED_TESTS";

/// Says that `what` is skipped, and what is `missing`.
///
/// # Errors
///
/// With `CI=true`: there nothing is skipped.
pub(crate) fn skip(what: &str, missing: &str) -> io::Result<()> {
    if env::var("CI").is_ok_and(|ci| !matches!(ci.as_str(), "" | "false")) {
        let refused = format!("{what}: {missing}; with CI=true nothing is skipped");
        return Err(io::Error::other(refused));
    }
    // Not by a macro: the harness keeps those words of a test that passes.
    writeln!(io::stderr(), "\n*** SKIPPED: {what}: {missing} ***\n")?;
    let Some(noted) = noted() else {
        return Ok(());
    };
    let mut noted = OpenOptions::new().append(true).create(true).open(noted)?;
    // At once, because tests run at the same time.
    noted.write_all(format!("{what}: {missing}\n").as_bytes())
}

/// Where skips are noted: one file for all that one cargo runs.
pub(crate) fn noted() -> Option<PathBuf> {
    if let Some(noted) = env::var_os(NOTED) {
        return Some(noted.into());
    }
    let folder = PathBuf::from(option_env!("CARGO_TARGET_TMPDIR")?);
    Some(folder.join(format!("skipped-{}", std::os::unix::process::parent_id())))
}

/// What is noted in `text`, each once, for people to read.
pub(crate) fn summary(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    lines.iter().fold(String::new(), |said, line| {
        said + "*** SKIPPED: " + line + " ***\n"
    })
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
