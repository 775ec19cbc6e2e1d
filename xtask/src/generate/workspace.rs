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

#[cfg(test)]
mod tests {
    use super::*;

    /// Its own package, one of the registry's that is there, in this version and another,
    /// and one that is not.
    const MEMBERS: &str = r#"version = 4

[[package]]
name = "gateway"
version = "0.1.0"
dependencies = [
 "axum",
]

[[package]]
name = "axum"
version = "0.8.1"
source = "registry+https://example.com/index"
checksum = "00"
dependencies = [
 "bytes",
]

[[package]]
name = "bytes"
version = "1.2.0"
source = "registry+https://example.com/index"

[[package]]
name = "http"
version = "1.0.0"
source = "registry+https://example.com/index"
"#;

    const ROOTS: &str = r#"# Written by cargo.
version = 4

[[package]]
name = "bytes"
version = "1.1.0"
source = "registry+https://example.com/index"

[[package]]
name = "http"
version = "1.0.0"
source = "registry+https://example.com/index"
"#;

    #[test]
    fn versions_of_a_later_member_stand_beside_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let (root, member) = (folder.path(), folder.path().join("gateway"));
        fs::create_dir_all(member.join("xtask")).unwrap();
        fs::create_dir_all(member.join(".cargo")).unwrap();
        let tables = "[workspace.lints.rust]\n[workspace.lints.clippy]\n[profile.release]\n";
        let workspace = format!("[workspace]\nmembers = []\n{tables}");
        fs::write(root.join("Cargo.toml"), workspace).unwrap();
        fs::write(root.join("Cargo.lock"), ROOTS).unwrap();
        let join = crate::tree::root().join("template/join");
        fs::copy(join, member.join("join")).unwrap();
        fs::write(member.join("Cargo.lock"), MEMBERS).unwrap();
        for path in [
            ".cargo/config.toml",
            ".clippy.toml",
            ".dockerignore",
            "Cargo.toml",
            "Dockerfile",
            "README.md",
            "deny.toml",
            "rustfmt.toml",
            "xtask/Cargo.toml",
        ] {
            fs::write(member.join(path), "").unwrap();
        }
        super::join(&member).unwrap();
        let text = fs::read_to_string(root.join("Cargo.lock")).unwrap();
        let packages = text.split("[[package]]\n").skip(1).map(|package| {
            let mut quoted = package.split('"').skip(1).step_by(2);
            format!("{} {}", quoted.next().unwrap(), quoted.next().unwrap())
        });
        let expected = ["bytes 1.1.0", "http 1.0.0", "axum 0.8.1", "bytes 1.2.0"];
        assert_eq!(packages.collect::<Vec<_>>(), expected);
        assert!(!member.join("Cargo.lock").exists());
    }
}
