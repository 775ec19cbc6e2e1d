//! The packages of `cargo xtask clients`, as callers install and use them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use contract::Contract;
use serde_json::{Value, json};
use tool::Project;
use tool::command::{self, Language, Packages};
use xtask::tree;

use super::setup::{Setup, Transport};
use crate::skip::skip;

/// What every caller goes through.
const SCENARIOS: &str = include_str!("scenarios.json");

const GO: &str = include_str!("runners/main.go");
const PYTHON: &str = include_str!("runners/main.py");
const NODE: &str = include_str!("runners/main.js");

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

const CALLERS: [Caller; 5] = [
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
    let mut table = Vec::new();
    for language in languages {
        let runner = match install(*language) {
            Ok(runner) => runner,
            Err(error) => {
                skip(
                    &format!("{} package", language.name()),
                    &format!("{error:#}"),
                )?;
                continue;
            }
        };
        for caller in CALLERS.iter().filter(|it| it.language == *language) {
            for transport in Transport::ALL {
                let mut column = runner.column(caller, transport, &setup, scenarios)?;
                column.push((
                    RETRIES.to_owned(),
                    runner.retries(caller, transport, contract)?,
                ));
                table.push((format!("{}, {}", caller.name, transport.name()), column));
            }
        }
    }
    print(&table);
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

/// What is compiled, and what is checked by mypy: a wrong type is an error.
const TYPES: [&str; 2] = [
    include_str!("runners/use.ts"),
    include_str!("runners/use.py"),
];

/// What carries out scenarios: a command and its folder.
struct Runner {
    command: Vec<String>,
    folder: PathBuf,
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
                let setup = json!({"address": address, "silent": address});
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

/// Makes a language's package, and a program beside it that depends on it as
/// any would.
fn install(language: Language) -> Result<Runner> {
    let out = tree::target().join("clients/packages");
    let packages = Packages {
        languages: vec![language],
        out: Some(out),
        go_module: None,
    };
    let made = command::clients(&Project::new(tree::root()), &packages)
        .map_err(|error| anyhow!("{error}"))?;
    let package = &made.first().context("a package")?.package;
    let folder = tree::target().join("clients/runners").join(language.name());
    fs::create_dir_all(&folder)?;
    let command = match language {
        Language::Go => go(package, &folder)?,
        Language::Python => python(package, &folder)?,
        Language::Node => node(package, &folder)?,
    };
    Ok(Runner { command, folder })
}

fn go(package: &Path, folder: &Path) -> Result<Vec<String>> {
    fs::write(folder.join("main.go"), GO)?;
    let package = package.display();
    fs::write(
        folder.join("go.mod"),
        format!(
            "module runner\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/google/uuid v1.6.0\n\t\
             order-service-client v0.0.0\n)\n\nreplace order-service-client => {package}\n"
        ),
    )?;
    step(folder, "go", &["mod", "tidy"])?;
    step(folder, "go", &["build", "-o", "runner", "."])?;
    Ok(vec![folder.join("runner").display().to_string()])
}

fn python(package: &Path, folder: &Path) -> Result<Vec<String>> {
    fs::write(folder.join("main.py"), PYTHON)?;
    step(folder, "python3", &["-m", "venv", "env"])?;
    let package = package.display().to_string();
    let pip = [
        "-m",
        "pip",
        "install",
        "-q",
        "grpcio==1.85.1",
        "grpcio-status==1.85.1",
    ];
    step(folder, "env/bin/python", &pip)?;
    let pip = [
        "-m",
        "pip",
        "install",
        "-q",
        "--force-reinstall",
        "--no-deps",
        &package,
    ];
    step(folder, "env/bin/python", &pip)?;
    fs::write(folder.join("use.py"), TYPES[1])?;
    let pip = [
        "-m",
        "pip",
        "install",
        "-q",
        "mypy==1.18.2",
        "types-grpcio==1.85.0.20261028",
        "types-protobuf==7.35.1.20260906",
    ];
    step(folder, "env/bin/python", &pip)?;
    step(folder, "env/bin/mypy", &["--strict", "use.py"])?;
    let python = folder.join("env/bin/python").display().to_string();
    Ok(vec![python, "main.py".to_owned()])
}

fn node(package: &Path, folder: &Path) -> Result<Vec<String>> {
    fs::write(folder.join("main.js"), NODE)?;
    fs::write(
        folder.join("package.json"),
        "{\"private\": true, \"type\": \"module\"}\n",
    )?;
    let package = package.display().to_string();
    let npm = [
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--no-save",
        &package,
    ];
    let connect = [
        "@connectrpc/connect@2.3.0",
        "@connectrpc/connect-node@2.3.0",
    ];
    step(folder, "npm", &[&npm[..], &connect].concat())?;
    fs::write(folder.join("use.ts"), TYPES[0])?;
    // The generator brings it.
    let typescript = tree::target().join("clients/packages/tools/node/node_modules/.bin/tsc");
    let options = ["--noEmit", "--strict", "--skipLibCheck"];
    let node = ["--module", "nodenext", "--target", "es2022", "use.ts"];
    let typescript = typescript.display().to_string();
    step(folder, &typescript, &[&options[..], &node].concat())?;
    Ok(vec!["node".to_owned(), "main.js".to_owned()])
}

fn step(folder: &Path, program: &str, arguments: &[&str]) -> Result<()> {
    let path = if program.contains('/') {
        folder.join(program)
    } else {
        program.into()
    };
    let output = Command::new(path)
        .args(arguments)
        .current_dir(folder)
        .output()
        .with_context(|| format!("{program} cannot be run; install it"))?;
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    let arguments = arguments.join(" ");
    ensure!(
        output.status.success(),
        "`{program} {arguments}` failed: {said}"
    );
    Ok(())
}
