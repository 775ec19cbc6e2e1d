//! The template's files.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Where the repository is.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Where cargo builds, and where whatever is only for now belongs.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Every file that is or could be committed, sorted.
pub fn files() -> Result<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .context("git is needed to list the files")?;
    ensure!(
        output.status.success(),
        "git ls-files failed: is this a clone?"
    );
    let mut files: Vec<String> = String::from_utf8(output.stdout)?
        .split_terminator('\0')
        .filter(|path| root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// What a line of the Dockerfile says after `start`.
pub fn in_dockerfile(start: &str) -> Result<String> {
    let text = fs::read_to_string(root().join("Dockerfile"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(start));
    Ok(line
        .with_context(|| format!("the Dockerfile has no {start}"))?
        .to_owned())
}

/// The features that the image has, and that a service's CI checks.
pub fn features() -> Result<String> {
    in_dockerfile("ARG FEATURES=")
}

/// What cargo-generate.toml leaves out.
pub fn left_out(config: &str) -> Vec<String> {
    list(config, "ignore")
}

/// The strings of the array `key` in `config`, one a line.
pub fn list(config: &str, key: &str) -> Vec<String> {
    config
        .lines()
        .skip_while(|line| *line != format!("{key} = ["))
        .skip(1)
        .take_while(|line| *line != "]")
        .map(|line| {
            line.trim()
                .trim_end_matches(',')
                .trim_matches('"')
                .to_owned()
        })
        .collect()
}

/// Whether `path` is `dir` or inside it.
pub fn is_in(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What only a gateway has (`hooks/sample.rhai`).
pub const EDGE: &str = "crates/chassis-gateway";

/// The files which the template and a generated service share; a gateway has
/// [`EDGE`] as well.
pub fn shared(files: &[String], config: &str) -> Vec<String> {
    let left_out = left_out(config);
    files
        .iter()
        .filter(|path| {
            !left_out.iter().any(|dir| is_in(path, dir))
                && !["hooks", "cargo-generate.toml", "xtask", EDGE]
                    .iter()
                    .any(|dir| is_in(path, dir))
                && !files.contains(&format!("template/{path}"))
        })
        .cloned()
        .collect()
}
