//! `complete`: what rpcs and services new in the .proto lack.

use contract::Protos;

use crate::generated::{self, Service};
use crate::handler::{self, Place};
use crate::plan::Plan;
use crate::{Error, Project, adopt, source, stub};

/// Appends the missing functions to each handler, and a test for each; makes the
/// files of services that have none. Returns what it wrote, in the project;
/// nothing if nothing is missing.
///
/// # Errors
///
/// If the .proto files are wrong or a source is no Rust. Then nothing is
/// written.
pub fn complete(project: &Project) -> Result<Vec<String>, Error> {
    let services = offered(project)?;
    let mut plan = Plan::default();
    for service in &services {
        match source::handler(project, service, &services)? {
            Some(found) => append(project, &mut plan, service, &found)?,
            None => adopt::add(project, &mut plan, service, &services)?,
        }
    }
    let mut written = plan.carry_out(project)?;
    for path in contract::files::write(project.root())? {
        let within = path.strip_prefix(project.root()).unwrap_or(&path);
        written.push(within.display().to_string());
    }
    Ok(written)
}

/// The services that `project` offers.
pub(crate) fn offered(project: &Project) -> Result<Vec<Service>, Error> {
    let protos = Protos::compile(project.path("proto"))?;
    let contract = protos.contract()?;
    let is_offered = |name: &str| {
        let mut services = contract.services.iter();
        services.any(|it| it.role == contract::Role::Server && it.name == name)
    };
    let mut services = generated::services(&protos)?;
    services.retain(|it| is_offered(&it.name));
    Ok(services)
}

fn append(
    project: &Project,
    plan: &mut Plan,
    service: &Service,
    found: &source::Found,
) -> Result<(), Error> {
    let missing: Vec<_> = (service.rpcs.iter())
        .filter(|rpc| !found.functions.contains(&rpc.ident))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let stubs = (missing.iter()).fold(String::new(), |stubs, rpc| {
        stubs + "\n" + &stub::full(rpc, service)
    });
    // Before the brace, on a line of its own.
    let at = found.text[..found.end].trim_end_matches([' ', '\t']).len();
    let after = source::inserted(&found.text, at, &stubs);
    plan.write_grown(found.path.clone(), &found.text, &after);

    let tests = Place::beside(&found.path).tests();
    if let Some(before) = plan.read(project, &tests)? {
        let known = source::functions(&tests, &before)?;
        let mut after = before.clone();
        for rpc in missing.iter().filter(|rpc| !known.contains(&rpc.ident)) {
            after.push('\n');
            after.push_str(&handler::full_test(rpc, service));
        }
        plan.write_grown(tests, &before, &after);
    }
    Ok(())
}
