//! What checking a request by the rules of its .proto costs, beside the same limits
//! written by hand: instructions, and time in turns, so that what the machine does
//! besides falls on both alike.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use xtask::{tools, tree};

use crate::support::made::Made;
use crate::support::statistics::median;

const FILES: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("rules/Cargo.toml")),
    ("build.rs", include_str!("rules/build.rs")),
    ("src/main.rs", include_str!("rules/main.rs")),
    ("src/by_hand.rs", include_str!("rules/by_hand.rs")),
    ("src/stood.rs", include_str!("rules/stood.rs")),
];

/// `cargo lab bench rules`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rounds, in each of which all take turns.
    #[arg(long, default_value_t = 40)]
    rounds: u32,
    /// Checks of each in a round.
    #[arg(long, default_value_t = 200_000)]
    checks: u32,
}

/// An rpc, what its check by the rules is called by the program that is measured, and
/// what it is held against: the sample's own checks before it had rules, which had none of
/// their own for a `GetOrder`, and the leanest that can be written.
const PAIRS: [(&str, &str, &str, &str); 3] = [
    ("CreateOrder", "create-rules", "create-stood", "as it stood"),
    (
        "CreateOrder",
        "create-rules",
        "create-by-hand",
        "at the least",
    ),
    ("GetOrder", "get-rules", "get-by-hand", "at the least"),
];

/// Checks that are counted.
const COUNTED: u32 = 10_000;

pub(crate) fn run(args: &Args) -> Result<()> {
    let made = Made::new("checks", &FILES)?;
    made.protos(&tree::root().join("proto"), "")?;
    let binary = made.build(&["--release"])?.join("release/checks");
    let valgrind = tools::ensure_or_skip("valgrind", "instructions per check")?;
    let rounds = time(&binary, args)?;
    println!("| Request | | by the rules | by hand | | ratio |\n|---|---|---|---|---|---|");
    for (rpc, rules, by_hand, which) in PAIRS {
        if let Some(valgrind) = &valgrind {
            let rules = per_check(valgrind, &binary, rules)?;
            let by_hand = per_check(valgrind, &binary, by_hand)?;
            let ratio = rules / by_hand;
            println!("| {rpc} | instructions | {rules:.0} | {by_hand:.0} | {which} | {ratio:.2} |");
        }
        let of = |name: &str| -> Result<Vec<f64>> {
            let times = rounds.iter().map(|round| {
                let known = round.iter().find(|(it, _)| it == name);
                known.map(|(_, took)| took / f64::from(args.checks))
            });
            times.collect::<Option<_>>().context(name.to_owned())
        };
        let (rules, by_hand) = (of(rules)?, of(by_hand)?);
        let ratios = rules.iter().zip(&by_hand).map(|(this, other)| this / other);
        let (ratio, spread) = median(ratios.collect());
        let micros = |times| {
            let (middle, spread) = median(times);
            format!("{:.3} ± {:.3}", middle / 1e3, spread / 1e3)
        };
        let (rules, by_hand) = (micros(rules), micros(by_hand));
        println!("| {rpc} | µs | {rules} | {by_hand} | {which} | {ratio:.2} ± {spread:.2} |");
    }
    Ok(())
}

/// Nanoseconds by name, for each round.
fn time(binary: &Path, args: &Args) -> Result<Vec<Vec<(String, f64)>>> {
    let output = Command::new(binary)
        .args(["time", &args.rounds.to_string(), &args.checks.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the checks failed: {said}");
    let said = String::from_utf8(output.stdout)?;
    let round = |line: &str| -> Result<Vec<(String, f64)>> {
        let words: Vec<_> = line.split(' ').collect();
        let pair =
            |pair: &[&str]| -> Result<(String, f64)> { Ok((pair[0].to_owned(), pair[1].parse()?)) };
        words.chunks_exact(2).map(pair).collect()
    };
    said.lines().map(round).collect()
}

/// Instructions of one check; what the start takes cancels out.
fn per_check(valgrind: &Path, binary: &Path, which: &str) -> Result<f64> {
    let count = |number: u32| -> Result<f64> {
        let folder = tempfile::tempdir()?;
        let out = folder.path().join("counts");
        let output = Command::new(valgrind)
            // Of a cache that is not simulated, so that none is looked for.
            .args(["--tool=cachegrind", "--cache-sim=no"])
            .args(["--I1=32768,8,64", "--D1=32768,8,64", "--LL=8388608,16,64"])
            .arg(format!("--cachegrind-out-file={}", out.display()))
            .arg(binary)
            .args(["count", which, &number.to_string()])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "valgrind failed: {said}");
        let counts = std::fs::read_to_string(&out)?;
        let total = counts.lines().find_map(|it| it.strip_prefix("summary: "));
        Ok(total.context("valgrind has no summary")?.trim().parse()?)
    };
    Ok((count(2 * COUNTED)? - count(COUNTED)?) / f64::from(COUNTED))
}
