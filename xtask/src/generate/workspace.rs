//! Services as members of a workspace that is already there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::project::{Project, run};
use super::stage::{Stage, remove};
use super::{Args, Row, image};

/// The members, as paths below the root: beside each other and further down.
const MEMBERS: [&str; 2] = ["invoice-service", "services/parcel-service"];

/// Two services in one workspace.
pub(crate) fn judge(stage: &Stage, args: &Args) -> Vec<Row> {
    let mut row = Row::new("two services in one workspace");
    let folder = stage.folder.join("workspace");
    row.check("generate", || {
        remove(&folder)?;
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("Cargo.toml"), "[workspace]\nmembers = []\n")?;
        for member in MEMBERS {
            generate(stage, &folder, member)?;
            join(&folder.join(member))?;
        }
        Ok(())
    });
    let Ok(project) = Project::new(folder.clone()) else {
        return vec![row];
    };
    row.check("shared", || shares(&project));
    row.check("metadata", || {
        project.cargo(&["metadata", "--format-version=1"])
    });
    row.check("image", || {
        for member in MEMBERS {
            image::carry_out(stage, &project, member)?;
        }
        Ok(())
    });
    row.check("version", || refuses_another_version(stage, &folder));
    row.check("fmt", || project.cargo(&["fmt", "--all"]));
    if args.quick {
        return vec![row];
    }
    row.check("check", || {
        project.cargo(&["check", "--workspace", "--all-targets"])
    });
    row.check("contract", || {
        for member in MEMBERS {
            let member = Project::new(folder.join(member))?;
            member.cargo(&["contract", "--check"])?;
        }
        Ok(())
    });
    if args.long {
        row.check("test", || project.cargo(&["test", "--workspace"]));
    }
    vec![row]
}

fn generate(stage: &Stage, folder: &Path, member: &str) -> Result<()> {
    let path = folder.join(member);
    let (parent, name) = (path.parent(), path.file_name());
    let (parent, name) = (parent.context("no parent")?, name.context("no name")?);
    let args = ["--name", &*name.to_string_lossy()].map(str::to_owned);
    stage.generate_in(parent, "--path", &stage.template.to_string_lossy(), &args)
}

fn join(member: &Path) -> Result<()> {
    run(Command::new("sh").arg("join").current_dir(member))
}

/// What belongs to the root is there, once, and not in the members.
fn shares(project: &Project) -> Result<()> {
    for member in MEMBERS {
        let name = member.rsplit('/').next().unwrap_or_default();
        for path in [
            "Cargo.lock",
            ".git",
            ".github",
            "crates",
            "join",
            ".dockerignore",
        ] {
            let place = project.folder.join(member).join(path);
            ensure!(!place.exists(), "{member} has its own {path}");
        }
        let workflow = format!(".github/workflows/{name}.yml");
        let text = String::from_utf8(project.read(&workflow)?)?;
        for line in [
            format!("    working-directory: {member}\n"),
            format!("          file: {member}/Dockerfile\n"),
            format!("          go-version-file: {member}/tools/helm/go.mod\n"),
            format!("IMAGE=ghcr.io/${{GITHUB_REPOSITORY,,}}/{name}\""),
        ] {
            ensure!(text.contains(&line), "{workflow} lacks {line}");
        }
    }
    let manifest = String::from_utf8(project.read("Cargo.toml")?)?;
    for table in ["[workspace.lints.clippy]", "[profile.release]"] {
        let times = manifest.matches(table).count();
        ensure!(
            times == 1,
            "Cargo.toml has {table} {times} times: {manifest}"
        );
    }
    let settings = String::from_utf8(project.read(".cargo/config.toml")?)?;
    ensure!(settings.contains("-DHAVE_FDATASYNC=1"), "{settings}");
    project.read("Cargo.lock")?;
    project.read("crates/contract/Cargo.toml").map(|_| ())
}

/// A service made for other crates than those that are there does not join.
fn refuses_another_version(stage: &Stage, folder: &Path) -> Result<()> {
    let manifest = folder.join("crates/contract/Cargo.toml");
    let root = folder.join("Cargo.toml");
    let (kept, members) = (fs::read_to_string(&manifest)?, fs::read_to_string(&root)?);
    let other = kept.replacen("\nversion = \"", "\nversion = \"9.", 1);
    fs::write(&manifest, other)?;
    let member = folder.join("third-service");
    generate(stage, folder, "third-service")?;
    let said = join(&member).err().map(|error| error.to_string());
    fs::write(&manifest, kept)?;
    fs::write(&root, members)?;
    remove(&member)?;
    let said = said.context("was not refused")?;
    ensure!(
        said.contains("crates/contract is version 9.0.1.0, this service is made for 0.1.0"),
        "{said}"
    );
    Ok(())
}
