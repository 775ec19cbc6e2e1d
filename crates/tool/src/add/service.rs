//! `add service`: declares one in a .proto of its own, and makes its code.

use std::path::Path;

use contract::Protos;

use super::rpc::{declaration, is_name, messages};
use crate::complete::lacking;
use crate::plan::Plan;
use crate::project::OFFERED;
use crate::staging::Staging;
use crate::{Error, Project};

/// Adds the service `name` (`Service` or `package.Service`) with unary `rpcs`, whose
/// messages are empty, in a new file of its package's folder; offers it and makes its
/// code. Without a package it is that of the services that are offered. Returns what
/// it wrote, in the project.
///
/// # Errors
///
/// If a name is none, no rpc is named, the package is not known, or the service or
/// the file is there already. Then nothing is written.
pub fn add_service(project: &Project, name: &str, rpcs: &[String]) -> Result<Vec<String>, Error> {
    let mut staging = Staging::new(project)?;
    let protos = staging.all()?;
    let (package, short) = match name.rsplit_once('.') {
        Some((package, short)) => (package.to_owned(), short),
        None => (only_package(&protos, &staging, name)?, name),
    };
    if !is_name(short)
        || !package
            .split('.')
            .all(|it| package.is_empty() || is_part(it))
    {
        return Err(Error::new(format!(
            "{name}: write package.Service, the service in PascalCase, such as \
             shop.cart.v1.CartService"
        )));
    }
    if let Some(wrong) = rpcs.iter().find(|it| !is_name(it)) {
        return Err(Error::new(format!(
            "{wrong}: is no name of an rpc; write it in PascalCase, such as GetCart"
        )));
    }
    if rpcs.is_empty() {
        return Err(Error::new(format!(
            "{name}: a service without an rpc serves nothing; name its first ones behind it, such \
             as `cargo xtask add service {name} Get{}`",
            short.trim_end_matches("Service")
        )));
    }
    let full = format!("{package}.{short}");
    let full = full.trim_start_matches('.');
    if let Some(there) = protos.pool().get_service_by_name(full) {
        return Err(Error::new(format!(
            "proto/{}: declares {full} already; `cargo xtask add rpc {short}/…` adds to it",
            there.parent_file().name()
        )));
    }
    let mut folder: Vec<_> = package.split('.').filter(|it| !it.is_empty()).collect();
    let stem = snake(short);
    folder.push(&stem);
    let file = format!("{}.proto", folder.join("/"));
    let path = format!("proto/{file}");
    if project.path(&path).exists() {
        return Err(Error::new(format!(
            "{path}: is there already; declare service {short} in it, name {full} in {OFFERED} and \
             run `cargo xtask complete`"
        )));
    }
    let mut text = "syntax = \"proto3\";\n\n".to_owned();
    if !package.is_empty() {
        text = text + "package " + &package + ";\n\n";
    }
    text = text + "service " + short + " {\n";
    for rpc in rpcs {
        text = text + "  " + &declaration(rpc) + "\n";
    }
    text.push_str("}\n");
    for rpc in rpcs {
        text.push_str(&messages(&protos, &package, None, rpc)?);
    }
    staging.put(&file, &text, Path::new(&path))?;
    let news = [full.to_owned()];
    let mut plan = Plan::default();
    plan.write(path, text);
    plan.write(OFFERED, staging.list(&news));
    lacking(project, &mut plan, &staging.offer(&news)?)?;
    plan.carry_out_and_derive(project)
}

/// The package of all services that are offered, if it is one.
fn only_package(protos: &Protos, staging: &Staging, name: &str) -> Result<String, Error> {
    let services = protos.pool().services();
    let mut packages: Vec<_> = services
        .filter(|it| staging.offers(it.full_name()))
        .map(|it| it.package_name().to_owned())
        .collect();
    packages.sort();
    packages.dedup();
    match packages.as_slice() {
        [package] => Ok(package.clone()),
        [] => Err(Error::new(format!(
            "{name}: no service is offered whose package it could have; write package.{name}"
        ))),
        several => Err(Error::new(format!(
            "{name}: write its package in front of it; there are {}",
            several.join(", ")
        ))),
    }
}

fn is_part(part: &str) -> bool {
    part.starts_with(|it: char| it.is_ascii_lowercase())
        && (part.chars()).all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
}

/// `CartService` is `cart_service`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && lower {
            out.push('_');
        }
        lower = !letter.is_ascii_uppercase();
        out.push(letter.to_ascii_lowercase());
    }
    out
}
