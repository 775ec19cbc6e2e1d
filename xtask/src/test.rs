//! `cargo xtask test`: everything that must hold, in one command.

use std::env;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::{skip, tools, tree};

/// One step: what it is, and the command, whose words have no spaces.
const STEPS: &[(&str, &str)] = &[
    ("the tree is a template", "cargo xtask markers --check"),
    ("formatted", "cargo fmt --all --check"),
    (
        "formatted: the servers it is measured against",
        "cargo fmt --manifest-path=bench/Cargo.toml --all --check",
    ),
    (
        "formatted: the fuzz targets",
        "cargo fmt --manifest-path=fuzz/Cargo.toml --all --check",
    ),
    (
        "formatted: the plugin of proxies",
        "cargo fmt --manifest-path=plugin/Cargo.toml --all --check",
    ),
    (
        "formatted: the shop",
        "cargo fmt --manifest-path=shop/Cargo.toml --all --check",
    ),
    (
        "linted",
        "cargo clippy --workspace --all-targets --locked -- -D warnings",
    ),
    // This package asks for every feature of the service, so all are tested.
    ("tested", "cargo test --workspace --locked"),
    (
        "built and run as the README has it typed",
        "cargo test --workspace --locked --test readme -- --ignored",
    ),
    (
        "linted without features",
        "cargo clippy --all-targets --locked -- -D warnings",
    ),
    (
        "linted: the servers it is measured against",
        "cargo clippy --manifest-path=bench/Cargo.toml --target-dir=target --locked -- -D warnings",
    ),
    (
        "linted: the fuzz targets",
        "cargo clippy --manifest-path=fuzz/Cargo.toml --target-dir=target --locked -- -D warnings",
    ),
    (
        "linted: the plugin of proxies",
        "cargo clippy --manifest-path=plugin/Cargo.toml --target-dir=target/plugin --all-targets --locked -- -D warnings",
    ),
    (
        "tested: the plugin of proxies",
        "cargo test --manifest-path=plugin/Cargo.toml --target-dir=target/plugin --locked",
    ),
    (
        "linted: the shop",
        "cargo clippy --manifest-path=shop/Cargo.toml --target-dir=target --workspace --all-targets --locked -- -D warnings",
    ),
    (
        "tested: the shop",
        "cargo test --manifest-path=shop/Cargo.toml --target-dir=target --workspace --locked -- --include-ignored",
    ),
    (
        "refused without its feature",
        "cargo test --locked --test system settings::",
    ),
    (
        "one annotation changes server, chart and clients",
        "cargo test --package lab --test contract --locked -- --ignored",
    ),
    (
        "documented",
        "cargo doc --workspace --no-deps --document-private-items --locked",
    ),
    ("the chart, for every mesh", "cargo lab chart"),
    ("the chart at work, on real Envoys", "cargo lab mesh"),
    ("clients of other languages", "cargo lab clients"),
    ("metrics as Prometheus reads them", "cargo lab metrics"),
    ("telemetry as a collector takes it", "cargo lab collector"),
    (
        "instructions and allocations per call",
        "cargo lab bench instructions",
    ),
    ("killed under load", "cargo lab crash"),
    (
        "killed under load, on PostgreSQL",
        "cargo lab crash --store postgres",
    ),
    ("flooded", "cargo lab floods"),
    ("conforming to HTTP/2", "cargo lab h2spec"),
    ("gRPC by grpc-go's client", "cargo lab interop"),
    ("conforming to gRPC", "cargo lab conformance"),
    ("cut from power", "cargo lab power"),
    ("replaced under load", "cargo lab rollout"),
    ("met by faults", "cargo lab faults"),
    ("fuzzed for a minute", "cargo lab fuzz"),
    ("the shop's services", "cargo shop test"),
    ("a walk through the shop", "cargo shop walk"),
    ("a walk through its page", "cargo shop browse"),
    (
        "the shop's accounts, its services killed",
        "cargo shop prove --orders 200",
    ),
    ("the shop in trouble", "cargo shop chaos"),
    ("the shop's tenants", "cargo shop tenants"),
    (
        "the shop for every mesh, and on real Envoys",
        "cargo lab shop",
    ),
    ("services of many names", "cargo xtask generate"),
    ("services kept current", "cargo xtask updates"),
];

/// What only the long form runs: that the shop's proof fails where it should.
const LONG: &[(&str, &str)] = &[
    (
        "the shop's accounts, charged twice",
        "cargo shop prove --orders 40 --pause 0 --broken charges",
    ),
    (
        "the shop's accounts, nothing refunded",
        "cargo shop prove --orders 40 --pause 0 --broken refunds",
    ),
];

/// `cargo xtask test`
#[derive(clap::Args)]
pub struct Args {
    /// Goes on after a step that failed.
    #[arg(long)]
    keep_going: bool,
    /// Shows also that a proof fails where it should.
    #[arg(long)]
    long: bool,
}

/// Runs every step; says what it cost.
pub fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let mut report = Vec::new();
    let skipped = tempfile::NamedTempFile::new()?;
    for tool in [
        "actionlint",
        "check-jsonschema",
        "grpcurl",
        "helm",
        "nats-server",
        "openapi-spec-validator",
        "pgbouncer",
        "postgres",
        "strace",
    ] {
        tools::ensure_or_skip(tool, "what the tests do with it")?;
    }
    let long = LONG.iter().filter(|_| args.long);
    for (what, command) in STEPS.iter().chain(long) {
        let begin = Instant::now();
        // It tries each of its parts again by itself.
        let attempts = if command.ends_with("generate") {
            1
        } else {
            attempts()
        };
        let mut failed = 0;
        while failed < attempts {
            println!("\n=== {what}: {command}");
            if passes(command, skipped.path())? {
                break;
            }
            failed += 1;
        }
        report.push(Outcome {
            what,
            passed: failed < attempts,
            failed,
            seconds: begin.elapsed().as_secs(),
        });
        if failed == attempts && !args.keep_going {
            break;
        }
    }
    println!();
    for outcome in &report {
        println!("{outcome}");
    }
    println!(
        "{:>10} s in total{}",
        start.elapsed().as_secs(),
        if env::var_os("CI").is_some() {
            ", nothing skipped"
        } else {
            ""
        }
    );
    print!("{}", skip::summary(&fs::read_to_string(skipped.path())?));
    if report.iter().any(|outcome| !outcome.passed) {
        bail!("not everything holds");
    }
    Ok(())
}

/// How often something is tried before it counts as failed. Proofs under load, with kills and
/// faults at random, share CI's machine with whatever else runs there: what fails once and
/// then holds is reported as such; what is wrong fails twice.
pub(crate) fn attempts() -> usize {
    if env::var_os("CI").is_some() { 2 } else { 1 }
}

/// Runs one step; each adds what it skips to the file `skipped`.
fn passes(command: &str, skipped: &Path) -> Result<bool> {
    let mut words = command.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    Ok(tools::without_package(&mut command)
        .args(words)
        .current_dir(tree::root())
        .env("RUSTDOCFLAGS", "-D warnings")
        .env("PATH", tools::path())
        .env(skip::NOTED, skipped)
        // Nothing is built twice with a change between, and what only
        // incremental builds read would be two thirds of the disk's use.
        .env("CARGO_INCREMENTAL", "0")
        // Nor does anybody look at what runs here with a debugger.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .status()?
        .success())
}

/// How one step went.
struct Outcome {
    what: &'static str,
    passed: bool,
    /// Attempts that failed.
    failed: usize,
    seconds: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, seconds, .. } = self;
        match (self.passed, self.failed) {
            (true, 0) => write!(f, "ok   {seconds:>5} s  {what}"),
            (true, _) => write!(f, "AGAIN{seconds:>5} s  {what}: failed at first, then held"),
            (false, _) => write!(f, "FAIL {seconds:>5} s  {what}"),
        }
    }
}
