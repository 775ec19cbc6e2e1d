//! Files that settings name, read whole: only what is a file, and no more of it
//! than such a file can hold. A link to a device would never end.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::printable::{is_hidden, printable};

/// Most bytes of a file that is read: certificates, keys, key sets, credentials,
/// URLs.
pub const MOST_BYTES: u64 = 1 << 20;

/// The longest path that is shown.
const LONGEST: usize = 255;

/// The file at `path`.
///
/// # Errors
/// What opening and reading give; also if it is no regular file, or has more
/// than [`MOST_BYTES`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe that nobody writes to would wait.
    regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    // It may have been swapped.
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it has more than 1 MiB"));
    }
    Ok(bytes)
}

/// As [`read`], of text.
///
/// # Errors
/// As [`read`]; also if it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::other("it is not text in UTF-8"))
}

fn regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() {
        "it is a folder"
    } else {
        "it is not a regular file"
    };
    Err(io::Error::other(what))
}

/// `path` as errors show it. What stands where a path belongs may be what the
/// file was to hold, by mistake: a key, or a URL with a password. That is not
/// shown.
#[must_use]
pub fn shown(path: &Path) -> impl fmt::Display {
    let text = path.to_string_lossy();
    let is_path = text.len() <= LONGEST
        && !text.contains(is_hidden)
        && !text.contains("://")
        && !text.contains("-----")
        && !text.contains('{');
    if is_path {
        printable(&text).into_owned()
    } else {
        "(a value that is no path)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_files_of_a_sane_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let limit = usize::try_from(MOST_BYTES).unwrap();
        fs::write(path("whole"), vec![b'x'; limit]).unwrap();
        fs::write(path("large"), vec![b'x'; limit + 1]).unwrap();
        fs::write(path("binary"), [0xff]).unwrap();
        symlink("whole", path("link")).unwrap();
        symlink("/dev/zero", path("endless")).unwrap();
        assert_eq!(read(&path("whole")).unwrap().len(), limit);
        assert_eq!(read(&path("link")).unwrap().len(), limit);
        for (name, why) in [
            ("large", "more than 1 MiB"),
            ("endless", "not a regular file"),
            (".", "a folder"),
        ] {
            let error = read(&path(name)).unwrap_err().to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
        let error = read(&path("missing")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(read_text(&path("binary")).is_err());
    }

    #[test]
    fn what_is_no_path_is_not_shown() {
        assert_eq!(
            shown(Path::new("/etc/tls/tls.key")).to_string(),
            "/etc/tls/tls.key"
        );
        for secret in [
            "postgres://me:hunter2@db/shop",
            "-----BEGIN PRIVATE KEY-----\nhunter2\n",
            "{\"keys\": \"hunter2\"}",
            &"hunter2".repeat(99),
        ] {
            let text = shown(Path::new(secret)).to_string();
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
