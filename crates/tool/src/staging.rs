//! The .proto files as they would be, in a folder of their own: what does not
//! compile there is never written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::{Protos, code, policies};

use crate::imports::Imports;
use crate::plan::Plan;
use crate::policy::{POLICY, Policy};
use crate::project::OFFERED;
use crate::{Error, Project};

/// A copy of a project's `proto/`, and what is put into it.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: tempfile::TempDir,
    offered: String,
    /// What stands for the staged files in messages.
    shown: BTreeMap<PathBuf, PathBuf>,
    policy: Option<Policy>,
}

impl Staging {
    /// Of `project` as it is.
    pub(crate) fn new(project: &Project) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(|it| Error::io(Path::new("a folder"), &it))?;
        copy(&project.path("proto"), folder.path())?;
        Ok(Self {
            shown: BTreeMap::from([(folder.path().to_owned(), PathBuf::from("proto"))]),
            offered: project.read(OFFERED)?.unwrap_or_default(),
            folder,
            policy: None,
        })
    }

    /// The file `name` says `text`, which whoever asked knows as `shown`.
    pub(crate) fn put(&mut self, name: &str, text: &str, shown: &Path) -> Result<(), Error> {
        let target = self.folder.path().join(name);
        write(&target, text)?;
        self.shown.insert(target, shown.to_owned());
        Ok(())
    }

    /// What stands beside the files of `imports` about their services.
    pub(crate) fn put_policy(&mut self, project: &Project, imports: &Imports) -> Result<(), Error> {
        self.policy = Policy::gather(project, imports, || self.all())?;
        if let Some(policy) = &self.policy {
            write(&self.folder.path().join(policies::FILE), &policy.text)?;
        }
        Ok(())
    }

    /// Of policy, what was left where it is.
    pub(crate) fn left(&self) -> &[String] {
        self.policy.as_ref().map_or(&[], |it| &it.left)
    }

    /// Plans to write what `imports` brought, policy included.
    pub(crate) fn take(&self, imports: &Imports, plan: &mut Plan) {
        for (name, (_, text)) in &imports.files {
            plan.write(format!("proto/{name}"), text);
        }
        if let Some(policy) = self.policy.as_ref().filter(|it| !it.text.is_empty()) {
            plan.write(POLICY, &policy.text);
        }
    }

    /// Every file, of which nothing is offered.
    pub(crate) fn all(&self) -> Result<Protos, Error> {
        Protos::all(self.folder.path()).map_err(|error| self.said(&error))
    }

    /// Whether the service `name` is offered already.
    pub(crate) fn offers(&self, name: &str) -> bool {
        let lines = self.offered.lines();
        lines
            .map(|it| it.split('#').next().unwrap_or_default().trim())
            .any(|it| it == name)
    }

    /// `offered.conf` with `services` as well.
    pub(crate) fn list(&self, services: &[String]) -> String {
        let mut list = self.offered.clone();
        if !list.is_empty() && !list.ends_with('\n') {
            list.push('\n');
        }
        for service in services {
            list.push_str(service);
            list.push('\n');
        }
        list
    }

    /// What comes of it if `services` are offered as well, policy and rules included.
    pub(crate) fn offer(&self, services: &[String]) -> Result<Protos, Error> {
        write(
            &self.folder.path().join("offered.conf"),
            &self.list(services),
        )?;
        let compiled = Protos::compile(self.folder.path()).and_then(|protos| {
            protos.contract()?;
            protos.validators()?;
            code::check(&protos)?;
            Ok(protos)
        });
        compiled.map_err(|error| self.said(&error))
    }

    /// The error about the files that are known to whoever asked.
    fn said(&self, error: &contract::Error) -> Error {
        let mut text = error.to_string();
        if let Some(policy) = &self.policy {
            let staged = self.folder.path().join(policies::FILE);
            text = policy.shown(&text, &staged.to_string_lossy());
        }
        // Longest first: the folder is the beginning of them all.
        for (staged, shown) in self.shown.iter().rev() {
            text = text.replace(&*staged.to_string_lossy(), &shown.to_string_lossy());
        }
        Error::new(text)
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        return Ok(());
    }
    let failed = |error| Error::io(from, &error);
    for entry in from.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            let text = fs::read_to_string(&from).map_err(|error| Error::io(&from, &error))?;
            write(&to, &text)?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |error| Error::io(path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
