//! `adopt`: .proto files as they are, and the code that serves them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::Protos;

use crate::generated::{self, Service};
use crate::handler::{self, Place};
use crate::imports::{self, Imports};
use crate::plan::Plan;
use crate::project::{OFFERED, SERVICES, TESTS};
use crate::{Error, Project, source};

/// Functions that every generated client has.
const CLIENT: [&str; 7] = [
    "new",
    "with_origin",
    "with_interceptor",
    "send_compressed",
    "accept_compressed",
    "max_decoding_message_size",
    "max_encoding_message_size",
];

/// What became of some .proto files.
#[derive(Debug)]
pub struct Adoption {
    /// The files written, in the project.
    pub written: Vec<String>,
    /// The services that are offered now and were not before.
    pub services: Vec<String>,
}

/// Adopts `files`, which may be folders; what they import is looked for in
/// `includes` and where they are.
///
/// # Errors
///
/// If a file is missing, wrong or clashes with one that is there. Then nothing
/// is written.
pub fn adopt(
    project: &Project,
    files: &[PathBuf],
    includes: &[PathBuf],
) -> Result<Adoption, Error> {
    let imports = imports::gather(files, includes, &project.path("proto"))?;
    clash(project, &imports)?;
    let staging = Staging::new(project, &imports)?;
    let services = staging.services()?;
    let offered = staging.offer(&services)?;
    let mut all = generated::services(&offered)?;
    all.retain(|it| services.contains(&it.name) || staging.offers(&it.name));
    check(&all, &services)?;

    let mut plan = Plan::default();
    for (name, (_, text)) in &imports.files {
        plan.write(format!("proto/{name}"), text);
    }
    plan.write(OFFERED, staging.list(&services));
    let news: Vec<_> = all
        .iter()
        .filter(|it| services.contains(&it.name))
        .collect();
    for service in &news {
        add(project, &mut plan, service, &all)?;
    }
    let mut written = plan.carry_out(project)?;
    let derived = contract::files::write(project.root())?;
    written.extend(derived.iter().map(|path| {
        let within = path.strip_prefix(project.root()).unwrap_or(path);
        within.display().to_string()
    }));
    Ok(Adoption { written, services })
}

/// Writes what a service needs and does not have.
pub(crate) fn add(
    project: &Project,
    plan: &mut Plan,
    service: &Service,
    all: &[Service],
) -> Result<(), Error> {
    let place = Place::of(service, all);
    if source::handler(project, service, all)?.is_some() {
        return Ok(());
    }
    if let Some(path) = [place.handler(), place.tests()]
        .into_iter()
        .find(|path| project.path(path).exists())
    {
        return Err(Error::new(format!(
            "{path}: is there already, and is not what serves {}; move it away",
            service.name
        )));
    }
    plan.write_new(place.handler(), &handler::handler(service));
    plan.write_new(place.tests(), &handler::tests(service));
    let before = needed(plan, project, SERVICES)?;
    let after = source::with_module(SERVICES, &before, &place.module)?;
    let (server, made) = (
        handler::server_type(service),
        handler::made(service, &place),
    );
    let after = source::with_service(SERVICES, &after, &server, &made)?;
    plan.write_grown(SERVICES, &before, &after);
    let before = needed(plan, project, TESTS)?;
    let after = source::with_module(TESTS, &before, &place.module)?;
    plan.write_grown(TESTS, &before, &after);
    Ok(())
}

fn needed(plan: &Plan, project: &Project, path: &str) -> Result<String, Error> {
    plan.read(project, path)?.ok_or_else(|| {
        Error::new(format!(
            "{}: is missing; a service made with sample=none has it",
            project.path(path).display()
        ))
    })
}

/// Nothing that is there is written over.
fn clash(project: &Project, imports: &Imports) -> Result<(), Error> {
    for (name, (file, text)) in &imports.files {
        let path = format!("proto/{name}");
        if project.read(&path)?.is_some_and(|there| there != *text) {
            return Err(Error::new(format!(
                "{path}: is there already, and {} says something else; edit the one that is there \
                 and run `cargo xtask complete`, or remove it",
                file.display()
            )));
        }
    }
    Ok(())
}

/// What no code can be generated for.
fn check(all: &[Service], news: &[String]) -> Result<(), Error> {
    for service in all.iter().filter(|it| news.contains(&it.name)) {
        for rpc in &service.rpcs {
            if CLIENT.contains(&rpc.ident.as_str()) {
                return Err(Error::new(format!(
                    "{}/{}: every client in Rust has a function `{}` of its own; give the rpc \
                     another name",
                    service.name, rpc.name, rpc.ident
                )));
            }
        }
    }
    Ok(())
}

/// The .proto files as they would be, in a folder of their own.
struct Staging<'a> {
    folder: tempfile::TempDir,
    imports: &'a Imports,
    offered: String,
    /// What stands for the staged files in messages.
    shown: BTreeMap<PathBuf, PathBuf>,
}

impl<'a> Staging<'a> {
    fn new(project: &Project, imports: &'a Imports) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(|it| Error::io(Path::new("a folder"), &it))?;
        let own = project.path("proto");
        let mut shown = BTreeMap::from([(folder.path().to_owned(), PathBuf::from("proto"))]);
        copy(&own, folder.path())?;
        for (name, (file, text)) in &imports.files {
            let target = folder.path().join(name);
            write(&target, text)?;
            shown.insert(target, file.clone());
        }
        let offered = project.read(OFFERED)?.unwrap_or_default();
        Ok(Self {
            folder,
            imports,
            offered,
            shown,
        })
    }

    /// The services of the files that were asked for, which are not offered yet.
    fn services(&self) -> Result<Vec<String>, Error> {
        let protos = Protos::all(self.folder.path()).map_err(|error| self.said(&error))?;
        let mut services = Vec::new();
        let mut known = 0;
        for service in protos.pool().services() {
            let file = service.parent_file();
            if !self.imports.asked.iter().any(|it| it == file.name()) {
                continue;
            }
            known += 1;
            let name = service.full_name().to_owned();
            if service.methods().len() == 0 {
                return Err(self.empty(file.name(), service.name()));
            }
            if !self.offers(&name) {
                services.push(name);
            }
        }
        if known == 0 {
            let files: Vec<_> = self.imports.asked.iter().map(String::as_str).collect();
            return Err(Error::new(format!(
                "{}: declares no service, so there is nothing to serve; name the file that does, \
                 and this one is found as its import",
                files.join(", ")
            )));
        }
        Ok(services)
    }

    fn offers(&self, name: &str) -> bool {
        let lines = self.offered.lines();
        lines
            .map(|it| it.split('#').next().unwrap_or_default().trim())
            .any(|it| it == name)
    }

    fn empty(&self, name: &str, service: &str) -> Error {
        let (file, text) = &self.imports.files[name];
        let declares = |line: &str| {
            let mut words = line.split_whitespace();
            words.next() == Some("service")
                && words
                    .next()
                    .is_some_and(|it| it.trim_end_matches('{') == service)
        };
        let line = text.lines().position(declares).map_or(1, |it| it + 1);
        Error::new(format!(
            "{}:{line}: service {service} has no rpc, so there is nothing to serve; give it one or \
             leave it out",
            file.display()
        ))
    }

    /// `offered.conf` with `services`.
    fn list(&self, services: &[String]) -> String {
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

    /// What comes of it if they are offered, policy included.
    fn offer(&self, services: &[String]) -> Result<Protos, Error> {
        write(
            &self.folder.path().join("offered.conf"),
            &self.list(services),
        )?;
        let compiled = Protos::compile(self.folder.path()).and_then(|protos| {
            protos.contract()?;
            Ok(protos)
        });
        compiled.map_err(|error| self.said(&error))
    }

    /// The error about the files that are known to whoever asked.
    fn said(&self, error: &contract::Error) -> Error {
        let mut text = error.to_string();
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
