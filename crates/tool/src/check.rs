//! `check`: what is still to be written, and what no longer fits together.

use std::process::Command;

use contract::Protos;
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::generated::Service;
use crate::{Error, Project, complete, source, update};

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Rpcs that answer UNIMPLEMENTED until somebody writes them: no fault.
    pub unwritten: Vec<String>,
    /// What there is to know, and need not be mended.
    pub notes: Vec<String>,
    /// What has to be mended.
    pub faults: Vec<String>,
}

/// Looks for rpcs that are still to be written or have no function at all, for
/// derived files that are stale, and for markers of conflicts; also for a newer
/// version of the template and shared crates that are not as they came.
///
/// # Errors
///
/// If the .proto files are wrong or a source is no Rust.
pub fn check(project: &Project) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    for path in project.sources("src")? {
        let text = project.read(&path)?.unwrap_or_default();
        if text.contains("unwritten(") {
            let mut gaps = Gaps {
                path: &path,
                found: &mut findings.unwritten,
            };
            gaps.visit_file(&source::parse(&path, &text)?);
        }
    }
    let (mut services, upstreams) = complete::services(&Protos::compile(project.path("proto"))?)?;
    if project.is_gateway()? {
        services.clear();
    }
    for service in &services {
        let found = source::handler(project, "src", service, &services)?;
        let Some(found) = found else {
            findings.faults.push(format!(
                "{}: is offered, but nothing in src/ implements it; run `cargo xtask complete`",
                service.name
            ));
            continue;
        };
        findings.faults.extend(absent(service, &found));
    }
    (findings.faults).extend(complete::orphaned(project, &services)?);
    for upstream in &upstreams {
        if let Some(found) = source::handler(project, "tests", upstream, &upstreams)? {
            findings.faults.extend(absent(upstream, &found));
        }
    }
    for (path, _) in contract::files::stale(project.root())? {
        let within = path.strip_prefix(project.root()).unwrap_or(&path);
        findings.faults.push(format!(
            "{}: no longer says what proto/ says; run `cargo xtask contract`",
            within.display()
        ));
    }
    findings.faults.extend(conflicts(project));
    findings.notes = update::standing(project.root())?;
    Ok(findings)
}

/// The rpcs of `service` that `found` has no function for, and the reverse.
fn absent(service: &Service, found: &source::Found) -> Vec<String> {
    let absent = service.rpcs.iter().filter(|rpc| !found.has(rpc));
    let said = absent.map(|rpc| {
        format!(
            "{}: {} of {} is not there; run `cargo xtask complete`",
            found.path, rpc.name, service.name
        )
    });
    said.chain(found.left_over(service)).collect()
}

struct Gaps<'a> {
    path: &'a str,
    found: &'a mut Vec<String>,
}

impl<'ast> Visit<'ast> for Gaps<'_> {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let called = match &*call.func {
            syn::Expr::Path(it) => it.path.segments.last().map(|it| it.ident.to_string()),
            _ => None,
        };
        if called.as_deref() == Some("unwritten") {
            let rpc = call.args.first().map(|it| it.to_token_stream().to_string());
            let rpc = rpc.unwrap_or_default();
            self.found.push(format!(
                "{}:{}: {} is still to be written",
                self.path,
                call.span().start().line,
                rpc.trim_matches('"').rsplit('/').next().unwrap_or_default()
            ));
        }
        visit::visit_expr_call(self, call);
    }
}

/// Lines that a merge left behind, in files that git knows; none where there is
/// no git.
fn conflicts(project: &Project) -> Vec<String> {
    let output = Command::new("git")
        .args(["grep", "-nIE", "--untracked", "^(<<<<<<<|>>>>>>>)( |$)"])
        .current_dir(project.root())
        .output();
    let Ok(output) = output else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| line.rsplit_once(':'))
        .map(|(place, _)| format!("{place}: a conflict is left; settle it"))
        .collect()
}
