//! What the suite said, for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result};

pub(super) const ABOUT: &str = "\
# Conformance to gRPC

What [Connect's conformance suite](https://github.com/connectrpc/conformance) finds in a small service on the chassis, as
far as it is about gRPC: Protobuf, HTTP/2 with TLS and without, certificates of callers, gzip, limits of messages.
Written by `cargo lab conformance --write`, which fails where a case fails that is not explained here. gRPC-Web and
Connect are a gateway's matter.

";

/// How the suite complains of an error that has details.
const DETAILS: &str = "actual error contain 1 details; expecting 0";

/// Why that is right.
const WHY: &str = "\
Errors that the server makes itself carry a `google.rpc.ErrorInfo`, with a reason that a program can match on. The suite
wants none. It is the service's choice: after `Boot::plain_errors` they have code and message alone. With details, as by
default, these cases fail, for that and nothing else:
";

/// What became of the cases.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) all: usize,
    failed: Vec<Failure>,
}

/// A case that failed.
#[derive(Debug)]
pub(super) struct Failure {
    case: String,
    said: Vec<String>,
}

impl Failure {
    /// Whether nothing is wrong but that the error has details.
    fn is_details(&self) -> bool {
        self.said == [DETAILS]
    }
}

/// Reads what the suite prints: each case that failed with lines below that say
/// why, and the total.
pub(super) fn read(said: &str) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for line in said.lines() {
        if let Some(case) = line.strip_prefix("FAILED: ") {
            let case = case.trim_end_matches(':').to_owned();
            let said = Vec::new();
            outcome.failed.push(Failure { case, said });
        } else if let Some(all) = line.strip_prefix("Total cases: ") {
            outcome.all = all.trim().parse()?;
        } else if let (Some(last), false) = (outcome.failed.last_mut(), line.trim().is_empty())
            && line.starts_with(char::is_whitespace)
        {
            last.said.push(line.trim().to_owned());
        }
    }
    let summary = said.lines().rev().find(|line| line.contains(" passed, "));
    let summary = summary.with_context(|| format!("the suite did not run: {said}"))?;
    let failed = summary
        .split(", ")
        .find_map(|it| it.strip_suffix(" failed"));
    let failed: usize = failed.map_or(Ok(0), str::parse)?;
    anyhow::ensure!(
        failed == outcome.failed.len(),
        "the suite counts {failed} failures and names {}",
        outcome.failed.len()
    );
    Ok(outcome)
}

/// Failures that nothing explains.
pub(super) fn unexplained<'a>(with_details: &'a Outcome, plain: &'a Outcome) -> Vec<&'a Failure> {
    let details = (with_details.failed.iter()).filter(|it| !it.is_details());
    details.chain(&plain.failed).collect()
}

/// What is the same whenever it is run: how many errors have details depends on
/// whether client or server notices first that a deadline has passed.
pub(super) fn text(with_details: &Outcome, plain: &Outcome) -> Result<String> {
    let (all, failed) = (plain.all, plain.failed.len());
    let mut text = format!("{} of {all} cases pass with plain errors.\n", all - failed);
    let details = (with_details.failed.iter()).filter(|it| it.is_details());
    let groups: BTreeSet<_> = details.map(|it| group(&it.case)).collect();
    if !groups.is_empty() {
        write!(text, "\n{WHY}\n")?;
    }
    for group in groups {
        writeln!(text, "- {group}")?;
    }
    Ok(text)
}

/// A case's name, less what is tried of each: encodings, TLS, the client; and of
/// deadlines less what differs from run to run.
fn group(case: &str) -> String {
    let parts = (case.split('/')).filter(|it| !it.contains(':') && !it.starts_with('('));
    let kept: Vec<_> = parts.collect();
    match kept.as_slice() {
        ["Timeouts", ..] => "Timeouts".to_owned(),
        kept => kept.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_explained_by_all_that_is_said_of_it() {
        let said = "\
FAILED: Basic/TLS:true/unimplemented:
\tactual error contain 1 details; expecting 0
FAILED: Basic/TLS:false/(grpc client impl)/unimplemented:
\tactual error contain 1 details; expecting 0
\tactual error code 2; expecting 12

Total cases: 9
7 passed, 2 failed
";
        let outcome = read(said).unwrap();
        assert_eq!(outcome.all, 9);
        let none = Outcome::default();
        let unexplained = unexplained(&outcome, &none);
        assert_eq!(unexplained.len(), 1, "{unexplained:?}");
        assert!(unexplained[0].case.contains("grpc client"));
        let text = text(&outcome, &none).unwrap();
        assert!(text.contains("- Basic, unimplemented\n"), "{text}");
        assert!(text.contains("0 of 0 cases pass"), "{text}");
        assert!(read("no such file").is_err());
        assert!(read("Total cases: 9\n7 passed, 2 failed\n").is_err());
    }
}
