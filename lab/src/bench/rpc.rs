//! The service beside servers that do less: CPU time of the server per call.
//!
//! The others are in `bench/`: bare tonic with the same message, the hellos of
//! tonic, grpc-go and go-kratos.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::compare::{self, Contestant, Rounds};
use super::load::Calls;
use super::telemetry::{collector, sampled};
use crate::support::server::{self, Server};
use xtask::tree;

/// `cargo lab bench rpc`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rounds: Rounds,
    /// Only against these: bare, hello, grpc-go, kratos.
    #[arg(long, value_delimiter = ',')]
    against: Vec<String>,
    /// The server to measure; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Measure creates of orders, each on disk before it is answered, and how many come in a
    /// second; the other servers store nothing.
    #[arg(long, conflicts_with = "against")]
    creates: bool,
    /// Another build of it to measure beside it, such as the one before a change.
    #[arg(long)]
    before: Option<PathBuf>,
}

/// Another server: its name, how it is built, and whether it says hello.
struct Other {
    short: &'static str,
    name: &'static str,
    build: fn() -> Result<PathBuf>,
    hello: bool,
}

const OTHERS: [Other; 4] = [
    Other {
        short: "bare",
        name: "bare tonic, same message",
        build: || of_cargo("bare"),
        hello: false,
    },
    Other {
        short: "hello",
        name: "tonic hello",
        build: || of_cargo("hello"),
        hello: true,
    },
    Other {
        short: "grpc-go",
        name: "grpc-go hello",
        build: || of_go("hello"),
        hello: true,
    },
    Other {
        short: "kratos",
        name: "go-kratos hello",
        build: || of_go("kratos"),
        hello: true,
    },
];

pub(crate) fn run(args: &Args) -> Result<()> {
    for name in &args.against {
        ensure!(
            OTHERS.iter().any(|other| other.short == name),
            "--against {name}: not one of bare, hello, grpc-go, kratos"
        );
    }
    let chosen = |other: &&Other| {
        !args.creates && args.against.is_empty()
            || args.against.iter().any(|name| name == other.short)
    };
    let service = match &args.server {
        Some(binary) => std::path::absolute(binary)?,
        None => server::build(&["--release"])?,
    };
    let mut others = Vec::new();
    for other in OTHERS.iter().filter(chosen) {
        others.push((other, (other.build)()?));
    }
    compare::runtime()?.block_on(measure(args, &service, &others))
}

async fn measure(args: &Args, service: &Path, others: &[(&Other, PathBuf)]) -> Result<()> {
    let collector = format!("http://{}", collector::start().await?);
    let server = compare::start(service, &sampled(&collector, "0.01"))?;
    let load = service_load(args, &server).await?;
    let mut contestants = vec![Contestant::new("the service", server, load)];
    if let Some(before) = &args.before {
        let server = compare::start(before, &sampled(&collector, "0.01"))?;
        let load = service_load(args, &server).await?;
        contestants.push(Contestant::new("the service before", server, load));
    }
    for (other, binary) in others {
        let server = compare::start(binary, &[])?;
        let load = if other.hello {
            Calls::hello(&server).await?
        } else {
            Calls::get(&server).await?
        };
        contestants.push(Contestant::new(other.name, server, load));
    }
    compare::measure(&args.rounds, &mut contestants).await?;
    println!(
        "| server | CPU per call, µs | spread | the service ÷ it | spread | calls per second | spread |\n\
         |---|---|---|---|---|---|---|"
    );
    for contestant in &contestants {
        let (cpu, spread) = contestant.cpu();
        let (ratio, ratio_spread) = contestants[0].ratio_to(contestant);
        let (rate, rate_spread) = contestant.rate();
        println!(
            "| {} | {cpu:.1} | {spread:.1} | {ratio:.3} | {ratio_spread:.3} | {rate:.0} | \
             {rate_spread:.0} |",
            contestant.name
        );
    }
    Ok(())
}

async fn service_load(args: &Args, server: &Server) -> Result<Calls> {
    if args.creates {
        Calls::create(server).await
    } else {
        Calls::get(server).await
    }
}

fn of_cargo(name: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--locked", "--bin", name])
        // What it shares with the service is built once.
        .arg("--target-dir")
        .arg(tree::target())
        .current_dir(tree::root().join("bench"))
        .status()?;
    ensure!(built.success(), "bench/ does not build");
    Ok(tree::target().join("release").join(name))
}

fn of_go(name: &str) -> Result<PathBuf> {
    let binary = tree::target().join("bench").join(name);
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&binary)
        .arg(format!("./{name}"))
        .current_dir(tree::root().join("bench/go"))
        .status();
    ensure!(
        built.is_ok_and(|built| built.success()),
        "bench/go does not build: it takes Go; --against bare,hello leaves it out"
    );
    Ok(binary)
}
