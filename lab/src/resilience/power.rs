//! Simulated loss of power.
//!
//! A worker uses the real store and is traced: every write, truncation, sync,
//! creation and removal of its files, and every acknowledgement. Then for each
//! seed the disk is rebuilt as a loss of power at a random moment leaves it:
//! what was synced is there; of everything else each part is there, gone or torn
//! (sectors of 512 bytes). The store is opened on it and must hold everything
//! that was acknowledged before. The same with weaker syncing must show losses,
//! or this proof could not fail.

mod disk;
mod trace;
mod worker;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use service::order::Order;
use store::sqlite::{Options, SqliteStore, Synchronous};

use super::history::{self, Ack, Verdict};
use crate::support::random::Random;
use disk::Disk;
use trace::Step;

/// How much to prove.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Moments at which the power fails.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Seeds for one recorded run of the store.
    #[arg(long, default_value_t = 1000)]
    seeds_per_run: u64,
    /// Changes of one run.
    #[arg(long, default_value_t = 300)]
    changes: u64,
    /// Works on the store at this path with this syncing; for this command's
    /// own use.
    #[arg(long, hide = true, num_args = 2)]
    worker: Option<Vec<String>>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some([path, synchronous]) = args.worker.as_deref() {
        return worker::run(Path::new(path), parse(synchronous)?, args.changes);
    }
    let full = lose(args, "full", args.seeds)?;
    // A few are enough to see the losses.
    let fewer = args.seeds.min(50);
    let normal = lose(args, "normal", fewer)?;
    let off = lose(args, "off", fewer)?;
    ensure!(full.is_clean(), "synchronous=FULL lost something");
    ensure!(
        normal.lost > 0 && off.lost > 0,
        "weaker syncing lost nothing: this proof cannot fail"
    );
    Ok(())
}

/// Fails the power `seeds` times and prints what came of it.
fn lose(args: &Args, synchronous: &str, seeds: u64) -> Result<Verdict> {
    let mut total = Verdict::default();
    let (mut checked, mut unreadable) = (0, 0);
    let end = args.first + seeds;
    let mut first = args.first;
    while first < end {
        let next = end.min(first + args.seeds_per_run);
        let steps = record(synchronous, args.changes)?;
        let replay = Replay::new(&steps)?;
        for seed in first..next {
            let (verdict, acks) = replay.fail(seed).with_context(|| format!("seed {seed}"))?;
            checked += acks;
            if let Some(verdict) = verdict {
                if synchronous == "full" && !verdict.is_clean() {
                    println!("seed {seed}: {verdict:?}");
                }
                total += verdict;
            } else {
                ensure!(synchronous == "off", "seed {seed}: the store is unreadable");
                unreadable += 1;
            }
        }
        first = next;
    }
    println!(
        "synchronous={synchronous}: {seeds} power failures, {checked} acknowledged changes \
         checked, {} lost, {} doubled, {} half-written, {unreadable} unreadable stores",
        total.lost, total.doubled, total.halves
    );
    Ok(total)
}

/// Runs a worker on a new store and returns what it did to its files.
fn record(synchronous: &str, changes: u64) -> Result<Vec<Step>> {
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("data");
    std::fs::create_dir(&store)?;
    let trace = folder.path().join("trace");
    let worker = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-y", "-xx", "-s", "1000000", "-e"])
        .arg(format!("trace={}", trace::CALLS))
        .args(["-e", "signal=none", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe()?)
        .args(["power", "--changes", &changes.to_string(), "--worker"])
        .arg(store.join("store.db"))
        .arg(synchronous)
        .stdout(std::process::Stdio::null())
        .status()
        .context("strace is needed: install it")?;
    ensure!(worker.success(), "the worker failed");
    trace::read(&trace, &store)
}

/// One recorded run, to be cut at any moment.
struct Replay<'a> {
    steps: &'a [Step],
    folder: tempfile::TempDir,
}

impl<'a> Replay<'a> {
    fn new(steps: &'a [Step]) -> Result<Self> {
        // Memory: only what is in the files counts here.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)?
        } else {
            tempfile::tempdir()?
        };
        Ok(Self { steps, folder })
    }

    /// Cuts the power at the moment that `seed` says. Returns the verdict,
    /// `None` if the store cannot be opened, and how many changes had been
    /// acknowledged.
    fn fail(&self, seed: u64) -> Result<(Option<Verdict>, usize)> {
        let mut random = Random::new(seed);
        let moment = random.below(self.steps.len() as u64 + 1);
        let (before, _) = self.steps.split_at(usize::try_from(moment)?);
        let mut disk = Disk::default();
        let mut acks: Vec<Ack> = Vec::new();
        for step in before {
            match step {
                Step::Ack(ack) => acks.push(*ack),
                Step::Change(change) => disk.apply(change),
            }
        }
        let folder = self.folder.path().join(seed.to_string());
        std::fs::create_dir(&folder)?;
        disk.fail(&mut random, &folder)?;
        let path: PathBuf = folder.join("store.db");
        let verdict = match SqliteStore::<Order>::open(&path, &Options::default()) {
            Err(_) => None,
            Ok(store) => {
                drop(store);
                history::judge(&path, &acks).ok()
            }
        };
        std::fs::remove_dir_all(&folder)?;
        Ok((verdict, acks.len()))
    }
}

fn parse(synchronous: &str) -> Result<Synchronous> {
    Ok(match synchronous {
        "full" => Synchronous::Full,
        "normal" => Synchronous::Normal,
        "off" => Synchronous::Off,
        other => anyhow::bail!("no such syncing: {other}"),
    })
}
