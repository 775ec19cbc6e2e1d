//! `add resource`: a resource of the service's own with the standard methods, on the
//! crates `aip` and `store`: .proto, code, migrations, its place in `main`, and tests.

mod fields;
mod main;
mod sources;

use contract::Protos;

use crate::plan::Plan;
use crate::project::{OFFERED, TESTS};
use crate::{Error, Project, source};
use sources::Names;

/// What a service has that a resource can be added to.
const NEEDED: [&str; 3] = ["src/main.rs", "src/lib.rs", TESTS];

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
    let mut texts = Vec::new();
    for path in NEEDED {
        let text = project.read(path)?.ok_or_else(|| no_store(path))?;
        texts.push(text);
    }
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
    let mut plan = Plan::default();
    for (path, text) in sources::files(&names, &fields) {
        if project.read(&path)?.is_some() {
            return Err(Error::new(format!(
                "{path} is there already: is {name} a resource of this service? Use another name, \
                 or remove it"
            )));
        }
        let is_rust = std::path::Path::new(&path).extension() == Some("rs".as_ref());
        if is_rust {
            plan.write_new(path, &text);
        } else {
            plan.write(path, text);
        }
    }
    let [in_main, in_lib, in_tests] = &texts[..] else {
        return Ok(Vec::new());
    };
    plan.write_grown(NEEDED[0], in_main, &main::with_resource(in_main, &names)?);
    let module = format!("pub mod {};", names.one);
    plan.write_grown(
        NEEDED[1],
        in_lib,
        &source::with_line(in_lib, "pub mod ", &module),
    );
    let grown = source::with_module(TESTS, in_tests, &names.one, false)?;
    plan.write_grown(TESTS, in_tests, &grown);
    let offered = project.read(OFFERED)?.unwrap_or_default();
    let line = format!("{}.{}Service\n", names.package, names.pascal);
    plan.write(OFFERED, format!("{}\n{line}", offered.trim_end()));
    let mut written = plan.carry_out(project)?;
    for path in contract::files::write(project.root())? {
        let within = path.strip_prefix(project.root()).unwrap_or(&path);
        written.push(within.display().to_string());
    }
    Ok(written)
}

fn no_store(what: &str) -> Error {
    Error::new(format!(
        "{what} is missing: a resource needs a store. Generate a service with the sample, \
         which keeps something, and add it there"
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
