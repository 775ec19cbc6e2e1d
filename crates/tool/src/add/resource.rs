//! `add resource`: a resource of the service's own with the standard methods, on the
//! crates `aip` and `store`: .proto, code, migrations, its place in `main`, and tests.

mod fields;
mod identifier;
mod main;
mod message;
mod sources;

use std::path::{Path, PathBuf};

use contract::Protos;

use crate::adopt::{clash, staged};
use crate::imports::{self, Imports};
use crate::plan::Plan;
use crate::project::{LIBRARY, MAIN, OFFERED, TESTS};
use crate::{Error, Project, generated, source};
use message::Candidate;
use sources::{Names, Shape};

/// Adds the resource `name`, of `fields` as [`crate::add`] reads them. Returns what it
/// wrote, in the project.
///
/// # Errors
///
/// If a name cannot be one, is taken, or the service has no store. Then nothing is
/// written.
pub fn add_resource(project: &Project, name: &str, fields: &str) -> Result<Vec<String>, Error> {
    let fields = fields::parse(fields)?;
    let names = Names::new(name, &organisation(project)?)?;
    let mut plan = Plan::default();
    let (path, text) = sources::proto(&names, &fields);
    new(project, &mut plan, &names, path, text)?;
    code(project, &mut plan, &names, &Shape::of(&fields))?;
    offered(project, &mut plan, &names)?;
    plan.carry_out_and_derive(project)
}

/// Adds the resource `name` of which the message `of` (`package.Message`) says what it is:
/// one of `proto/`, or of `files`, which are taken in with what they import, from where
/// they are and from `includes`. Its service is declared beside it. Returns what it
/// wrote, in the project.
///
/// # Errors
///
/// As [`add_resource`]; if there is no such message, it lacks what a resource has, or a
/// field of it cannot be kept.
pub fn add_resource_of(
    project: &Project,
    name: &str,
    of: &str,
    files: &[PathBuf],
    includes: &[PathBuf],
) -> Result<Vec<String>, Error> {
    // Said before anything is read.
    Names::new(name, "")?;
    let imports = if files.is_empty() {
        Imports::default()
    } else {
        imports::gather(files, includes, &project.path("proto"))?
    };
    clash(project, &imports)?;
    let mut staging = staged(project, &imports)?;
    let protos = staging.all()?;
    let candidate = Candidate::find(&protos, &imports, of)?;
    let mut names = candidate.names(name)?;
    let (path, text) = sources::service(&names, &candidate.file());
    let shown = format!("proto/{path}");
    let mut plan = Plan::default();
    new(project, &mut plan, &names, shown.clone(), text.clone())?;
    candidate.check_free(&protos, &names)?;
    // What does not compile is not written.
    staging.put(&path, &text, Path::new(&shown))?;
    let offered_too = staging.offer(&[service(&names)])?;
    let made = generated::message(&offered_too, candidate.full())?;
    names.module = made.package.join("::");
    let described = candidate.described(&made)?;

    staging.take(&imports, &mut plan);
    let shape = Shape {
        fields: &described.fields,
        is_partial: described.is_partial,
        has_rules: described.has_rules,
        is_described: true,
        is_optional: described.is_optional,
        has_files: true,
        is_waiting: true,
    };
    code(project, &mut plan, &names, &shape)?;
    offered(project, &mut plan, &names)?;
    plan.carry_out_and_derive(project)
}

/// Writes a file that must not be there yet.
fn new(
    project: &Project,
    plan: &mut Plan,
    names: &Names,
    path: String,
    text: String,
) -> Result<(), Error> {
    if project.read(&path)?.is_some() {
        let name = &names.one;
        return Err(Error::new(format!(
            "{path} is there already: is {name} a resource of this service? Use another name, or \
             remove it"
        )));
    }
    if Path::new(&path).extension() == Some("rs".as_ref()) {
        plan.write_new(path, &text);
    } else {
        plan.write(path, text);
    }
    Ok(())
}

/// What keeps and serves it, and its place in what is there.
fn code(project: &Project, plan: &mut Plan, names: &Names, shape: &Shape<'_>) -> Result<(), Error> {
    let there = |path: &str| project.read(path)?.ok_or_else(|| no_store(path));
    let (in_main, in_lib, in_tests) = (there(MAIN)?, there(LIBRARY)?, there(TESTS)?);
    let manifest = project.read("Cargo.toml")?.unwrap_or_default();
    for crate_name in ["aip", "store"] {
        let is_there = |line: &str| {
            let rest = line.strip_prefix(crate_name);
            rest.is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        if !manifest.lines().any(is_there) {
            return Err(no_store(&format!("the dependency {crate_name}")));
        }
    }
    let shape = &Shape {
        has_files: main::has_files(&in_main)?,
        is_waiting: main::is_waiting(&in_main)?,
        ..*shape
    };
    for (path, text) in sources::files(names, shape) {
        new(project, plan, names, path, text)?;
    }
    plan.write_grown(MAIN, &in_main, &main::with_resource(&in_main, names)?);
    let module = format!("pub mod {};", names.one);
    let grown = source::with_line(&in_lib, "pub mod ", &module);
    plan.write_grown(LIBRARY, &in_lib, &grown);
    let grown = source::with_module(TESTS, &in_tests, &names.one, false)?;
    plan.write_grown(TESTS, &in_tests, &grown);
    Ok(())
}

fn offered(project: &Project, plan: &mut Plan, names: &Names) -> Result<(), Error> {
    let offered = project.read(OFFERED)?.unwrap_or_default();
    let line = service(names) + "\n";
    plan.write(OFFERED, format!("{}\n{line}", offered.trim_end()));
    Ok(())
}

/// `shop.payment.v1.PaymentService`
fn service(names: &Names) -> String {
    format!("{}.{}Service", names.package, names.pascal)
}

fn no_store(what: &str) -> Error {
    Error::new(format!(
        "{what} is missing: a resource needs a store. `cargo xtask update --set store=sqlite` \
         (or postgres, or both) brings one, on a branch; a new service has it with -d store=sqlite"
    ))
}

/// The first part of the packages that are offered: whose the service is.
fn organisation(project: &Project) -> Result<String, Error> {
    let protos = Protos::compile(project.path("proto"))?;
    let contract = protos.contract()?;
    let offered = (contract.services.iter()).find(|it| it.role == contract::Role::Server);
    let first = offered.and_then(|it| it.name.split('.').next());
    first.map(str::to_owned).ok_or_else(|| {
        Error::new(format!(
            "{OFFERED} offers nothing: whose package should it be in?"
        ))
    })
}
