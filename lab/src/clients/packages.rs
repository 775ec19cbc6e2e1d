//! The packages of `cargo xtask clients`, as callers install and use them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use contract::Contract;
use serde_json::{Value, json};
use tool::command::Language;

use super::first;
use super::install::install;
use super::setup::{Setup, Transport};
use crate::skip::skip;

/// What every caller goes through.
const SCENARIOS: &str = include_str!("scenarios.json");

/// Judged by what a server saw that fails as told.
const RETRIES: &str = "repeated as the contract says";

/// A way to call: a language, and which of its libraries.
struct Caller {
    name: &'static str,
    language: Language,
    /// The runner's last argument.
    argument: Option<&'static str>,
    /// Scenarios that its library cannot pass, and why.
    cannot: &'static [(&'static str, &'static str)],
}

const CALLERS: [Caller; 8] = [
    Caller {
        name: "Go",
        language: Language::Go,
        argument: None,
        cannot: &[],
    },
    Caller {
        name: "Python",
        language: Language::Python,
        argument: None,
        cannot: &[],
    },
    Caller {
        name: "Python, asyncio",
        language: Language::Python,
        argument: Some("aio"),
        cannot: &[],
    },
    Caller {
        name: "Node, grpc-js",
        language: Language::Node,
        argument: None,
        cannot: &[],
    },
    Caller {
        name: "Node, Connect",
        language: Language::Node,
        argument: Some("connect"),
        cannot: &[
            (
                RETRIES,
                "Connect has no retries, and reads no service config",
            ),
            (
                "no call is lost as connections age",
                "a call that a closing connection refused (REFUSED_STREAM) may end with INTERNAL",
            ),
        ],
    },
    Caller {
        name: "Java",
        language: Language::Java,
        argument: None,
        cannot: &[],
    },
    Caller {
        name: "Kotlin",
        language: Language::Java,
        argument: Some("kotlin"),
        cannot: &[],
    },
    Caller {
        name: "Rust",
        language: Language::Rust,
        argument: None,
        cannot: &[],
    },
];

/// What became of each scenario: nothing that went wrong, what did, or why it
/// was not carried out.
#[derive(Debug, Clone)]
enum Outcome {
    Passed,
    Failed(String),
    /// The scenario is of another transport.
    Beside,
    /// The library cannot.
    Cannot(&'static str),
}

/// Makes the packages of `languages`, installs each, carries out all scenarios
/// with it and prints the table; what went wrong.
pub(super) fn run(languages: &[Language], contract: &Contract) -> Result<Vec<String>> {
    let setup = Setup::start()?;
    let scenarios: Value = serde_json::from_str(SCENARIOS)?;
    let scenarios = scenarios["scenarios"].as_array().context("scenarios")?;
    let (mut table, mut firsts) = (Vec::new(), Vec::new());
    for language in languages {
        let (made, runner) = match install(*language) {
            Ok(installed) => installed,
            Err(error) => {
                skip(
                    &format!("{} package", language.name()),
                    &format!("{error:#}"),
                )?;
                continue;
            }
        };
        firsts.push(first::call(&made, &setup.address())?);
        for caller in CALLERS.iter().filter(|it| it.language == *language) {
            for transport in Transport::ALL {
                let mut column = runner.column(caller, transport, &setup, scenarios)?;
                column.push((
                    RETRIES.to_owned(),
                    runner.retries(caller, transport, &setup, contract)?,
                ));
                table.push((format!("{}, {}", caller.name, transport.name()), column));
            }
        }
    }
    print(&table);
    println!("\n{}", first::table(&firsts));
    let failures = table.iter().flat_map(|(head, column)| {
        column
            .iter()
            .filter_map(move |(scenario, outcome)| match outcome {
                Outcome::Failed(why) => Some(format!("{head}, {scenario}: {why}")),
                _ => None,
            })
    });
    Ok(failures.collect())
}

type Column = Vec<(String, Outcome)>;

fn print(table: &[(String, Column)]) {
    let Some((_, first)) = table.first() else {
        return;
    };
    let heads: Vec<_> = table.iter().map(|(head, _)| head.as_str()).collect();
    println!("| Scenario | {} |", heads.join(" | "));
    println!("|---|{}", "---|".repeat(heads.len()));
    for (row, (scenario, _)) in first.iter().enumerate() {
        let cells = table.iter().map(|(_, column)| match column[row].1 {
            Outcome::Passed => "ok",
            Outcome::Failed(_) => "FAIL",
            Outcome::Beside => "–",
            Outcome::Cannot(_) => "cannot",
        });
        println!("| {scenario} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    for (head, column) in table {
        for (scenario, outcome) in column {
            if let Outcome::Cannot(why) = outcome {
                println!("cannot: {head}, {scenario}: {why}");
            }
        }
    }
}

/// What carries out scenarios: a command and its folder.
pub(super) struct Runner {
    pub(super) command: Vec<String>,
    pub(super) folder: PathBuf,
}

impl Runner {
    /// What became of each scenario over this transport.
    fn column(
        &self,
        caller: &Caller,
        transport: Transport,
        setup: &Setup,
        scenarios: &[Value],
    ) -> Result<Column> {
        let name = |scenario: &Value| scenario["name"].as_str().unwrap_or_default().to_owned();
        let beside = |it: &Value| !it["only"].is_null() && it["only"] != transport.name();
        let chosen: Vec<_> = (scenarios.iter())
            .filter(|it| !beside(it) && caller.why_not(&name(it)).is_none())
            .cloned()
            .collect();
        let mut said = self.run(caller, setup.of(transport), &chosen)?;
        let column = scenarios.iter().map(|scenario| {
            let name = name(scenario);
            let outcome = match (caller.why_not(&name), said.remove(&name)) {
                (Some(why), _) => Outcome::Cannot(why),
                (None, Some(outcome)) => outcome,
                (None, None) if beside(scenario) => Outcome::Beside,
                (None, None) => Outcome::Failed("it was not carried out".to_owned()),
            };
            (name, outcome)
        });
        Ok(column.collect())
    }

    /// Whether a server that fails sees what the contract says.
    fn retries(
        &self,
        caller: &Caller,
        transport: Transport,
        servers: &Setup,
        contract: &Contract,
    ) -> Result<Outcome> {
        if transport != Transport::Plain {
            return Ok(Outcome::Beside);
        }
        if let Some(why) = caller.why_not(RETRIES) {
            return Ok(Outcome::Cannot(why));
        }
        let mut wrong = Vec::new();
        for scenario in super::scenario::SCENARIOS {
            let reports = scenario.run(contract, |address, expected| {
                let calls: Vec<_> = (expected.iter())
                    .map(|(rpc, code)| {
                        let step = json!({"call": rpc, "request": {}, "code": code});
                        json!({"name": rpc, "steps": [step]})
                    })
                    .collect();
                let descriptors = &servers.descriptors;
                let setup =
                    json!({"address": address, "silent": address, "descriptors": descriptors});
                let said = self.run(caller, setup, &calls)?;
                let lines = expected.iter().map(|(rpc, code)| match said.get(rpc) {
                    Some(Outcome::Passed) => format!("{rpc}: {code}\n"),
                    other => format!("{rpc}: {other:?}\n"),
                });
                Ok(lines.collect())
            })?;
            for report in reports {
                let (scenario, rpc) = (scenario.name, report.rpc);
                wrong.extend(
                    report
                        .wrong
                        .iter()
                        .map(|it| format!("{scenario}, {rpc}: {it}")),
                );
            }
        }
        Ok(if wrong.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed(wrong.join("; "))
        })
    }

    /// Carries out scenarios; what became of each by its name.
    fn run(
        &self,
        caller: &Caller,
        mut setup: Value,
        scenarios: &[Value],
    ) -> Result<BTreeMap<String, Outcome>> {
        setup["scenarios"] = json!(scenarios);
        let path = self.folder.join("setup.json");
        fs::write(&path, setup.to_string())?;
        let output = Command::new(&self.command[0])
            .args(&self.command[1..])
            .arg(&path)
            .args(caller.argument)
            .current_dir(&self.folder)
            .output()?;
        let mut outcomes = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some(name) = line.strip_prefix("ok ") {
                outcomes.insert(name.to_owned(), Outcome::Passed);
            } else if let Some(line) = line.strip_prefix("FAIL ")
                && let Some((name, why)) = line.split_once(": ")
            {
                outcomes.insert(name.to_owned(), Outcome::Failed(why.to_owned()));
            }
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(
            !outcomes.is_empty(),
            "{} said nothing: {complaint}",
            caller.name
        );
        Ok(outcomes)
    }
}

impl Caller {
    /// Why its library cannot pass this scenario.
    fn why_not(&self, scenario: &str) -> Option<&'static str> {
        let found = self.cannot.iter().find(|(name, _)| *name == scenario);
        found.map(|(_, why)| *why)
    }
}
