//! Makes the services: what the template makes, and over it what a person wrote.
//!
//! Nothing of what the template makes is committed, so nothing of it can be older than
//! the template. A file that only a person wrote stands in `shop/services/NAME` as it
//! is; what was changed in files that the template made is `changes.patch` there.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tool::Project;
use tool::command::{add_upstream, adopt};
use xtask::generate::stage::{Stage, remove};
use xtask::{tools, tree};

use crate::recipe::{SERVICES, Service};
use crate::sync;

/// What was changed in files that the template made.
const PATCH: &str = "changes.patch";

/// Where the workspace is that was made.
pub(crate) fn place() -> PathBuf {
    tree::root().join("shop/made")
}

/// As the template alone made it: what a change is a change of.
fn pristine() -> PathBuf {
    tree::root().join("shop/made.pristine")
}

/// What a person wrote of one.
pub(crate) fn written(service: &Service) -> PathBuf {
    tree::root().join("shop/services").join(service.name)
}

/// Makes all services; returns where they are.
pub(crate) fn make() -> Result<PathBuf> {
    // Whoever comes at the same time waits.
    let lock = fs::File::create(tree::root().join("shop/made.lock"))?;
    lock.lock()?;
    let program = tools::ensure("cargo-generate")?;
    let folder = tree::target().join("shop-stage");
    let stage = Stage::new(&folder, program)?;
    let next = tree::root().join("shop/made.next");
    remove(&next)?;
    fs::create_dir_all(&next)?;
    fs::write(next.join("Cargo.toml"), "[workspace]\nmembers = []\n")?;
    // One copy of every byte: the repository's own.
    symlink(tree::root().join("crates"), next.join("crates"))?;
    for service in &SERVICES {
        generate(&stage, &next, service)
            .with_context(|| format!("{} cannot be made", service.name))?;
    }
    remove(&folder)?;
    format(&next)?;
    sync::sync(&next, &pristine())?;
    let misfits: Vec<_> = (SERVICES.iter())
        .map(|service| lay_over(&next, service))
        .filter_map(Result::err)
        .map(|error| format!("{error:#}"))
        .collect();
    let made = place();
    sync::sync(&next, &made)?;
    remove(&next)?;
    ensure!(misfits.is_empty(), "{}", misfits.join("\n"));
    Ok(made)
}

fn generate(stage: &Stage, next: &Path, service: &Service) -> Result<()> {
    let mut args = vec!["--name".to_owned(), service.name.to_owned()];
    for answer in service.answers {
        args.extend(["--define".to_owned(), (*answer).to_owned()]);
    }
    stage.generate_in(next, "--path", &stage.template.to_string_lossy(), &args)?;
    let folder = next.join(service.name);
    run(Command::new("sh").arg("join").current_dir(&folder))?;
    let project = Project::new(&folder);
    // What is made stands in `next` until all of it is there.
    let file = |path: &str| match path.strip_prefix("shop/made/") {
        Some(made) => next.join(made),
        None => tree::root().join(path),
    };
    let protos: Vec<_> = service.protos.iter().map(|path| file(path)).collect();
    if !protos.is_empty() {
        adopt(&project, &protos, &[])?;
    }
    for (name, proto) in service.upstreams {
        add_upstream(&project, name, &[file(proto)], &[])?;
    }
    Ok(())
}

fn format(next: &Path) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.arg("fmt").current_dir(next);
    for service in &SERVICES {
        cargo.args(["--package", service.name]);
    }
    run(&mut cargo)
}

/// Lays what a person wrote over what was made.
fn lay_over(next: &Path, service: &Service) -> Result<()> {
    let from = written(service);
    for path in sync::files(&from)? {
        let path = path.as_path();
        let target = next.join(service.name).join(path);
        if path == Path::new(PATCH) {
            continue;
        }
        fs::create_dir_all(target.parent().unwrap_or(next))?;
        fs::copy(from.join(path), target)?;
    }
    let patch = from.join(PATCH);
    if !patch.exists() {
        return Ok(());
    }
    let folder = next.join(service.name);
    let applied = Command::new("git")
        // As if there were no repository around: paths are the folder's.
        .env("GIT_CEILING_DIRECTORIES", next)
        .args(["apply", "--reject", "-C1", "--whitespace=nowarn"])
        .arg(&patch)
        .current_dir(&folder)
        .output()?;
    ensure!(
        applied.status.success(),
        "{}: the template no longer makes what this changes. What fits is done; mend shop/made/{} \
         where a file NAME.rej says what does not, remove that, and run cargo shop keep",
        patch.display(),
        service.name
    );
    Ok(())
}

/// Takes over what was changed in `shop/made`.
pub(crate) fn keep() -> Result<()> {
    let (made, pristine) = (place(), pristine());
    ensure!(
        made.exists() && pristine.exists(),
        "nothing is made yet: cargo shop make"
    );
    for service in &SERVICES {
        let (now, before) = (made.join(service.name), pristine.join(service.name));
        let mut patch = String::new();
        for path in sync::files(&now)? {
            let (ours, theirs) = (now.join(&path), before.join(&path));
            if path.ends_with("Cargo.lock") {
                continue;
            }
            ensure!(
                path.extension() != Some(OsStr::new("rej")),
                "{}: is still to be mended; then remove it",
                ours.display()
            );
            let is_new = !theirs.exists();
            if !is_new && fs::read(&ours)? == fs::read(&theirs)? {
                continue;
            }
            let kept = written(service).join(&path);
            if is_new || kept.exists() {
                fs::create_dir_all(kept.parent().unwrap_or(&made))?;
                fs::copy(&ours, &kept)?;
            } else {
                patch += &difference(&before, &now, &path)?;
            }
        }
        let kept = written(service).join(PATCH);
        if patch.is_empty() {
            remove_file(&kept)?;
        } else {
            fs::write(&kept, patch)?;
        }
    }
    Ok(())
}

/// What `git apply` makes of `before` what is `now`.
fn difference(before: &Path, now: &Path, path: &Path) -> Result<String> {
    let output = Command::new("git")
        .args(["diff", "--no-index", "--no-color", "--unified=2", "--"])
        .args([before.join(path), now.join(path)])
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let Some(at) = text.find("\n@@") else {
        bail!("{}: git shows no difference", path.display());
    };
    let path = path.display();
    Ok(format!(
        "diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}{}",
        &text[at..]
    ))
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Runs a command that says nothing unless it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} does not start"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
