//! The first layer of the image: the dependencies, from manifests alone. There
//! need be no Docker; what builds is asked for what it would build.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::project::{self, Project};
use super::stage::{Stage, remove};

/// Resolves instead of building, and fails where the lock file is not final.
const CARGO: &str = r#"#!/bin/sh
case " $* " in
    " build --locked "* | " build "*" --locked "*) exec "$REAL_CARGO" metadata --format-version=1 --locked ;;
esac
echo "the image is not built --locked: cargo $*" >&2
exit 1
"#;

/// Carries out the project's Dockerfile up to its first RUN.
pub(crate) fn check(stage: &Stage, project: &Project) -> Result<()> {
    carry_out(stage, project, "")
}

/// The same for the service in `member`, with the project's folder as context.
pub(crate) fn carry_out(stage: &Stage, project: &Project, member: &str) -> Result<()> {
    let read = |path: &str| -> Result<String> {
        Ok(String::from_utf8(project.read(
            Path::new(member).join(path).to_str().context("not UTF-8")?,
        )?)?)
    };
    let dockerfile = read("Dockerfile")?;
    let program = dockerfile
        .split(" --bin ")
        .nth(1)
        .context("the Dockerfile builds no program")?;
    let program = program.split_whitespace().next().unwrap_or_default();
    let (made, copied) = (
        format!("[[bin]]\nname = \"{program}\"\n"),
        format!("/release/{program}\" /image/server"),
    );
    ensure!(
        read("Cargo.toml")?.contains(&made),
        "Cargo.toml has no program {program}"
    );
    ensure!(
        dockerfile.contains(&copied),
        "the Dockerfile does not copy {program}"
    );
    let folder = stage.folder.join("image");
    remove(&folder)?;
    let (sources, programs) = (folder.join("src"), folder.join("bin"));
    fs::create_dir_all(&sources)?;
    fs::create_dir_all(&programs)?;
    let dockerfile = dockerfile.replace("\\\n", " ");
    for line in dockerfile.lines() {
        if let Some(files) = line.strip_prefix("COPY ") {
            copy(&project.folder, &sources, files)?;
        }
        let Some(script) = line.strip_prefix("RUN ") else {
            continue;
        };
        // What the build made is not there to be copied.
        let script = script
            .split("&& mkdir -p /image")
            .next()
            .unwrap_or_default();
        let cargo = programs.join("cargo");
        fs::write(&cargo, CARGO)?;
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755))?;
        let known = env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(programs).chain(env::split_paths(&known));
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .current_dir(&sources)
            .env("PATH", env::join_paths(path)?)
            .env("REAL_CARGO", env!("CARGO"))
            .env("FEATURES", "")
            .env_remove("CARGO_MANIFEST_DIR");
        return project::run(&mut command);
    }
    anyhow::bail!("the Dockerfile builds nothing")
}

/// `files` are sources and where they go, as COPY has them.
fn copy(from: &Path, to: &Path, files: &str) -> Result<()> {
    let mut files: Vec<&str> = files.split_whitespace().collect();
    let target = to.join(files.pop().context("COPY without a target")?);
    fs::create_dir_all(&target)?;
    for file in files {
        copy_into(&from.join(file), &target).with_context(|| file.to_owned())?;
    }
    Ok(())
}

/// A file under its name; of a folder what is in it.
fn copy_into(from: &Path, target: &Path) -> Result<()> {
    if from.is_file() {
        let name = from.file_name().context("COPY without a file")?;
        fs::copy(from, target.join(name))?;
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = target.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy_into(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
