//! Makes one folder equal to another, and leaves untouched what is equal: cargo builds
//! anew what was written anew.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Every file and symbolic link below `folder`, relative to it; sorted.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let entries = match fs::read_dir(folder.join(&below)) {
            Err(error) if error.kind() == ErrorKind::NotFound && below == Path::new("") => break,
            entries => entries.with_context(|| folder.join(&below).display().to_string())?,
        };
        for entry in entries {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Makes `to` what `from` is.
pub(crate) fn sync(from: &Path, to: &Path) -> Result<()> {
    let wanted = files(from)?;
    for path in files(to)? {
        // Where cargo builds, if it is told to do so there.
        if wanted.binary_search(&path).is_err() && !path.starts_with("target") {
            fs::remove_file(to.join(path))?;
        }
    }
    for path in wanted {
        let (source, target) = (from.join(&path), to.join(&path));
        fs::create_dir_all(target.parent().unwrap_or(to))?;
        if source.is_symlink() {
            if fs::read_link(&target).ok() != fs::read_link(&source).ok() {
                std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
            }
        } else if fs::read(&target).ok() != Some(fs::read(&source)?) {
            fs::copy(&source, &target).with_context(|| target.display().to_string())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    #[test]
    fn what_is_equal_is_not_written_and_what_is_gone_goes() {
        let folder = tempfile::TempDir::new().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for (path, text) in [
            ("from/a/same", "1"),
            ("from/new", "2"),
            ("to/a/same", "1"),
            ("to/a/old", "3"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let written = |path: &str| fs::metadata(to.join(path)).unwrap().modified().unwrap();
        let before = written("a/same");
        super::sync(&from, &to).unwrap();
        assert_eq!(super::files(&to).unwrap(), super::files(&from).unwrap());
        assert_eq!(written("a/same"), before);
        assert_eq!(fs::read_to_string(to.join("new")).unwrap(), "2");
    }
}
