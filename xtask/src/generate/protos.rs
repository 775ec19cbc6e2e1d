//! Services of other people's .proto files: each tree of a folder is adopted by
//! one service, which is then linted, tested, started and called.
//!
//! A tree is a folder of .proto files; one with `api` and `include` in it has
//! what it imports in the latter.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Row;
use super::project::{Project, run};
use super::running::{Server, asked};
use super::stage::{Stage, remove};
use crate::{tools, tree};

/// The service of the corpus that has rules.
const RULED_SERVICE: &str = "corpus.rules.v1.RulesService";

/// Requests to its Create, and what their answers hold.
const RULED: [(&str, &str); 4] = [
    ("{}", "\"field\": \"thing\""),
    (
        r#"{"thing": {"self": "UPPER", "raw": "AA=="}}"#,
        "\"field\": \"thing.self\"",
    ),
    (
        r#"{"thing": {"self": "a", "parts": {"7": {"count": 3}}, "raw": "AA=="}}"#,
        "must be even, is 3",
    ),
    (
        r#"{"thing": {"self": "a", "raw": "AA=="}}"#,
        "is still to be written: edit src/services/",
    ),
];

/// The trees that the tool is tested with.
pub(crate) fn corpus() -> PathBuf {
    tree::root().join("crates/tool/tests/corpus")
}

/// One row: all trees of `folder` in one service, so that it is built once; adopted
/// one by one, or with `together` those at once that have their imports beside them.
pub(crate) fn judge(stage: &Stage, folder: &Path, build: bool, together: bool) -> Row {
    let mut row = Row::new(format!("sample=none, {}", folder.display()));
    let name = "corpus-service";
    let mut project = None;
    row.check("hello", || hello(stage, build));
    // What nothing is called by may be any word of Rust.
    row.check("keyword", || {
        generated(stage, "pub-service", &["hello=no"]).map(drop)
    });
    row.check("generate", || {
        let made = generated(stage, name, &["hello=no"])?;
        // Where the crates are built already.
        project = Some(if build { made.place(stage)? } else { made });
        Ok(())
    });
    let Some(project) = project else {
        return row;
    };
    if !build {
        return row;
    }
    row.check("adopt", || {
        project.cargo(&["fmt", "--all"])?;
        let shown = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut commands = Vec::new();
        let mut plain = Vec::new();
        for tree in trees(folder)? {
            let (api, include) = (tree.join("api"), tree.join("include"));
            if api.is_dir() && include.is_dir() {
                commands.push(vec![shown(api), "-I".to_owned(), shown(include)]);
            } else {
                plain.push(shown(tree));
            }
        }
        let size = if together { plain.len().max(1) } else { 1 };
        commands.extend(plain.chunks(size).map(<[String]>::to_vec));
        for files in commands {
            let files = files.iter().map(String::as_str);
            let args: Vec<_> = ["xtask", "adopt"].into_iter().chain(files).collect();
            project.cargo(&args)?;
        }
        Ok(())
    });
    row.check("fmt", || project.cargo(&["fmt", "--all", "--check"]));
    row.check("chart", || project.chart());
    row.check("clippy", || {
        project.cargo(&["clippy", "--all-targets", "--", "-D", "warnings"])
    });
    row.check("test", || project.cargo(&["test"]));
    row.check("gaps", || project.cargo(&["xtask", "check"]));
    row.check("grpcurl", || call(&project));
    row
}

/// A service of that name without the sample, or as `answers` have it.
pub(crate) fn generated(stage: &Stage, name: &str, answers: &[&str]) -> Result<Project> {
    let out = stage.folder.join("protos");
    remove(&out)?;
    let mut args = vec!["--name", name];
    if !answers.iter().any(|answer| answer.starts_with("sample=")) {
        args.extend(["-d", "sample=none"]);
    }
    for answer in answers {
        args.extend(["-d", answer]);
    }
    let args: Vec<_> = args.into_iter().map(str::to_owned).collect();
    stage.generate_in(&out, "--path", &stage.template.to_string_lossy(), &args)?;
    Project::new(out.join(name))
}

/// The service that one has without a .proto of one's own.
fn hello(stage: &Stage, build: bool) -> Result<()> {
    let project = generated(stage, "cart-service", &[])?;
    project.cargo(&["metadata", "--format-version=1", "--locked"])?;
    project.cargo(&["fmt", "--all"])?;
    project.chart()?;
    for (path, word) in [
        ("Dockerfile", "sqlite"),
        ("Dockerfile", "postgres"),
        ("helm/values.yaml", "type: sqlite"),
        ("helm/values.yaml", "replicaCount: 1"),
        (".cargo/config.toml", "SQLITE"),
        ("Cargo.lock", "rusqlite"),
    ] {
        let text = String::from_utf8(project.read(path)?)?;
        ensure!(!text.contains(word), "{path} speaks of a store: {word}");
    }
    let rust = |path: &&String| {
        Path::new(path).extension().is_some_and(|it| it == "rs")
            && !path.starts_with("crates/")
            && !path.starts_with("xtask/")
    };
    let mut lines = 0;
    for path in project.files.iter().filter(rust) {
        lines += String::from_utf8(project.read(path)?)?.lines().count();
    }
    ensure!(
        lines <= 600,
        "a team owns {lines} lines of Rust before it wrote one"
    );
    if build {
        let project = project.place(stage)?;
        project.cargo(&["clippy", "--all-targets", "--", "-D", "warnings"])?;
        project.cargo(&["test"])?;
    }
    Ok(())
}

/// What the README has somebody do with a .proto of theirs, from an empty folder
/// to the first answered call.
pub(crate) fn walk(stage: &Stage, build: bool) -> Row {
    let mut row = Row::new("the README's own .proto");
    if build {
        row.check("walk", || walked(stage));
    }
    row
}

fn walked(stage: &Stage) -> Result<()> {
    let Some(grpcurl) = tools::ensure_or_skip("grpcurl", "the README's .proto is not called")?
    else {
        return Ok(());
    };
    let readme = fs::read_to_string(stage.template.join("README.md"))?;
    let section = readme.split("### From your own .proto\n").nth(1);
    let section = section.context("the README has lost its own .proto")?;
    let blocks: Vec<_> = section
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| block)
        .take(3)
        .collect();
    let [file, new, asked] = blocks[..] else {
        anyhow::bail!("the README's walk has not three commands");
    };
    let folder = stage.folder.join("walk");
    remove(&folder)?;
    let empty = folder.join("empty");
    fs::create_dir_all(&empty)?;
    let shell = |command: &str| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(&empty)
            .env("PATH", tools::path())
            .env("CARGO_HOME", home())
            // What is built already need not be built for this.
            .env("CARGO_TARGET_DIR", tree::target())
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("ADMIN_LISTEN_ADDR", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            .env_remove("CARGO_MANIFEST_DIR");
        shell
    };
    run(&mut shell(file))?;
    let template = stage.template.join("new");
    let new = new.replace("../tonic-mesh-template/new", &template.to_string_lossy());
    // The shell becomes the server: what ends one ends the other.
    let server = Server::spawn(&mut shell(&format!("exec {new}")))?;
    let asked = asked.replace("localhost:50051", &server.address);
    let asked = asked.replace("grpcurl", &grpcurl.to_string_lossy());
    let output = shell(&asked).output()?;
    let answer = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(
        answer.contains("GetCart is still to be written: edit src/services/cart_service.rs"),
        "{answer}"
    );
    Ok(())
}

/// Where cargo keeps what it fetched.
fn home() -> PathBuf {
    let home = || Path::new(&env::var_os("HOME").unwrap_or_default()).join(".cargo");
    env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// The folders in `folder`; itself if it has none.
fn trees(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut trees = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            trees.push(path);
        }
    }
    trees.sort();
    if trees.is_empty() {
        trees.push(folder.to_owned());
    }
    Ok(trees)
}

/// Calls every rpc by what reflection says of it.
fn call(project: &Project) -> Result<()> {
    let Some(grpcurl) = tools::ensure_or_skip("grpcurl", "adopted services are not called")? else {
        return Ok(());
    };
    let server = Server::start(project, &project.folder)?;
    let address = server.address.as_str();
    let ask = |args: &[&str]| asked(&grpcurl, args);
    let mut called = 0;
    for service in ask(&[address, "list"])?.lines() {
        if service.starts_with("grpc.") {
            continue;
        }
        for rpc in ask(&[address, "list", service])?.lines() {
            let mut answer = ask(&["-d", "", address, rpc])?;
            if answer.contains("required fields missing") {
                let described = ask(&[address, "describe", rpc])?;
                let request = described.split(['(', ')']).nth(1).unwrap_or_default();
                let request = request.trim().trim_start_matches("stream ");
                let described = ask(&["-msg-template", address, "describe", request])?;
                let filled = described.split("Message template:").nth(1);
                answer = ask(&["-d", filled.unwrap_or_default(), address, rpc])?;
            }
            let is_unwritten = answer.contains("Code: Unimplemented")
                && answer.contains("is still to be written: edit src/services/");
            // The rules of the .proto come before what is still to be written.
            let is_refused = answer.contains("INVALID_FIELDS");
            ensure!(is_unwritten || is_refused, "{rpc}: {answer}");
            called += 1;
        }
    }
    ensure!(called > 0, "reflection lists no rpc");
    if ask(&[address, "list"])?.contains(RULED_SERVICE) {
        for (request, expected) in RULED {
            let answer = ask(&["-d", request, address, &format!("{RULED_SERVICE}/Create")])?;
            ensure!(answer.contains(expected), "{request}: {answer}");
        }
    }
    let endpoint = format!("http://{address}");
    let smoke = tree::target().join("debug/server");
    run(Command::new(smoke).args(["smoke", "--endpoint", &endpoint]))?;
    drop(server);
    println!("      {called} rpcs called");
    Ok(())
}
