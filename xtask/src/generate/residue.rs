//! Anything of the template left in the output.

use anyhow::{Result, bail};

use super::case::Case;
use super::project::Project;
use crate::{markers, names, tree};

/// Fails on the first leftover.
pub(crate) fn find(project: &Project, case: &Case) -> Result<()> {
    for path in project
        .files
        .iter()
        .filter(|path| !markers::is_foreign(path))
    {
        let Ok(text) = String::from_utf8(project.read(path)?) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            if let Some(problem) = problem(path, line, case) {
                bail!("{path}:{}: {problem}: {line}", index + 1);
            }
        }
        if text.contains('\r') {
            bail!("{path}: has CRLF");
        }
        if !text.is_empty() && !text.ends_with('\n') {
            bail!("{path}: the last line has no end");
        }
    }
    for path in [
        "hooks",
        "lab",
        "bench",
        "plugin",
        "shop",
        "template",
        "cargo-generate.toml",
        "target",
    ] {
        if project.folder.join(path).exists() {
            bail!("{path} was not left out");
        }
    }
    Ok(())
}

fn problem(path: &str, line: &str, case: &Case) -> Option<&'static str> {
    let helm = path.starts_with("helm/");
    for tag in [
        "{% ",
        "{%-",
        "endraw",
        "endcapture",
        "\u{1}",
        "\u{a7}",
        "{{ source",
        "{{ project",
    ] {
        if line.contains(tag) && !(helm && tag.starts_with("{%")) {
            return Some("a trace of Liquid");
        }
    }
    if line.contains("cargo lab")
        || line.contains("cargo shop")
        || line.contains("tonic-mesh-template") && path != ".template.toml"
    {
        return Some("the template's own");
    }
    if markers::is_constant(path) {
        return None;
    }
    // What was asked for may itself contain the names.
    let mut rest = line.to_owned();
    for own in [
        &case.project,
        &case.plural,
        &case.resource,
        &names::pascal(&case.plural),
        &names::pascal(&case.resource),
        &case.organisation,
    ] {
        rest = rest.replace(own.as_str(), "");
    }
    let left = names::find(&rest);
    let left = left.iter().any(|found| !found.is_accident());
    (left && !tree::is_in(path, "docs")).then_some("a name was not replaced")
}
