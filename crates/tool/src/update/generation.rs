//! A service as the template makes it: nobody has changed anything yet.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::record::Service;
use super::template::Release;
use super::work::Work;
use crate::Error;

/// What says how Rust is formatted.
const STYLES: [&str; 2] = ["rustfmt.toml", ".rustfmt.toml"];

/// Refuses to begin without cargo-generate.
pub(super) fn check_program() -> Result<(), Error> {
    let version = Command::new("cargo")
        .args(["generate", "--version"])
        .output();
    if version.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    Err(Error::new(
        "cargo-generate is missing: cargo install cargo-generate --version 0.23.14 --locked",
    ))
}

/// Generates the service of `release` with these answers, in a workspace of its
/// own if it is a member of one; the folder of the whole.
pub(super) fn generate(
    work: &Work,
    release: &Release,
    service: &Service,
    values: &[(String, String)],
    source: &str,
) -> Result<PathBuf, Error> {
    let template = work.check_out(&release.commit)?;
    let folder = work.place("service");
    fs::create_dir(&folder).map_err(|error| Error::io(&folder, &error))?;
    let name = service.record.value("project-name").unwrap_or_default();
    let mut beside = folder.clone();
    let member = service.member.trim_end_matches('/');
    if !member.is_empty() {
        if Path::new(member).file_name() != Some(name.as_ref()) {
            return Err(Error::new(format!(
                "{member} was generated as {name}: a member is updated in a folder of its name"
            )));
        }
        beside.push(Path::new(member).parent().unwrap_or(Path::new("")));
        let root = folder.join("Cargo.toml");
        fs::create_dir_all(&beside)
            .and_then(|()| fs::write(&root, "[workspace]\nmembers = []\n"))
            .map_err(|error| Error::io(&root, &error))?;
    }
    let mut command = Command::new("cargo");
    command
        .args(["generate", "--silent", "--vcs", "none", "--path"])
        .arg(&template)
        .arg("--destination")
        .arg(&beside)
        .args(["--name", name])
        .args(["-d", &format!("template_source={source}")])
        .args(["-d", &format!("template_commit={}", release.commit)])
        .env_remove("RUST_BACKTRACE")
        .current_dir(&beside);
    for (key, value) in values.iter().filter(|(key, _)| key != "project-name") {
        command.args(["-d", &format!("{key}={value}")]);
    }
    // cargo-generate wants to know who is asking, containers often do not.
    if env::var_os("USER").is_none() {
        command.env("USER", "nobody");
    }
    let output = (command.output())
        .map_err(|error| Error::new(format!("cargo generate does not start: {error}")))?;
    let made = beside.join(name);
    if !output.status.success() || !made.is_dir() {
        return Err(Error::new(format!(
            "{} of the template cannot be generated with these answers: {}",
            release.name,
            reason(&String::from_utf8_lossy(&output.stderr))
        )));
    }
    if member.is_empty() {
        return Ok(made);
    }
    let output = (Command::new("sh").arg("join").current_dir(&made).output())
        .map_err(|error| Error::new(format!("sh does not start: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::new(format!(
            "{} of the template makes no member of a workspace: {}",
            release.name,
            reason(&said)
        )));
    }
    Ok(folder)
}

/// Of what a program says, the line that says why.
fn reason(said: &str) -> String {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let refusal = lines
        .clone()
        .find_map(|line| line.strip_prefix("Runtime error: "));
    if let Some(refusal) = refusal {
        // What to do about the folder and where in the hook it is, is of no use here.
        let end = refusal.find("; then remove").or(refusal.rfind(" (line "));
        return refusal[..end.unwrap_or(refusal.len())].to_owned();
    }
    lines.next_back().unwrap_or("it says nothing").to_owned()
}

/// Formats the Rust in `folder` as the service `name` does. `style` is the service's own
/// setting, where it is not the template's: what a team formats its own way
/// would differ in every line else. The shared crates have no names in them that could
/// change a line's length: in the template's style they are formatted as they come.
pub(super) fn format(
    folder: &Path,
    name: &str,
    style: Option<&[(&str, Option<String>)]>,
) -> Result<(), Error> {
    let put = |name: &str, text: Option<&str>| -> Result<(), Error> {
        let path = folder.join(name);
        let done = match text {
            Some(text) => fs::write(&path, text),
            None if path.exists() => fs::remove_file(&path),
            None => Ok(()),
        };
        done.map_err(|error| Error::io(&path, &error))
    };
    let own: Vec<_> = STYLES
        .iter()
        .map(|name| (*name, fs::read_to_string(folder.join(name)).ok()))
        .collect();
    for (name, text) in style.unwrap_or_default() {
        put(name, text.as_deref())?;
    }
    let mut command = Command::new("cargo");
    command.arg("fmt");
    if style.is_some() {
        command.arg("--all");
    } else {
        command.args(["--package", name]);
    }
    let output = (command.current_dir(folder))
        .output()
        .map_err(|error| Error::new(format!("cargo fmt does not start: {error}")))?;
    for (name, text) in &own {
        put(name, text.as_deref())?;
    }
    if !output.status.success() {
        return Err(Error::new(format!(
            "cargo fmt fails on the template's own code: {}",
            reason(&String::from_utf8_lossy(&output.stderr))
        )));
    }
    Ok(())
}

/// How `service` wants Rust formatted, if not as `pristine` does.
pub(super) fn style(
    service: &Path,
    pristine: &Path,
) -> Option<Vec<(&'static str, Option<String>)>> {
    let read =
        |folder: &Path| STYLES.map(|name| (name, fs::read_to_string(folder.join(name)).ok()));
    let own = read(service);
    (own != read(pristine)).then(|| own.to_vec())
}
