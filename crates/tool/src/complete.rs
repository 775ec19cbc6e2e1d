//! `complete`: what rpcs and services new in the .proto lack.

use contract::{Protos, Role};

use crate::generated::{self, Rpc, Service};
use crate::handler::{self, Place};
use crate::plan::Plan;
use crate::{Error, Project, adopt, source, stub};

/// Appends the missing functions to each handler, and a test for each; makes the
/// files of services that have none. Returns what it wrote, in the project;
/// nothing if nothing is missing.
///
/// # Errors
///
/// If the .proto files are wrong, a source is no Rust, or it has functions of rpcs
/// or services that are gone: they may have been renamed. Then nothing is written.
pub fn complete(project: &Project) -> Result<Vec<String>, Error> {
    let protos = Protos::compile(project.path("proto"))?;
    let mut plan = Plan::default();
    lacking(project, &mut plan, &protos)?;
    plan.carry_out_and_derive(project)
}

/// Plans what `protos` has and the code lacks.
pub(crate) fn lacking(project: &Project, plan: &mut Plan, protos: &Protos) -> Result<(), Error> {
    if project.is_gateway()? {
        return Ok(());
    }
    let (services, upstreams) = services(protos)?;
    let mut renamed = orphaned(project, &services)?;
    for (folder, services) in [("src", &services), ("tests", &upstreams)] {
        for service in services {
            if let Some(found) = source::handler(project, folder, service, services)? {
                renamed.extend(found.left_over(service));
            }
        }
    }
    if !renamed.is_empty() {
        return Err(Error::new(renamed.join("\n")));
    }
    for service in &services {
        match source::handler(project, "src", service, &services)? {
            Some(found) => append(project, plan, service, &found)?,
            None => adopt::add(project, plan, service, &services)?,
        }
    }
    for upstream in &upstreams {
        if let Some(found) = source::handler(project, "tests", upstream, &upstreams)? {
            append_to(plan, upstream, &found, stub::stand_in);
        }
    }
    Ok(())
}

/// Handlers of services that no .proto declares any more, where one is offered that
/// has no handler: it may be the same.
pub(crate) fn orphaned(project: &Project, offered: &[Service]) -> Result<Vec<String>, Error> {
    let mut whole = true;
    for service in offered {
        whole &= source::handler(project, "src", service, offered)?.is_some();
    }
    if whole {
        return Ok(Vec::new());
    }
    let orphans = source::orphans(project, offered)?;
    let said = orphans.into_iter().map(|(place, of)| {
        format!(
            "{place}: implements {of}, which is made of no .proto any more; write the service's \
             new name, or remove it"
        )
    });
    Ok(said.collect())
}

/// The services that are offered, and those that are called.
pub(crate) fn services(protos: &Protos) -> Result<(Vec<Service>, Vec<Service>), Error> {
    let contract = protos.contract()?;
    let is = |role, name: &str| {
        let mut services = contract.services.iter();
        services.any(|it| it.role == role && it.name == name)
    };
    let all = generated::services(protos)?;
    let of = |role| {
        let services = all.iter().filter(|it| is(role, &it.name));
        services.cloned().collect()
    };
    Ok((of(Role::Server), of(Role::Upstream)))
}

fn append(
    project: &Project,
    plan: &mut Plan,
    service: &Service,
    found: &source::Found,
) -> Result<(), Error> {
    let missing: Vec<_> = (service.rpcs.iter())
        .filter(|rpc| !found.has(rpc))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    append_to(plan, service, found, stub::full);

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

/// Appends the missing functions as `stub` has them.
fn append_to(
    plan: &mut Plan,
    service: &Service,
    found: &source::Found,
    stub: impl Fn(&Rpc, &Service) -> String,
) {
    let missing = service.rpcs.iter().filter(|rpc| !found.has(rpc));
    let stubs = missing.fold(String::new(), |stubs, rpc| {
        stubs + "\n" + &stub(rpc, service)
    });
    if stubs.is_empty() {
        return;
    }
    // Before the brace, on a line of its own.
    let at = found.text[..found.end].trim_end_matches([' ', '\t']).len();
    let after = source::inserted(&found.text, at, &stubs);
    plan.write_grown(found.path.clone(), &found.text, &after);
}
