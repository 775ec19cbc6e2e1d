//! The command line of a service's `cargo xtask`.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::add::Addition;
use crate::adopt::adopt;
use crate::check::check;
use crate::clients::{Packages, clients};
use crate::complete::complete;
use crate::size::Load;
use crate::update::{self, Options};
use crate::{Error, Project};

const USAGE: &str = "\
usage: cargo xtask adopt FILE... [-I DIR]...
       cargo xtask add rpc SERVICE/RPC
       cargo xtask add service SERVICE RPC...
       cargo xtask add upstream NAME --proto FILE... [-I DIR]...
       cargo xtask add resource NAME --fields NAME:TYPE[:fixed],...
       cargo xtask add resource NAME --message PACKAGE.MESSAGE [--proto FILE... [-I DIR]...]
       cargo xtask complete
       cargo xtask check
       cargo xtask update [--to VERSION|COMMIT] [--source URL] [--from COMMIT]
                          [--set KEY=ANSWER]... [--dry-run] [--abort]
       cargo xtask migrate-values FILE... [--from VERSION]
       cargo xtask clients [--lang go,python,node,java,rust] [--out DIR] [--go-module PATH] [--maven-group GROUP]
       cargo xtask size --calls-per-second N [--creates N] [--lists N] [--watchers N]
                        [--connections N] [--call-cost µS] [--store sqlite|postgres|none]
       cargo xtask contract [--check | service-config ...]

adopt     takes .proto files, or folders of them, into proto/ as they are, with what
          they import from where they are and from each DIR; offers their services,
          and makes a handler and tests for each. Nothing that is there is changed.
add rpc   declares an rpc in the .proto of its service, and makes its function.
add service
          declares a service with these rpcs in a .proto of its own, offers it, and makes
          its handler and tests.
add upstream
          takes somebody else's .proto into proto/ and makes a client of its services, the
          setting and the chart's value of where they are called, and a test with a
          stand-in.
add resource
          makes a resource with the standard methods (create, get, list, update, watch):
          .proto, code, migrations and tests. A type is string, int32, int64 or bool; a
          string that is fixed never changes, and lists are filtered by it. With --message
          a message of proto/ (or of FILE, which is taken in) says what it is, and its
          service is declared beside it; what is IMMUTABLE there is fixed.
complete  appends what rpcs and services new in proto/ lack.
check     lists what is still to be written; fails where something is missing, stale
          or left from a merge. Says whether the template has a newer version, and
          which shared crates are not as they came.
update    merges a newer version of the template, on a branch of its own; nothing else
          is touched. --to says which version, --source where the template is and --from
          what the service was generated from, if .template.toml does not; --set changes
          an answer with it; --dry-run only says what would happen; --abort removes the
          branch. With conflicts it ends with 1.
migrate-values
          moves in values files of the chart, kept wherever, what newer versions have
          elsewhere; comments stay. --from leaves out what VERSION had already.
clients   makes packages for callers in other languages, in target/clients or DIR: a Go
          module called PATH, a Python wheel, an npm package, Maven artifacts of GROUP and
          a crate, each with stubs and the contract's deadlines and retries. Each language's
          own tools do the work.
size      prints values for the chart: pods, requests, limits and connections to the database
          for a load at its peak. --creates and --lists (of 50) are among the calls,
          --call-cost is what one's own handlers take of the CPU beside the sample's.
contract  rewrites what is derived from proto/: see cargo xtask contract --help.
";

/// Carries out what the process's arguments say; how it ends.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        return usage("there is no command");
    };
    match (command.as_str(), rest) {
        ("--help" | "-h" | "help", _) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        ("contract", rest) => contract::cli::main(rest.iter().cloned()),
        ("adopt", rest) => match sources(rest) {
            Ok((files, includes)) => ended(run_adopt(&files, &includes)),
            Err(error) => usage(&error),
        },
        ("add", rest) => match Addition::parse(rest) {
            Ok(addition) => ended(run_add(&addition)),
            Err(error) => usage(&error),
        },
        ("complete", []) => ended(run_complete()),
        ("check", []) => ended(run_check()),
        ("clients", rest) => match Packages::parse(rest) {
            Ok(packages) => ended(run_clients(&packages)),
            Err(error) => usage(&error),
        },
        ("migrate-values", rest) => match values(rest) {
            Ok((files, from)) => ended(run_migrate(&files, from.as_deref())),
            Err(error) => usage(&error),
        },
        ("size", rest) => match Load::parse(rest) {
            Ok(load) => {
                print!("{}", load.size().values());
                ExitCode::SUCCESS
            }
            Err(error) => usage(&error),
        },
        ("update", rest) => match Options::parse(rest) {
            Ok(options) => run_update(&options),
            Err(error) => usage(&error),
        },
        (other, rest) => usage(&format!("unexpected {other} {}", rest.join(" "))),
    }
}

fn usage(error: &str) -> ExitCode {
    eprintln!("error: {}\n\n{USAGE}", error.trim_end());
    ExitCode::from(64)
}

fn ended(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sources(arguments: &[String]) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
    let (mut files, mut includes) = (Vec::new(), Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if let Some(folder) = argument.strip_prefix("-I") {
            let folder = match folder {
                "" => arguments.next().ok_or("-I needs a folder")?.as_str(),
                folder => folder,
            };
            includes.push(PathBuf::from(folder));
        } else if argument.starts_with('-') {
            return Err(format!("unexpected {argument}"));
        } else {
            files.push(PathBuf::from(argument));
        }
    }
    if files.is_empty() {
        return Err("adopt needs a .proto file".to_owned());
    }
    Ok((files, includes))
}

fn run_adopt(files: &[PathBuf], includes: &[PathBuf]) -> Result<(), Error> {
    let project = Project::find()?;
    let adoption = adopt(&project, files, includes)?;
    for path in &adoption.written {
        println!("wrote {path}");
    }
    for left in &adoption.left {
        println!("note: {left}");
    }
    match adoption.services.as_slice() {
        [] => println!("nothing is new: all of it is offered already"),
        services => {
            println!("offered now: {}", services.join(", "));
            println!(
                "any caller of the mesh may call them until the .proto or a policy says who may"
            );
            println!("next: cargo run; cargo xtask check lists what is still to be written");
        }
    }
    Ok(())
}

fn run_add(addition: &Addition) -> Result<(), Error> {
    let added = addition.carry_out(&Project::find()?)?;
    for path in &added.written {
        println!("wrote {path}");
    }
    if added.written.is_empty() {
        println!("nothing is missing");
    }
    for left in &added.left {
        println!("next: {left}");
    }
    Ok(())
}

fn run_complete() -> Result<(), Error> {
    let written = complete(&Project::find()?)?;
    for path in &written {
        println!("wrote {path}");
    }
    if written.is_empty() {
        println!("nothing is missing");
    }
    Ok(())
}

fn run_check() -> Result<(), Error> {
    let findings = check(&Project::find()?)?;
    for gap in &findings.unwritten {
        println!("{gap}");
    }
    for note in &findings.notes {
        println!("note: {note}");
    }
    if findings.faults.is_empty() {
        println!(
            "{} to be written, nothing to mend",
            findings.unwritten.len()
        );
        return Ok(());
    }
    Err(Error::new(findings.faults.join("\n")))
}

fn run_clients(packages: &Packages) -> Result<(), Error> {
    for made in clients(&Project::find()?, packages)? {
        println!("{:<8}{}", made.language.name(), made.package.display());
    }
    Ok(())
}

/// What `migrate-values` is told.
fn values(arguments: &[String]) -> Result<(Vec<PathBuf>, Option<String>), String> {
    let (mut files, mut from) = (Vec::new(), None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if let Some(said) = argument.strip_prefix("--from") {
            let said = match said.strip_prefix('=') {
                Some(said) => Some(said.to_owned()),
                None if said.is_empty() => arguments.next().cloned(),
                None => return Err(format!("unexpected {argument}")),
            };
            from = Some(said.ok_or("--from needs a version")?);
        } else if argument.starts_with('-') {
            return Err(format!("unexpected {argument}"));
        } else {
            files.push(PathBuf::from(argument));
        }
    }
    if files.is_empty() {
        return Err("migrate-values needs a values file".to_owned());
    }
    Ok((files, from))
}

fn run_migrate(files: &[PathBuf], from: Option<&str>) -> Result<(), Error> {
    let project = Project::find()?;
    // All are read before one is written.
    let mut edited = Vec::new();
    for path in files {
        let text = fs::read_to_string(path).map_err(|error| Error::io(path, &error))?;
        let moved = update::migrate_values(&project, &text, from)
            .map_err(|error| Error::new(format!("{}: {error}", path.display())))?;
        edited.push((path, moved));
    }
    for (path, text) in edited {
        match text {
            Some(text) => {
                fs::write(path, text).map_err(|error| Error::io(path, &error))?;
                println!("wrote {}", path.display());
            }
            None => println!("{}: nothing is to be moved", path.display()),
        }
    }
    Ok(())
}

fn run_update(options: &Options) -> ExitCode {
    let here = match env::current_dir() {
        Ok(here) => here,
        Err(error) => return ended(Err(Error::new(format!("there is no folder: {error}")))),
    };
    if options.abort {
        return ended(update::abort(&here).map(|branches| {
            for branch in branches {
                println!("removed {branch}");
            }
        }));
    }
    match update::update(&here, options, &mut |line| println!("{line}")) {
        Ok(report) => {
            print!("{report}");
            if report.conflicts().is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => ended(Err(error)),
    }
}
