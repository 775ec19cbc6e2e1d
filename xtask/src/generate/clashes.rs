//! Services whose resource is called what the sample calls its own parts, or what
//! its libraries do.

use super::case::Case;
use super::project::Project;
use super::stage::Stage;
use super::{Args, Part, Row};

/// Whatever could meet a name of the service. Keywords, modules and crates are refused.
const NOUNS: [&str; 24] = [
    "event", "page", "query", "version", "owner", "note", "code", "error", "store", "file",
    "request", "item", "task", "state", "draft", "claim", "ticket", "command", "response",
    "status", "service", "message", "token", "resource",
];

/// One row for each; they are built, so only if that is asked for.
pub(crate) fn judge(stage: &Stage, args: &Args) -> Vec<Row> {
    if !args.long && args.only != Some(Part::Clashes) {
        return Vec::new();
    }
    NOUNS.iter().map(|noun| judge_one(stage, noun)).collect()
}

fn judge_one(stage: &Stage, noun: &str) -> Row {
    // The same project each time: cargo then builds again only what differs.
    let answers = [format!("resource={noun}")];
    let case = Case::of("noun-service", &answers, noun);
    let mut row = Row::new(case.title());
    let mut current = None;
    row.check("generate", || {
        let project: Project = stage.generate(&case)?;
        current = Some(project.place(stage)?);
        Ok(())
    });
    if let Some(project) = current {
        row.check("check", || {
            project.cargo(&["check", "--all-targets", "--features", &case.features()?])
        });
    }
    row
}
