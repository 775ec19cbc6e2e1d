//! h2spec against the real server, and against bare hyper beside it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use super::floods::target::Target;
use xtask::{tools, tree};

/// What is known to be missed, and why that is right.
const EXPLAINED: &[(&str, &str)] = &[(
    "Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded",
    "the calls are answered sooner than the next ones come, so that the limit is never exceeded",
)];

/// What cannot be tried, and why.
const SKIPPED: &str =
    "The tests that are skipped need an answer longer than a window or a setting that is not sent.";

const ABOUT: &str = "\
# h2spec

What [h2spec](https://github.com/summerwind/h2spec) finds in the server, and in hyper without anything of ours.
Written by `cargo lab h2spec --write`, which fails where a test fails that is not explained here.

";

/// How to prove it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server's binary; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Writes docs/h2spec.md.
    #[arg(long)]
    write: bool,
}

/// What became of each test.
struct Outcome {
    failed: Vec<Test>,
    skipped: usize,
    all: usize,
}

/// A section of the specification, and what is tried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    section: String,
    name: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let Some(h2spec) = tools::ensure_or_skip("h2spec", "conformance to HTTP/2")? else {
        return Ok(());
    };
    let server = match &args.server {
        Some(path) => std::path::absolute(path)?,
        None => super::build()?,
    };
    let target = Target::start(&server)?;
    let ours = examine(&h2spec, target.address)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let bare = runtime.block_on(bare_hyper())?;
    let theirs = examine(&h2spec, bare)?;
    let text = report(&ours, &theirs)?;
    print!("{text}");
    if args.write {
        fs::write(
            tree::root().join("docs/h2spec.md"),
            format!("{ABOUT}{text}"),
        )?;
    }
    let unexplained: Vec<_> = (ours.failed.iter())
        .filter(|test| explanation(test).is_none())
        .collect();
    ensure!(unexplained.is_empty(), "not explained: {unexplained:#?}");
    ensure!(ours.all > 100, "h2spec ran {} tests only", ours.all);
    Ok(())
}

/// Answers everything; otherwise as hyper has it.
async fn bare_hyper() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(async |_| {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello\n"))))
            });
            let http2 = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(http2.serve_connection(TokioIo::new(stream), answer));
        }
    });
    Ok(address)
}

fn examine(h2spec: &Path, server: SocketAddr) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("report.xml");
    let output = Command::new(h2spec)
        .args(["--host", &server.ip().to_string()])
        .args(["--port", &server.port().to_string()])
        .arg("--junit-report")
        .arg(&file)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let text = fs::read_to_string(&file).with_context(|| format!("no report: {said}"))?;
    parse(&text)
}

/// The report has one element for each test.
fn parse(text: &str) -> Result<Outcome> {
    let mut outcome = Outcome {
        failed: Vec::new(),
        skipped: 0,
        all: 0,
    };
    for case in text.split("<testcase ").skip(1) {
        let attribute = |name: &str| {
            let (_, rest) = case.split_once(&format!("{name}=\""))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        let content = case.split("</testcase>").next().unwrap_or_default();
        outcome.all += 1;
        if content.contains("<skipped>") {
            outcome.skipped += 1;
        } else if ["<error>", "<failure>"]
            .iter()
            .any(|it| content.contains(it))
        {
            outcome.failed.push(Test {
                section: attribute("package").context("a section")?,
                name: attribute("classname").context("a name")?,
            });
        }
    }
    Ok(outcome)
}

fn explanation(test: &Test) -> Option<&'static str> {
    let found = EXPLAINED.iter().find(|(name, _)| *name == test.name);
    found.map(|(_, why)| *why)
}

fn report(ours: &Outcome, theirs: &Outcome) -> Result<String> {
    let mut text = "| | Tests | Passed | Skipped | Failed |\n|---|---|---|---|---|\n".to_owned();
    for (who, outcome) in [("this server", ours), ("bare hyper", theirs)] {
        let (all, skipped, failed) = (outcome.all, outcome.skipped, outcome.failed.len());
        let passed = all - skipped - failed;
        writeln!(text, "| {who} | {all} | {passed} | {skipped} | {failed} |")?;
    }
    let mut failed: BTreeMap<&Test, [bool; 2]> = BTreeMap::new();
    for (index, outcome) in [ours, theirs].into_iter().enumerate() {
        for test in &outcome.failed {
            failed.entry(test).or_default()[index] = true;
        }
    }
    text.push_str("\n| Section | Failed | By | Why |\n|---|---|---|---|\n");
    for (test, by) in failed {
        let who = match by {
            [true, true] => "both",
            [true, false] => "this server",
            [false, _] => "bare hyper",
        };
        let why = explanation(test).filter(|_| by[0]).unwrap_or_default();
        writeln!(text, "| {} | {} | {who} | {why} |", test.section, test.name)?;
    }
    if ours.skipped > 0 {
        writeln!(text, "\n{SKIPPED}")?;
    }
    Ok(text)
}
