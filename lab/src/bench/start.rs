//! exec → SERVING, resident memory, size, crates, build and generation time.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::support::filled;
use crate::support::ports::free_port;
use crate::support::statistics::median;
use xtask::generate::case;
use xtask::generate::stage::Stage;
use xtask::graph::default_build;
use xtask::tools;
use xtask::tree::root;

/// What to measure besides the quick ones.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Starts per median.
    #[arg(long, default_value_t = 21)]
    runs: usize,
    /// Orders in the full store.
    #[arg(long, default_value_t = 100_000)]
    stored: u64,
    /// Also build everything anew in debug mode, which takes minutes.
    #[arg(long)]
    cold: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let binary = release_binary()?;
    let dir = tempfile::tempdir()?;
    println!("| what | measured | target |\n|---|---|---|");

    let empty = (0..args.runs).map(|run| {
        let store = dir.path().join(format!("empty-{run}.db"));
        Ok(Server::start(&binary, &store)?.took)
    });
    row(
        "exec → ready, empty store",
        &empty.collect::<Result<Vec<_>>>()?,
        "≤ 50 ms, aim 15",
    );

    let full = dir.path().join("full.db");
    drop(Server::start(&binary, &full)?);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(filled::fill(&full, 0..args.stored))?;
    let starts = (0..args.runs).map(|_| Ok(Server::start(&binary, &full)?.took));
    let what = format!("exec → ready, {} orders stored", args.stored);
    row(
        &what,
        &starts.collect::<Result<Vec<_>>>()?,
        "≤ 250 ms, aim 50",
    );

    let server = Server::start(&binary, &dir.path().join("idle.db"))?;
    println!(
        "| resident memory, idle | {:.1} MiB | ≤ 12, aim 8 |",
        server.resident_mib()?
    );
    let size = fs::metadata(&binary)?.len();
    println!("| stripped binary | {:.1} MB | ≤ 12, aim 7 |", mega(size));
    println!(
        "| crates in the default build | {} | ≤ 150, aim 115 |",
        default_build()?.len()
    );
    row(
        "a service generated, answers given",
        &generations(args.runs, dir.path())?,
        "≤ 1000 ms, aim 100",
    );
    if args.cold {
        println!(
            "| cold debug build | {:.0} s | ≤ 120, aim 60 |",
            cold_build()?.as_secs_f64()
        );
    }
    Ok(())
}

/// What `cargo generate` takes for the default service.
fn generations(runs: usize, folder: &Path) -> Result<Vec<Duration>> {
    let stage = Stage::new(folder, tools::ensure("cargo-generate")?)?;
    let case = case::matrix(&["order-service".to_owned()]).swap_remove(0);
    let generate = |_| {
        let start = Instant::now();
        stage.generate(&case)?;
        Ok(start.elapsed())
    };
    (0..runs).map(generate).collect()
}

fn row(what: &str, times: &[Duration], target: &str) {
    let millis = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let (middle, spread) = median(millis);
    println!(
        "| {what} | {middle:.1} ms ± {spread:.1}, N = {} | {target} |",
        times.len()
    );
}

#[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(root());
    command
}

/// Builds the binary as it ships and says where it is.
fn release_binary() -> Result<PathBuf> {
    let status = cargo(&["build", "--release", "--quiet", "--bin", "server"]).status()?;
    ensure!(status.success(), "the release build failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    Ok(target.join("release/server"))
}

fn cold_build() -> Result<Duration> {
    let target = tempfile::tempdir()?;
    let fetched = cargo(&["fetch", "--quiet"]).status()?;
    ensure!(fetched.success(), "cargo fetch failed");
    let start = Instant::now();
    let status = cargo(&["build", "--quiet"])
        .env("CARGO_TARGET_DIR", target.path())
        .status()?;
    ensure!(status.success(), "the debug build failed");
    Ok(start.elapsed())
}

struct Server {
    child: Child,
    took: Duration,
}

impl Server {
    /// Starts the binary and waits until /readyz answers 200.
    fn start(binary: &Path, store: &Path) -> Result<Self> {
        let admin = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let start = Instant::now();
        let child = Command::new(binary)
            .env_clear()
            .args([
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                &admin.to_string(),
            ])
            .args(["--store", &format!("sqlite:{}", store.display())])
            .args(["--log-format", "json", "--log-level", "warn"])
            .stdin(Stdio::null())
            .spawn()
            .context("the server cannot be started")?;
        let mut server = Self {
            child,
            took: Duration::ZERO,
        };
        while !ready(admin) {
            ensure!(
                start.elapsed() < Duration::from_secs(30),
                "not ready after 30 s"
            );
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        server.took = start.elapsed();
        Ok(server)
    }

    fn resident_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        let kib: f64 = kib.context("no VmRSS in /proc")?.parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ready(admin: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(admin)?;
        stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b"200"))
    };
    ask().unwrap_or(false)
}
