//! What a newcomer types first, on machines that are set up in other ways.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

use super::Row;
use super::project::Project;
use super::stage::{Stage, remove};
use crate::skip::skip;
use crate::{markers, tools};

/// Somebody who owns nothing.
const NOBODY: u32 = 65534;

/// What a newcomer does, and whether it goes well.
type Way = fn(&Newcomer) -> Result<()>;

/// One row for each way to begin.
pub(crate) fn judge(stage: &Stage) -> Vec<Row> {
    let ways: [(&str, Way); 6] = [
        ("the README's cargo generate, without a terminal", printed),
        ("./new", |it| it.makes_a_service(&[])),
        ("./new, with CRLF in the clone", |it| {
            it.prefers_crlf()?;
            it.makes_a_service(&[])
        }),
        ("./new, in somebody else's clone", somebody_elses),
        ("./new, in a workspace", in_a_workspace),
        ("./new, refused", refused),
    ];
    ways.into_iter()
        .map(|(title, way)| {
            let mut row = Row::new(title);
            row.check("run", || way(&Newcomer::new(stage)?));
            row
        })
        .collect()
}

/// A home of their own, and a place to work in.
struct Newcomer<'a> {
    stage: &'a Stage,
    folder: PathBuf,
    home: PathBuf,
}

impl<'a> Newcomer<'a> {
    fn new(stage: &'a Stage) -> Result<Self> {
        let folder = stage.folder.join("newcomer");
        remove(&folder)?;
        let home = folder.join("home");
        fs::create_dir_all(&home)?;
        Ok(Self {
            stage,
            folder,
            home,
        })
    }

    /// Has git end lines as Windows does.
    fn prefers_crlf(&self) -> Result<()> {
        let settings = "[core]\n\tautocrlf = true\n\teol = crlf\n";
        Ok(fs::write(self.home.join(".gitconfig"), settings)?)
    }

    /// Runs a program as on a machine that knows nothing else.
    fn run(&self, program: &Path, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", tools::path());
        // Where Rust is, if not where the home says.
        let home = env::var_os("HOME").unwrap_or_default();
        for (name, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
            let known = env::var_os(name).map(PathBuf::from);
            command.env(name, known.unwrap_or_else(|| Path::new(&home).join(folder)));
        }
        command
            .output()
            .with_context(|| format!("{} does not start", program.display()))
    }

    /// The same, where it must succeed.
    fn succeed(&self, program: &Path, args: &[&str]) -> Result<()> {
        let output = self.run(program, args)?;
        ensure!(
            output.status.success(),
            "{} {args:?}: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    fn clone(&self) -> Result<PathBuf> {
        let clone = self.folder.join("clone");
        let (from, to) = (
            self.stage.template.to_string_lossy(),
            clone.to_string_lossy(),
        );
        let args = ["clone", "--quiet", "--no-local", &*from, &*to];
        self.succeed(Path::new("git"), &args)?;
        Ok(clone)
    }

    /// Clones, runs `./new`, and looks at what it made.
    fn makes_a_service(&self, before: &[&str]) -> Result<()> {
        let clone = self.clone()?;
        if let [program, args @ ..] = before {
            self.succeed(Path::new(program), args)?;
        }
        self.succeed(&clone.join("new"), &["made/shop-service"])?;
        let project = self.service("made/shop-service")?;
        let branch = project.read(".git/HEAD")?;
        ensure!(branch == b"ref: refs/heads/main\n", "not on main");
        project.cargo(&["fmt", "--all", "--check"])?;
        project.cargo(&["metadata", "--format-version=1", "--locked"])
    }

    /// What was made, if it is whole.
    fn service(&self, path: &str) -> Result<Project> {
        let project = Project::new(self.folder.join(path))?;
        ensure!(project.files.len() > 100, "{path} is not there");
        for path in &project.files {
            // Before this one libgit2 does not know better; they may have either.
            let known = path.as_str() > ".gitattributes";
            let ends = project.read(path)?.contains(&b'\r');
            ensure!(!(known && ends), "{path} has CRLF");
        }
        Ok(project)
    }
}

/// The command of the README that wants no terminal, of this clone.
fn printed(newcomer: &Newcomer) -> Result<()> {
    newcomer.prefers_crlf()?;
    let readme = markers::read("README.md")?;
    let lines: Vec<&str> = readme
        .lines()
        .filter(|line| line.contains("cargo generate --silent "))
        .collect();
    let [line] = lines[..] else {
        anyhow::bail!("the README has lost its command: {lines:?}");
    };
    let (before, rest) = line.split_once("https://").context("no URL")?;
    let (_, after) = rest.split_once(' ').context("nothing after the URL")?;
    let template = newcomer.stage.template.display();
    let command = format!("{before}file://{template} {after}");
    newcomer.succeed(Path::new("sh"), &["-c", &command])?;
    newcomer.service("payment-service").map(|_| ())
}

fn somebody_elses(newcomer: &Newcomer) -> Result<()> {
    let probe = newcomer.home.join("probe");
    fs::write(&probe, "")?;
    if std::os::unix::fs::chown(&probe, Some(NOBODY), None).is_err() {
        return Ok(skip(
            "./new in somebody else's clone",
            "giving files away takes root",
        )?);
    }
    newcomer.makes_a_service(&["chown", "-R", &NOBODY.to_string(), "clone"])
}

/// It joins: nothing is left to be done by hand.
fn in_a_workspace(newcomer: &Newcomer) -> Result<()> {
    let clone = newcomer.clone()?;
    let root = newcomer.folder.join("made");
    fs::create_dir_all(&root)?;
    fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = []\n")?;
    newcomer.succeed(&clone.join("new"), &["made/services/shop-service"])?;
    let project = newcomer.service("made/services/shop-service")?;
    ensure!(!project.folder.join("join").exists(), "it has not joined");
    // The first build completes the workspace's lock file, as for any new member.
    project.cargo(&["metadata", "--format-version=1"])?;
    Project::new(root)?.cargo(&["fmt", "--all", "--check"])
}

fn refused(newcomer: &Newcomer) -> Result<()> {
    let clone = newcomer.clone()?;
    let output = newcomer.run(&clone.join("new"), &["made/type-service"])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success(), "was not refused");
    ensure!(said.contains(r#"resource "type""#), "said {said}");
    let left = newcomer.folder.join("made/type-service").exists();
    ensure!(!left, "left an empty folder behind");
    Ok(())
}
