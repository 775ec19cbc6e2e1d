//! `cargo contract`: rewrites what is derived from the .proto files.
//!
//! The program of this crate, and of whichever other one calls [`main`]: a service
//! that has this crate by version runs it from its own `xtask`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::document::{Format, document};
use crate::service_config::{self, Timeouts};
use crate::{Error, Protos, breaking, bundled, files};

const USAGE: &str = "\
usage: cargo contract [--check] [--root PATH]
       cargo contract breaking --against REVISION [--meant ID]... [--root PATH]
       cargo contract protos [--out DIR] [--root PATH]
       cargo contract reference [--html] [--root PATH]
       cargo contract service-config [--timeouts] [--service NAME] [--root PATH]

Without a command, rewrites helm/files/contract.yaml and the tables of
docs/contract.md from proto/; --check writes nothing and fails if they are stale.

breaking compares proto/ with what git has at REVISION, and fails if callers of what is
offered lose something: an rpc, a field, time, attempts, the right to call or to repeat,
or if a request must keep another rule. What is meant is said by the ID that is printed:
--meant timeout:shop.cart.v1.CartService/GetCart.

protos writes what a .proto may import without having it (buf/validate, mesh/v1, googleapis'
common files) into target/protos or DIR, for editors, protoc and clients: -I proto -I DIR.

reference prints what is offered for those who call it, as Markdown or as a page of HTML:
each rpc with its comment, policy, rules and errors.

service-config prints gRPC's service config as JSON: retries only, right for
every client, or with --timeouts also timeouts, for clients that apply them
(Go, Java, Node). NAME is Service or package.Service; without it, all that are offered.
";

enum Command {
    Help,
    Write,
    Check,
    ServiceConfig(Timeouts, Option<String>),
    Breaking(String, Vec<String>),
    Protos(Option<PathBuf>),
    Reference(Format),
}

/// Runs it with the arguments behind the program's name.
///
/// # Errors
///
/// Says on stderr what is wrong: 64 if the arguments are, else 1.
pub fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let (command, root) = match arguments(args) {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("error: {error}\n\n{USAGE}");
            return ExitCode::from(64);
        }
    };
    match run(&command, &root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(arguments: impl Iterator<Item = String>) -> Result<(Command, PathBuf), String> {
    let mut arguments = arguments.peekable();
    let known = ["service-config", "breaking", "protos", "reference"];
    let name = arguments.next_if(|it| known.contains(&it.as_str()));
    let name = name.as_deref().unwrap_or_default();
    let (mut check, mut timeouts, mut service) = (false, Timeouts::Omit, None);
    let (mut against, mut meant) = (None, Vec::new());
    let (mut root, mut out, mut format) = (None, None, Format::Markdown);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match (name, argument.as_str()) {
            (_, "--help" | "-h") => return Ok((Command::Help, PathBuf::new())),
            (_, "--root") => root = Some(PathBuf::from(value()?)),
            ("", "--check") => check = true,
            ("breaking", "--against") => against = Some(value()?),
            ("breaking", "--meant") => meant.push(value()?),
            ("protos", "--out") => out = Some(PathBuf::from(value()?)),
            ("reference", "--html") => format = Format::Html,
            ("service-config", "--timeouts") => timeouts = Timeouts::Include,
            ("service-config", "--service") => service = Some(value()?),
            _ => return Err(format!("unexpected argument {argument}")),
        }
    }
    let command = match name {
        "service-config" => Command::ServiceConfig(timeouts, service),
        "breaking" => {
            let against = against.ok_or("breaking needs --against and a revision, such as main")?;
            Command::Breaking(against, meant)
        }
        "protos" => Command::Protos(out),
        "reference" => Command::Reference(format),
        _ if check => Command::Check,
        _ => Command::Write,
    };
    Ok((command, root.unwrap_or_else(nearest)))
}

/// The nearest folder, from the current one upwards, that has .proto files.
fn nearest() -> PathBuf {
    let current = env::current_dir().unwrap_or_default();
    let service = current.ancestors().find(|it| it.join("proto").is_dir());
    service.unwrap_or(&current).to_owned()
}

fn run(command: &Command, root: &Path) -> Result<(), String> {
    let text = |error: Error| error.to_string();
    match command {
        Command::Help => print!("{USAGE}"),
        Command::Write => {
            for path in files::write(root).map_err(text)? {
                println!("wrote {}", path.display());
            }
        }
        Command::Check => {
            let stale = files::stale(root).map_err(text)?;
            if !stale.is_empty() {
                let paths: Vec<_> = stale.iter().map(|it| it.0.display().to_string()).collect();
                return Err(format!(
                    "{} no longer says what proto/ says; run `cargo contract` and commit the \
                     result",
                    paths.join(", ")
                ));
            }
        }
        Command::Reference(format) => {
            let protos = Protos::compile(root.join("proto")).map_err(text)?;
            print!("{}", document(&protos, *format).map_err(text)?);
        }
        Command::Breaking(against, meant) => compare(root, against, meant)?,
        Command::Protos(out) => {
            let folder = out.clone().unwrap_or_else(|| root.join("target/protos"));
            bundled::write(&folder).map_err(text)?;
            println!("wrote {}", folder.display());
        }
        Command::ServiceConfig(timeouts, service) => {
            let contract = Protos::compile(root.join("proto"))
                .and_then(|it| it.contract())
                .map_err(text)?;
            print!(
                "{}",
                service_config::json(&contract, service.as_deref(), *timeouts)?
            );
        }
    }
    Ok(())
}

/// Prints what callers lose, and fails if not all of it is meant.
fn compare(root: &Path, against: &str, meant: &[String]) -> Result<(), String> {
    let old = breaking::at(root, against)?;
    let new = Protos::compile(root.join("proto")).map_err(|error| error.to_string())?;
    let changes = breaking::changes(&old, &new).map_err(|error| error.to_string())?;
    for id in meant {
        if !changes.iter().any(|change| change.id == *id) {
            return Err(format!(
                "--meant {id}: there is no such change; leave it out"
            ));
        }
    }
    let mut refused = 0;
    for change in &changes {
        if meant.contains(&change.id) {
            println!("meant, {change}");
        } else {
            println!("{change}");
            refused += 1;
        }
    }
    match refused {
        0 => Ok(()),
        _ => Err(format!(
            "callers of {against} lose {refused} of what they rely on; take it back, add something \
             new beside it, or say --meant ID"
        )),
    }
}
