//! A repository for the time of an update. It borrows the service's objects, so
//! that the service's own repository changes by one step at the end, or not at all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::git::Git;
use super::record::Service;
use crate::Error;

/// What git knows of a file: its mode, and the object with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub mode: String,
    pub object: String,
}

/// The files of a tree by path.
pub(super) type Files = BTreeMap<String, Blob>;

const REPOSITORY: &str = "work.git";

/// The working repository; gone when this is dropped.
#[derive(Debug)]
pub(super) struct Work {
    folder: TempDir,
    pub git: Git,
    made: AtomicUsize,
}

impl Work {
    /// An empty one that knows what `service` has.
    pub(super) fn new(service: &Service) -> Result<Self, Error> {
        let folder = tempfile::tempdir()
            .map_err(|error| Error::new(format!("no temporary folder can be made: {error}")))?;
        let repository = folder.path().join(REPOSITORY);
        Git::at(folder.path()).bytes(&["init", "--quiet", "--bare", REPOSITORY])?;
        // What lives as long as an update is written as it is.
        Git::at(&repository).bytes(&["config", "core.looseCompression", "0"])?;
        let place = |name: &str| -> Result<PathBuf, Error> {
            let path = service.git.text(&["rev-parse", "--git-path", name])?;
            Ok(service.unit.join(path))
        };
        let objects = place("objects")?;
        let borrowed = repository.join("objects/info/alternates");
        fs::write(&borrowed, format!("{}\n", objects.display()))
            .map_err(|error| Error::io(&borrowed, &error))?;
        // A clone of CI may have no history.
        let shallow = place("shallow")?;
        if shallow.exists() {
            fs::copy(&shallow, repository.join("shallow"))
                .map_err(|error| Error::io(&shallow, &error))?;
        }
        Ok(Self {
            git: Git::at(&repository).with("GIT_DIR", &repository),
            folder,
            made: AtomicUsize::new(0),
        })
    }

    /// Where it is.
    pub(super) fn place_of_repository(&self) -> PathBuf {
        self.folder.path().join(REPOSITORY)
    }

    /// A path that nothing else has.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("{name}-{number}"))
    }

    /// Writes the files of a commit or tree into a new folder.
    pub(super) fn check_out(&self, tree: &str) -> Result<PathBuf, Error> {
        let folder = self.place("tree");
        fs::create_dir(&folder).map_err(|error| Error::io(&folder, &error))?;
        let git = (self.git)
            .with("GIT_INDEX_FILE", self.place("index"))
            .with("GIT_WORK_TREE", &folder);
        git.bytes(&["read-tree", tree])?;
        git.bytes(&["checkout-index", "--all", "--quiet"])?;
        Ok(folder)
    }

    /// Takes a folder in, less what it ignores itself: a tree.
    pub(super) fn take_in(&self, folder: &Path) -> Result<String, Error> {
        let git = (self.git)
            .with("GIT_INDEX_FILE", self.place("index"))
            .with("GIT_WORK_TREE", folder);
        git.bytes(&["add", "--all", "."])?;
        git.text(&["write-tree"])
    }

    /// The files of a tree.
    pub(super) fn files(&self, tree: &str) -> Result<Files, Error> {
        let listed = self.git.bytes(&["ls-tree", "-r", "-z", tree])?;
        let listed = String::from_utf8(listed).map_err(|error| {
            let listed = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let entry = listed.split('\0').find(|it| it.contains('\u{fffd}'));
            let path = entry.and_then(|it| Some(it.split_once('\t')?.1));
            Error::new(format!(
                "{} has a name that is no UTF-8, which this cannot keep: rename it first",
                path.unwrap_or("a file")
            ))
        })?;
        let entries = listed.split('\0').filter_map(|entry| {
            let (facts, path) = entry.split_once('\t')?;
            let mut facts = facts.split(' ');
            let (mode, object) = (facts.next()?, facts.nth(1)?);
            let blob = Blob {
                mode: mode.to_owned(),
                object: object.to_owned(),
            };
            Some((path.to_owned(), blob))
        });
        Ok(entries.collect())
    }

    /// A tree of these files.
    pub(super) fn tree(&self, files: &Files) -> Result<String, Error> {
        let git = self.git.with("GIT_INDEX_FILE", self.place("index"));
        let mut listed = String::new();
        for (path, blob) in files {
            // Writing to a string does not fail.
            let _ = write!(listed, "{} {}\t{path}\0", blob.mode, blob.object);
        }
        git.about(&["update-index", "-z", "--index-info"], listed.as_bytes())?;
        git.text(&["write-tree"])
    }

    /// The tree of `commit` with `tree` in place of its folder `prefix`.
    pub(super) fn tree_within(
        &self,
        commit: &str,
        prefix: &str,
        tree: &str,
    ) -> Result<String, Error> {
        if prefix.is_empty() {
            return Ok(tree.to_owned());
        }
        let git = self.git.with("GIT_INDEX_FILE", self.place("index"));
        git.bytes(&["read-tree", commit])?;
        git.bytes(&[
            "rm",
            "-r",
            "--quiet",
            "--cached",
            "--",
            prefix.trim_end_matches('/'),
        ])?;
        git.bytes(&["read-tree", &format!("--prefix={prefix}"), tree])?;
        git.text(&["write-tree"])
    }

    /// The text of an object.
    pub(super) fn text(&self, object: &str) -> Result<String, Error> {
        let text = self.text_if_any(object)?;
        text.ok_or_else(|| Error::new(format!("git's object {object} is no text in UTF-8")))
    }

    /// The same; nothing if it is none, as a picture.
    pub(super) fn text_if_any(&self, object: &str) -> Result<Option<String>, Error> {
        let bytes = self.git.bytes(&["cat-file", "blob", object])?;
        Ok(String::from_utf8(bytes).ok())
    }

    /// A new object with this text, in the mode of `like`.
    pub(super) fn write(&self, text: &str, like: &Blob) -> Result<Blob, Error> {
        let object = (self.git).about(&["hash-object", "-w", "--stdin"], text.as_bytes())?;
        Ok(Blob {
            mode: like.mode.clone(),
            object,
        })
    }

    /// A commit that only this repository ever has.
    pub(super) fn commit(&self, tree: &str, parent: Option<&str>) -> Result<String, Error> {
        let mut git = self.git.clone();
        for name in [
            "GIT_AUTHOR_NAME",
            "GIT_AUTHOR_EMAIL",
            "GIT_COMMITTER_NAME",
            "GIT_COMMITTER_EMAIL",
        ] {
            git = git.with(name, "template");
        }
        let mut arguments = vec!["commit-tree", tree, "-m", "pristine"];
        if let Some(parent) = parent {
            arguments.extend(["-p", parent]);
        }
        git.text(&arguments)
    }
}
