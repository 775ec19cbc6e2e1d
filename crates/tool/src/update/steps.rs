//! Steps of a version that a merge of text cannot do: they are carried out on
//! what the team has, and on the pristine old service, before the two meet the
//! new one. Which there are, the new version says, in `tools/steps.toml`.

mod rename;
mod values;

use toml_edit::{DocumentMut, Table};

use super::template::{Release, numbers};
use super::work::{Files, Work};
use crate::{Error, Project};

/// Where they are listed, in the template and in a service.
pub(super) const STEPS: &str = "tools/steps.toml";

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The first version that has it.
    version: String,
    kind: Kind,
    from: String,
    to: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A value of the chart, by its path with dots.
    MoveValue,
    /// A shared crate, by its name in `crates/` and in manifests.
    RenameCrate,
}

impl Step {
    fn parse(table: &Table) -> Result<Self, Error> {
        let said = |key: &str| {
            let value = table.get(key).and_then(|it| it.as_str());
            value
                .map(str::to_owned)
                .ok_or_else(|| Error::new(format!("{STEPS}: a step has no {key}: report it")))
        };
        let kind = match said("kind")?.as_str() {
            "move-value" => Kind::MoveValue,
            "rename-crate" => Kind::RenameCrate,
            other => {
                return Err(Error::new(format!(
                    "{STEPS} has a step of the kind {other}, which this service's tool does not \
                     know: update by the template's, cargo run --manifest-path \
                     TEMPLATE/Cargo.toml -p service-tool -- update"
                )));
            }
        };
        Ok(Self {
            version: said("version")?,
            kind,
            from: said("from")?,
            to: said("to")?,
        })
    }

    fn path(dotted: &str) -> Vec<&str> {
        dotted.split('.').collect()
    }
}

/// All steps that `text` lists.
fn parse(text: &str) -> Result<Vec<Step>, Error> {
    let document: DocumentMut = (text.parse()).map_err(|_| {
        Error::new(format!(
            "{STEPS} is no TOML: take it from the template again"
        ))
    })?;
    let steps = document.get("step").and_then(|it| it.as_array_of_tables());
    steps.into_iter().flatten().map(Step::parse).collect()
}

/// The steps that `new` has and `old` has not.
pub(super) fn between(work: &Work, old: &Release, new: &Release) -> Result<Vec<Step>, Error> {
    let listed = |release: &Release| -> Result<Vec<Step>, Error> {
        // Versions from before there were steps have none.
        let text = work
            .git
            .text(&["show", &format!("{}:{STEPS}", release.commit)]);
        text.map_or_else(|_| Ok(Vec::new()), |text| parse(&text))
    };
    // What an old version says is behind the service: it need not be understood.
    let done = listed(old).unwrap_or_default();
    let steps = listed(new)?;
    Ok(steps.into_iter().filter(|it| !done.contains(it)).collect())
}

/// Carries `steps` out on the files of a service, `member` of them; what could not
/// be done.
pub(super) fn carry_out(
    work: &Work,
    steps: &[Step],
    files: &mut Files,
    member: &str,
) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    for step in steps {
        if step.kind == Kind::RenameCrate {
            rename::folder(files, &step.from, &step.to);
        }
        let paths: Vec<String> = files.keys().cloned().collect();
        for path in paths {
            let edit = match step.kind {
                Kind::MoveValue if is_values(&path, member) => Edit::Values,
                Kind::MoveValue if is_template(&path, member) => Edit::References,
                Kind::RenameCrate if path == "Cargo.toml" || path.ends_with("/Cargo.toml") => {
                    Edit::Manifest
                }
                Kind::RenameCrate if is_rust(&path) => Edit::Rust,
                _ => continue,
            };
            let blob = files[&path].clone();
            let Some(text) = work.text_if_any(&blob.object)? else {
                continue;
            };
            let edited = match edit {
                Edit::Values => {
                    match values::moved(&text, &Step::path(&step.from), &Step::path(&step.to)) {
                        Ok(edited) => edited,
                        Err(error) => {
                            left.push(format!("{path}: {error}"));
                            None
                        }
                    }
                }
                Edit::References => values::references(&text, &step.from, &step.to),
                Edit::Manifest => rename::manifest(&text, &path, &step.from, &step.to),
                Edit::Rust => rename::rust(&text, &step.from, &step.to),
            };
            if let Some(edited) = edited {
                files.insert(path, work.write(&edited, &blob)?);
            }
        }
    }
    Ok(left)
}

enum Edit {
    Values,
    References,
    Manifest,
    Rust,
}

fn is_rust(path: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|it| it == "rs")
}

/// Values files that are kept with the chart.
fn is_values(path: &str, member: &str) -> bool {
    let name = path
        .strip_prefix(member)
        .and_then(|it| it.strip_prefix("helm/"));
    name.is_some_and(|it| {
        it.starts_with("values")
            && !it.contains('/')
            && (it.ends_with("yaml") || it.ends_with("yml"))
    })
}

fn is_template(path: &str, member: &str) -> bool {
    path.strip_prefix(member)
        .is_some_and(|it| it.starts_with("helm/templates/"))
}

/// Moves in `text`, a values file kept elsewhere, what versions after `from` have
/// elsewhere; `None` if nothing is to be moved.
pub(crate) fn migrate_values(
    project: &Project,
    text: &str,
    from: Option<&str>,
) -> Result<Option<String>, Error> {
    let steps = parse(&project.read(STEPS)?.unwrap_or_default())?;
    let from = from
        .map(|from| {
            numbers(from)
                .ok_or_else(|| Error::new(format!("{from} is no version: give one like 0.1.0")))
        })
        .transpose()?;
    let mut edited = None;
    for step in &steps {
        let behind = from.is_some() && numbers(&step.version) <= from;
        if step.kind != Kind::MoveValue || behind {
            continue;
        }
        let now = edited.as_deref().unwrap_or(text);
        let moved = values::moved(now, &Step::path(&step.from), &Step::path(&step.to));
        edited = moved.map_err(Error::new)?.or(edited);
    }
    Ok(edited)
}

#[cfg(test)]
mod tests {
    use super::{Kind, parse};

    #[test]
    fn a_step_that_is_not_known_is_refused_with_the_way_on() {
        let step =
            "[[step]]\nversion = \"0.2.0\"\nkind = \"move-value\"\nfrom = \"a.b\"\nto = \"c\"\n";
        let steps = parse(step).unwrap();
        assert_eq!(
            (steps[0].kind, steps[0].to.as_str()),
            (Kind::MoveValue, "c")
        );
        let error = parse(&step.replace("move-value", "sing")).unwrap_err();
        assert!(error.to_string().contains("the kind sing"), "{error}");
        let error = parse(&step.replace("from =", "of =")).unwrap_err();
        assert!(error.to_string().contains("no from"), "{error}");
    }
}
