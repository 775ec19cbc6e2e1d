//! What the suite said, for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result};

pub(super) const ABOUT: &str = "\
# Conformance to gRPC

What [Connect's conformance suite](https://github.com/connectrpc/conformance) finds in a small service on the chassis, as
far as it is about gRPC: Protobuf, HTTP/2 with TLS and without, certificates of callers, gzip, limits of messages.
Written by `cargo lab conformance --write`, which fails where a case fails that is not explained here. gRPC-Web and
Connect are a gateway's matter: `crates/chassis-gateway` before the same service, over HTTP/1.1 and HTTP/2, without TLS, which
ends before it, and without compression, which it does not take.

";

/// How the suite complains of an error that has details.
const DETAILS: &str = "actual error contain 1 details; expecting 0";

/// As the suite's client complains of a detail in JSON, whose type it has not.
const JSON_DETAILS: [&str; 2] = ["connect error JSON: details[", "message type \"google.rpc."];

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
        let of_json = |line: &String| JSON_DETAILS.iter().all(|part| line.contains(part));
        self.said.iter().any(|it| it == DETAILS)
            && self.said.iter().all(|it| it == DETAILS || of_json(it))
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
            last.said
                .push(line.trim_matches([' ', '\t', ';']).to_owned());
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
    let details = with_details.beyond_details();
    details.chain(&plain.failed).collect()
}

impl Outcome {
    /// Failures for more than details.
    pub(super) fn beyond_details(&self) -> impl Iterator<Item = &Failure> {
        self.failed.iter().filter(|it| !it.is_details())
    }
}

/// What a gateway does of a protocol; how often a deadline has details differs from
/// run to run.
pub(super) fn at_gateway(protocol: &str, outcome: &Outcome) -> String {
    let all = outcome.all;
    let mut text = format!(
        "\n## {protocol} at a gateway\n\nOf {all} cases all pass, but for the details of errors that \
         the gateway makes itself: of deadlines, and of\n\n"
    );
    let groups: BTreeSet<_> = outcome.failed.iter().map(|it| group(&it.case)).collect();
    for group in groups.iter().filter(|it| *it != "Timeouts") {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- {group}");
    }
    text
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
        let json = "connect error JSON: details[0]: could not check debug data because message type \
                    \"google.rpc.ErrorInfo\" could not be resolved";
        let said =
            format!("FAILED: A/b:\n\t{json}\n\t{DETAILS}\nTotal cases: 1\n0 passed, 1 failed\n");
        let gateway = read(&said).unwrap();
        assert_eq!(gateway.beyond_details().count(), 0, "{gateway:?}");
        assert!(at_gateway("Connect", &gateway).ends_with("\n- A, b\n"));
        let text = text(&outcome, &none).unwrap();
        assert!(text.contains("- Basic, unimplemented\n"), "{text}");
        assert!(text.contains("0 of 0 cases pass"), "{text}");
        assert!(read("no such file").is_err());
        assert!(read("Total cases: 9\n7 passed, 2 failed\n").is_err());
    }
}
