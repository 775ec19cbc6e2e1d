//! protovalidate's own conformance suite, against the validators that
//! `contract` makes of the suite's .proto files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use xtask::{tools, tree};

/// The version of protovalidate that the bundled `validate.proto` is of.
const MODULE: &str = "github.com/bufbuild/protovalidate@v1.2.2";

/// Where the suite's .proto files are, within the module.
const PROTOS: &str = "proto/protovalidate-testing";

/// Files that do not compile: edition 2023 with what neither proto2 nor proto3 can say.
const LEFT_OUT: [&str; 4] = [
    "groups_editions.proto",
    "ignore_empty_proto_editions.proto",
    "ignore_proto_editions.proto",
    "required_field_proto_editions.proto",
];

const MANIFEST: &str = include_str!("rules/executor/Cargo.toml");
const BUILD: &str = include_str!("rules/executor/build.rs");
const MAIN: &str = include_str!("rules/executor/main.rs");

/// How to prove it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which of the suites, as a regular expression.
    #[arg(long, default_value = "")]
    suite: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let name = "protovalidate-conformance";
    let Some(harness) = tools::ensure_or_skip(name, "the meaning of rules")? else {
        return Ok(());
    };
    let executor = executor()?;
    let output = Command::new(harness)
        .args(["--suite", &args.suite, "--strict_message", "--strict_error"])
        .args(["--timeout", "60s"])
        .arg(executor)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let missed: Vec<_> = said
        .split("    --- FAIL: ")
        .skip(1)
        .filter(|case| !is_left_out(case))
        .collect();
    println!("{}", said.lines().last().unwrap_or_default());
    println!("{}", table(&said)?);
    ensure!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
    ensure!(said.contains("passed: "), "the suite did not run: {said}");
    Ok(())
}

/// What of the suite is not understood: how many cases of each file, and why.
fn table(said: &str) -> Result<String> {
    let protos = module()?
        .join(PROTOS)
        .join("buf/validate/conformance/cases");
    let mut table = "| File that is left out | Cases | Why |\n|---|---|---|\n".to_owned();
    for file in LEFT_OUT {
        let text = fs::read_to_string(protos.join(file))?;
        let declares = |case: &str| {
            let name = case.split("unexpected error: ").nth(1).unwrap_or_default();
            let name = name.split(" is not known").next().unwrap_or_default();
            let name = name.rsplit('.').next().unwrap_or_default();
            text.contains(&format!("message {name} {{"))
        };
        let cases = said.split("    --- FAIL: ").skip(1);
        let cases = cases.filter(|case| is_left_out(case) && declares(case));
        let alone = tempfile::tempdir()?;
        fs::write(alone.path().join(file), &text)?;
        let Err(why) = contract::Protos::all(alone.path()) else {
            anyhow::bail!("{file} compiles: take it out of LEFT_OUT");
        };
        let why = why.to_string();
        let why = why.rsplit(".proto:").next().unwrap_or_default();
        let why = why.split("; ").next().unwrap_or_default();
        writeln!(table, "| {file} | {} | line {why} |", cases.count())?;
    }
    Ok(table)
}

/// A case of a file that is not there.
fn is_left_out(case: &str) -> bool {
    case.contains("unexpected error: ") && case.contains(" is not known")
}

/// Builds what answers the suite, in a project of its own.
fn executor() -> Result<PathBuf> {
    let folder = tree::target().join("rules");
    let protos = folder.join("proto");
    if protos.exists() {
        fs::remove_dir_all(&protos)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    copy(&module()?.join(PROTOS).join("buf"), &protos.join("buf"))?;
    let crates = tree::root().join("crates").display().to_string();
    let manifest = MANIFEST.replace("CRATES", &crates);
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("build.rs"), BUILD)?;
    fs::write(folder.join("src/main.rs"), MAIN)?;
    fs::copy(tree::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let built = Command::new("cargo")
        .args(["build", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .status()?;
    ensure!(built.success(), "the executor does not build");
    Ok(folder.join("target/debug/executor"))
}

/// Where Go keeps the module.
fn module() -> Result<PathBuf> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", MODULE])
        .stderr(Stdio::inherit())
        .output()
        .context("go is needed, which brings the suite")?;
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let folder = said["Dir"].as_str();
    let folder = folder.with_context(|| format!("{MODULE}: {}", said["Error"]))?;
    Ok(folder.into())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().context("an entry has a name")?;
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else if name.to_str().is_some_and(|it| !LEFT_OUT.contains(&it)) {
            // What Go keeps cannot be written.
            fs::write(to.join(name), fs::read(&path)?)?;
        }
    }
    Ok(())
}
