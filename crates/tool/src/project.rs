//! A service's folder, and what stands where in it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;

/// The folder of a service.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The service in `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The service that the current folder is in.
    ///
    /// # Errors
    ///
    /// If it is in none.
    pub fn find() -> Result<Self, Error> {
        let here = env::current_dir().map_err(|error| Error::io(Path::new("."), &error))?;
        let root = here.ancestors().find(|it| it.join(OFFERED).is_file());
        root.map(Self::new).ok_or_else(|| {
            Error::new(format!(
                "{} is in no service: neither it nor a folder above has {OFFERED}; change into \
                 the service's folder",
                here.display()
            ))
        })
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file or folder `path` of it.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Whether it passes calls on and has no handlers: it is a gateway.
    pub(crate) fn is_gateway(&self) -> Result<bool, Error> {
        let manifest = self.read("Cargo.toml")?.unwrap_or_default();
        let depends = manifest
            .lines()
            .any(|line| line.starts_with("chassis-gateway"));
        Ok(depends && self.read(SERVICES)?.is_none())
    }

    /// The text of `path`; `None` if there is no such file.
    pub(crate) fn read(&self, path: &str) -> Result<Option<String>, Error> {
        let path = self.path(path);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(&path, &error)),
        }
    }

    /// The .rs files under `folder`, as paths in the project, sorted.
    pub(crate) fn sources(&self, folder: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        self.walk(&self.path(folder), &mut found)?;
        found.sort();
        Ok(found)
    }

    fn walk(&self, folder: &Path, found: &mut Vec<String>) -> Result<(), Error> {
        if !folder.is_dir() {
            return Ok(());
        }
        let failed = |error| Error::io(folder, &error);
        for entry in folder.read_dir().map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                self.walk(&path, found)?;
            } else if path.extension().is_some_and(|it| it == "rs") {
                let within = path.strip_prefix(&self.root).unwrap_or(&path);
                found.push(within.display().to_string());
            }
        }
        Ok(())
    }
}

/// Which services are offered.
pub(crate) const OFFERED: &str = "proto/offered.conf";
/// Where the services are added.
pub(crate) const SERVICES: &str = "src/services.rs";
/// Where each service has its file.
pub(crate) const HANDLERS: &str = "src/services";
/// What the handlers share.
pub(crate) const STATE: &str = "src/state.rs";
/// Every flag and variable.
pub(crate) const SETTINGS: &str = "src/settings.rs";
/// The modules of the service's library.
pub(crate) const LIBRARY: &str = "src/lib.rs";
/// Where what the handlers share is made.
pub(crate) const MAIN: &str = "src/main.rs";
/// Where the upstreams' modules are named.
pub(crate) const UPSTREAMS: &str = "src/upstreams.rs";
/// What can be set in the chart.
pub(crate) const VALUES: &str = "helm/values.yaml";
/// Where the tests' modules are named.
pub(crate) const TESTS: &str = "tests/api/main.rs";
/// Where each service has its tests.
pub(crate) const TEST_FOLDER: &str = "tests/api";
