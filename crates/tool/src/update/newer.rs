//! Whether the template has a newer version: its source is asked for its tags.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::git::Git;
use super::record::Record;
use super::template::{numbers, without_login};
use crate::Error;

/// How long the source may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What there is to say of newer versions; nothing if there is none.
pub(super) fn newer(record: &Record) -> Option<String> {
    let Some(source) = &record.source else {
        return Some(
            "where the template is, is not recorded, so whether there is a newer version is not \
             known: the first update asks"
                .to_owned(),
        );
    };
    match listed(source) {
        Ok(refs) => news(&refs, record),
        Err(error) => Some(format!(
            "whether there is a newer version of the template is not known: {} cannot be \
             asked ({error})",
            without_login(source)
        )),
    }
}

/// Of `refs`, as `git ls-remote` prints them.
fn news(refs: &str, record: &Record) -> Option<String> {
    let mut refs = refs.lines().filter_map(|line| line.split_once('\t'));
    let versions = (refs.clone())
        .filter_map(|(_, name)| numbers(name.strip_prefix("refs/tags/v")?))
        .filter(|version| version.len() == 3);
    if let Some(newest) = versions.max() {
        let here = numbers(&record.version).unwrap_or_default();
        let newest_said: Vec<_> = newest.iter().map(u64::to_string).collect();
        return (newest > here).then(|| {
            format!(
                "version {} of the template is there, this is {}: cargo xtask update",
                newest_said.join("."),
                record.version
            )
        });
    }
    let (commit, _) = refs.find(|(_, name)| *name == "HEAD")?;
    (record.commit.as_deref()? != commit).then(|| {
        "the template has another commit than this was made from: cargo xtask update".to_owned()
    })
}

/// What the source has. A host that does not answer is not waited for.
fn listed(source: &str) -> Result<String, Error> {
    let failed = |error: std::io::Error| Error::new(error.to_string());
    let folder = tempfile::tempdir().map_err(failed)?;
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let mut child = Git::at(folder.path())
        .command(&["ls-remote", "--", source, "HEAD", "refs/tags/v*"])
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).map_err(failed)?)
        .stderr(std::fs::File::create(&err).map_err(failed)?)
        .spawn()
        .map_err(failed)?;
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            let path = if status.success() { out } else { err };
            let said = std::fs::read_to_string(path).map_err(failed)?;
            if status.success() {
                return Ok(said);
            }
            let line = said.lines().next().unwrap_or("it says nothing");
            return Err(Error::new(line.trim_start_matches("fatal: ").to_owned()));
        }
        if begun.elapsed() > PATIENCE {
            // Gone already, if it fails.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Error::new(format!("no answer in {} s", PATIENCE.as_secs())));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, news};

    fn record() -> Record {
        Record {
            source: None,
            commit: Some("1111".to_owned()),
            version: "0.9.0".to_owned(),
            values: Vec::new(),
            crates: Vec::new(),
        }
    }

    #[test]
    fn the_highest_version_counts_and_what_is_no_version_does_not() {
        let refs = "2222\tHEAD\n3\trefs/tags/v0.9.0\n4\trefs/tags/v0.10.0\n5\trefs/tags/v0.10.0^{}\n\
                    6\trefs/tags/v0.11\n7\trefs/tags/vision\n";
        let said = news(refs, &record()).unwrap();
        assert!(said.starts_with("version 0.10.0 of the template is there, this is 0.9.0"));
        assert_eq!(news("2222\tHEAD\n3\trefs/tags/v0.9.0\n", &record()), None);
    }

    #[test]
    fn where_nothing_is_released_the_commit_counts() {
        assert!(news("2222\tHEAD\n", &record()).is_some());
        assert_eq!(news("1111\tHEAD\n", &record()), None);
        assert_eq!(news("", &record()), None);
    }
}
