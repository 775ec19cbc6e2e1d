//! A registry in a folder, with the crates that every service shares.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::project::run;
use super::stage::{Stage, remove};

/// What services call it.
pub(crate) const NAME: &str = "platform";

/// What a dependency on the public registry is in another one's index.
const PUBLIC: &str = "https://github.com/rust-lang/crates.io-index";

/// The index as it is made.
const PACKED: &str = "packed";

/// Where the index of the one in `folder` is.
pub(crate) fn index(folder: &Path) -> String {
    format!("file://{}", folder.join("index").display())
}

/// The one of this template's crates. It is made once for each content of theirs: cargo
/// keeps what a registry once had under a name and version.
pub(crate) fn folder(stage: &Stage) -> Result<PathBuf> {
    let all = stage.folder.join("registry");
    let folder = all.join(stage.content_of("crates")?);
    let index = folder.join("index");
    if folder.join("ready").exists() {
        // Without what was released in it since.
        git(&index, &["reset", "--quiet", "--hard", PACKED])?;
    } else {
        remove(&all)?;
        pack(stage, &folder)?;
        git(&index, &["tag", PACKED])?;
        fs::write(folder.join("ready"), "")?;
    }
    Ok(folder)
}

/// Makes one in `folder`, as who publishes the crates would: the paths between
/// them get the version and the registry too.
fn pack(stage: &Stage, folder: &Path) -> Result<()> {
    let source = folder.join("source");
    let (from, to) = (stage.template.to_string_lossy(), source.to_string_lossy());
    fs::create_dir_all(folder.join("dl"))?;
    git(folder, &["clone", "--quiet", &from, &to])?;
    git(
        folder,
        &["init", "--quiet", "--initial-branch=main", "index"],
    )?;
    let place = folder.join("index");
    let files = folder.join("dl").display().to_string();
    let config = json!({ "dl": format!("file://{files}/{{crate}}-{{version}}.crate") });
    fs::write(place.join("config.json"), config.to_string())?;
    commit(&place)?;

    let settings = source.join(".cargo/config.toml");
    let text = fs::read_to_string(&settings)?;
    let known = format!("[registries.{NAME}]\nindex = \"{}\"\n\n", index(folder));
    fs::write(&settings, format!("{known}{text}"))?;
    let crates = names(&source)?;
    for name in &crates {
        publishable(&source, name, &crates)?;
    }
    run(package(folder, &crates)?.arg("--no-verify"))?;
    let packages =
        (crates.iter().map(|it| says(&source, it, "name"))).collect::<Result<Vec<_>>>()?;

    let mut metadata = cargo(&source);
    let output = metadata
        .args(["metadata", "--format-version=1", "--no-deps"])
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    for package in metadata["packages"].as_array().context("no packages")? {
        let name = package["name"].as_str().unwrap_or_default();
        if packages.iter().any(|known| known == name) {
            add(folder, package, &packages)?;
        }
    }
    commit(&place)
}

/// Builds each crate from what was packed of it, after those it depends on: what
/// `cargo publish` asks before it uploads.
pub(crate) fn verify(folder: &Path) -> Result<()> {
    run(&mut package(folder, &names(&folder.join("source"))?)?)
}

/// Packs all crates at once: cargo takes each from here that another depends on.
fn package(folder: &Path, crates: &[String]) -> Result<Command> {
    let source = folder.join("source");
    let mut package = cargo(&source);
    package.args(["package", "--allow-dirty", "--quiet", "--registry", NAME]);
    package.arg("--target-dir").arg(folder.join("packed"));
    for name in crates {
        package.args(["--package", &says(&source, name, "name")?]);
    }
    Ok(package)
}

/// Releases a crate of the registry in `folder` again, as a patch.
pub(crate) fn fix(folder: &Path, name: &str, old: &str, new: &str) -> Result<()> {
    let files = folder.join("dl");
    // Always the same bytes: cargo keeps what it once got under a version.
    let script = "set -eu; tar -xzf \"$0-$1.crate\"; mv \"$0-$1\" \"$0-$2\"; \
        sed -i \"s/^version = \\\"$1\\\"/version = \\\"$2\\\"/\" \"$0-$2/Cargo.toml\"; \
        tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - \"$0-$2\" | \
        gzip -n >\"$0-$2.crate\"; rm -r \"$0-$2\"";
    run(Command::new("sh")
        .args(["-c", script, name, old, new])
        .current_dir(&files))?;
    let place = folder.join("index").join(prefix(name)).join(name);
    let entries = fs::read_to_string(&place)?;
    let mut entry: Value = serde_json::from_str(entries.lines().last().unwrap_or_default())?;
    entry["vers"] = new.into();
    entry["cksum"] = checksum(&files.join(format!("{name}-{new}.crate")))?.into();
    fs::write(place, format!("{entries}{entry}\n"))?;
    commit(&folder.join("index"))
}

fn checksum(file: &Path) -> Result<String> {
    let sum = Command::new("sha256sum").arg(file).output()?.stdout;
    let sum = String::from_utf8(sum)?;
    Ok(sum.split(' ').next().unwrap_or_default().to_owned())
}

/// The folder of the index that an entry is in.
fn prefix(name: &str) -> String {
    match name.len() {
        1..=2 => name.len().to_string(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    }
}

/// The folders of `crates/`.
fn names(source: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(source.join("crates"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Lets a crate be published there and nowhere else.
fn publishable(source: &Path, name: &str, crates: &[String]) -> Result<()> {
    let path = source.join("crates").join(name).join("Cargo.toml");
    let mut text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    text = text.replace("publish = false", &format!("publish = [\"{NAME}\"]"));
    for sibling in crates {
        let path = format!("path = \"../{sibling}\"");
        let version = says(source, sibling, "version")?;
        let published = format!("{path}, version = \"{version}\", registry = \"{NAME}\"");
        // Some say their version already.
        text = text.replace(&format!("{path}, version = \"{version}\""), &path);
        text = text.replace(&path, &published);
    }
    Ok(fs::write(path, text)?)
}

/// What a line of a crate's manifest says.
fn says(source: &Path, folder: &str, key: &str) -> Result<String> {
    let text = fs::read_to_string(source.join("crates").join(folder).join("Cargo.toml"))?;
    let start = format!("{key} = \"");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    let line = line.with_context(|| format!("crates/{folder} has no {key}"))?;
    Ok(line.trim_end_matches('"').to_owned())
}

/// Puts the packed crate where the index says it is, and into the index.
fn add(folder: &Path, package: &Value, packages: &[String]) -> Result<()> {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let (name, version) = (text("name"), text("version"));
    let file = format!("{name}-{version}.crate");
    let packed = folder.join("packed/package").join(&file);
    let stored = folder.join("dl").join(&file);
    fs::copy(&packed, &stored).with_context(|| packed.display().to_string())?;
    let dependencies: Vec<Value> = package["dependencies"]
        .as_array()
        .context("no dependencies")?
        .iter()
        .map(|it| dependency(it, packages))
        .collect();
    let entry = json!({
        "name": name, "vers": version, "deps": dependencies, "features": {},
        "features2": package["features"], "v": 2, "yanked": false,
        "cksum": checksum(&stored)?, "links": package["links"],
    });
    let place = folder.join("index").join(prefix(name));
    fs::create_dir_all(&place)?;
    Ok(fs::write(place.join(name), format!("{entry}\n"))?)
}

/// As the index has it: the name used in the manifest, and whose it is if renamed.
fn dependency(it: &Value, packages: &[String]) -> Value {
    let ours = packages.iter().any(|name| it["name"] == **name);
    let renamed = !it["rename"].is_null();
    json!({
        "name": if renamed { &it["rename"] } else { &it["name"] },
        "package": if renamed { it["name"].clone() } else { Value::Null },
        "req": it["req"], "features": it["features"], "optional": it["optional"],
        "default_features": it["uses_default_features"], "target": it["target"],
        "kind": it["kind"].as_str().unwrap_or("normal"),
        "registry": if ours { Value::Null } else { PUBLIC.into() },
    })
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder).env_remove("CARGO_MANIFEST_DIR");
    command
}

fn git(folder: &Path, args: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=judge", "-c", "user.email=judge@localhost"]);
    run(command.args(args).current_dir(folder))
}

fn commit(folder: &Path) -> Result<()> {
    git(folder, &["add", "--all"])?;
    git(folder, &["commit", "--quiet", "--message=as it is"])
}
