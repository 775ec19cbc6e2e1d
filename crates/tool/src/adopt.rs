//! `adopt`: .proto files as they are, and the code that serves them.

use std::path::PathBuf;

use contract::{FileDescriptor, Protos};

use crate::generated::{self, Service};
use crate::handler::{self, Place};
use crate::imports::{self, Imports};
use crate::plan::Plan;
use crate::project::{OFFERED, SERVICES, STATE, TESTS};
use crate::staging::Staging;
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
    /// What was left where it is, as sentences.
    pub left: Vec<String>,
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
    let staging = staged(project, &imports)?;
    let mut services = declared(&staging, &imports)?;
    services.retain(|name| !staging.offers(name));
    let offered = staging.offer(&services)?;
    let mut all = generated::services(&offered)?;
    all.retain(|it| services.contains(&it.name) || staging.offers(&it.name));
    check(&all, &services, &offered, &imports)?;

    let mut plan = Plan::default();
    staging.take(&imports, &mut plan);
    plan.write(OFFERED, staging.list(&services));
    // A gateway passes their calls on.
    let served = if project.is_gateway()? { &[][..] } else { &all };
    for service in served.iter().filter(|it| services.contains(&it.name)) {
        add(project, &mut plan, service, &all)?;
    }
    let written = plan.carry_out_and_derive(project)?;
    Ok(Adoption {
        written,
        services,
        left: staging.left().to_vec(),
    })
}

/// Writes what a service needs and does not have.
pub(crate) fn add(
    project: &Project,
    plan: &mut Plan,
    service: &Service,
    all: &[Service],
) -> Result<(), Error> {
    let place = Place::of(service, all);
    if source::handler(project, "src", service, all)?.is_some() {
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
    let shares = plan.read(project, STATE)?.is_some();
    plan.write_new(place.handler(), &handler::handler(service, shares));
    plan.write_new(place.tests(), &handler::tests(service));
    let before = needed(plan, project, SERVICES)?;
    let after = source::with_module(SERVICES, &before, &place.module, true)?;
    let (server, made) = (
        handler::server_type(service),
        handler::made(service, &place, shares),
    );
    let after = source::with_service(SERVICES, &after, &server, &made)?;
    plan.write_grown(SERVICES, &before, &after);
    let before = needed(plan, project, TESTS)?;
    let after = source::with_module(TESTS, &before, &place.module, false)?;
    plan.write_grown(TESTS, &before, &after);
    Ok(())
}

pub(crate) fn needed(plan: &Plan, project: &Project, path: &str) -> Result<String, Error> {
    plan.read(project, path)?.ok_or_else(|| {
        Error::new(format!(
            "{}: is missing; a service made with sample=none has it",
            project.path(path).display()
        ))
    })
}

/// Nothing that is there is written over.
pub(crate) fn clash(project: &Project, imports: &Imports) -> Result<(), Error> {
    for (name, (file, text)) in &imports.files {
        let path = format!("proto/{name}");
        if project.read(&path)?.is_some_and(|there| there != *text) {
            return Err(Error::new(format!(
                "{path}: is there already, and {} says something else; edit the one that is there \
                 and run `cargo xtask complete`, or adopt the other under a name of its own: -I and \
                 a folder above it",
                file.display()
            )));
        }
    }
    Ok(())
}

/// What no code can be generated for.
fn check(
    all: &[Service],
    news: &[String],
    protos: &Protos,
    imports: &Imports,
) -> Result<(), Error> {
    for service in all.iter().filter(|it| news.contains(&it.name)) {
        for (index, rpc) in service.rpcs.iter().enumerate() {
            let mut before = service.rpcs[..index].iter();
            let twin = before.find(|it| it.ident == rpc.ident);
            let why = if CLIENT.contains(&rpc.ident.as_str()) {
                format!(
                    "every client in Rust has a function `{}` of its own",
                    rpc.ident
                )
            } else if let Some(twin) = twin {
                format!("{} is called `{}` in Rust too", twin.name, rpc.ident)
            } else {
                continue;
            };
            let declared = protos.pool().get_service_by_name(&service.name);
            let method = declared.and_then(|it| it.methods().find(|it| it.name() == rpc.name));
            let place = method.map_or(String::new(), |it| {
                shown(imports, &it.parent_service().parent_file(), it.path()) + ": "
            });
            return Err(Error::new(format!(
                "{place}{}/{}: {why}; give the rpc another name",
                service.name, rpc.name
            )));
        }
    }
    Ok(())
}

/// File, line and column of what is declared at `path`, as whoever asked knows the file.
pub(crate) fn shown(imports: &Imports, file: &FileDescriptor, path: &[i32]) -> String {
    let (line, column) = contract::place(file.file_descriptor_proto(), path);
    let known = imports.files.get(file.name());
    let name = known.map_or_else(
        || format!("proto/{}", file.name()),
        |(file, _)| file.display().to_string(),
    );
    format!("{name}:{line}:{column}")
}

/// `proto/` with what is imported in it, and the policy beside that.
pub(crate) fn staged(project: &Project, imports: &Imports) -> Result<Staging, Error> {
    let mut staging = Staging::new(project)?;
    for (name, (file, text)) in &imports.files {
        staging.put(name, text, file)?;
    }
    staging.put_policy(project, imports)?;
    Ok(staging)
}

/// The services of the files that were asked for.
pub(crate) fn declared(staging: &Staging, imports: &Imports) -> Result<Vec<String>, Error> {
    let protos = staging.all()?;
    let mut services = Vec::new();
    for service in protos.pool().services() {
        let file = service.parent_file();
        if !imports.asked.iter().any(|it| it == file.name()) {
            continue;
        }
        if service.methods().len() == 0 {
            return Err(Error::new(format!(
                "{}: service {} has no rpc, so there is nothing to serve; give it one or leave it out",
                shown(imports, &file, service.path()),
                service.name()
            )));
        }
        services.push(service.full_name().to_owned());
    }
    if services.is_empty() {
        let pool = protos.pool();
        let asked = imports.asked.iter();
        let places = asked.filter_map(|it| pool.get_file_by_name(it)).map(|it| {
            let place = shown(imports, &it, &[]);
            format!(
                "{place}: declares no service, so there is nothing to serve or to call; name the \
                 file that does, and this one is found as its import"
            )
        });
        return Err(Error::new(places.collect::<Vec<_>>().join("\n")));
    }
    Ok(services)
}
