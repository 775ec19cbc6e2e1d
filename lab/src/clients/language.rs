//! The clients, and how each is installed and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

use xtask::tree;

/// One client.
pub(super) struct Language {
    pub(super) name: &'static str,
    folder: PathBuf,
    /// Whether it carries out the timeouts of a service config.
    pub(super) applies_timeouts: bool,
    /// What installs it, run in its folder; `{}` is a folder of its own.
    install: &'static [&'static [&'static str]],
    /// What runs it, run in its folder.
    run: &'static [&'static str],
}

/// Those in `clients/` of the service at `root`.
pub(super) fn languages(root: &Path) -> [Language; 3] {
    let folder = |name: &str| root.join("clients").join(name);
    [
        Language {
            name: "go",
            folder: folder("go"),
            applies_timeouts: true,
            install: &[&["go", "build", "-o", "{}/client", "."]],
            run: &["{}/client"],
        },
        Language {
            name: "python",
            folder: folder("python"),
            applies_timeouts: false,
            install: &[
                &["python3", "-m", "venv", "{}"],
                &["{}/bin/pip", "install", "--quiet", "-r", "requirements.txt"],
            ],
            run: &["{}/bin/python", "main.py"],
        },
        Language {
            name: "node",
            folder: folder("node"),
            applies_timeouts: true,
            install: &[&["npm", "ci", "--silent", "--no-audit", "--no-fund"]],
            run: &["node", "main.js"],
        },
    ]
}

impl Language {
    /// Brings what the client depends on, as pinned beside it.
    ///
    /// # Errors
    ///
    /// If the toolchain is missing or the dependencies cannot be had.
    pub(super) fn install(&self) -> Result<()> {
        std::fs::create_dir_all(tree::target().join("clients"))?;
        for step in self.install {
            let output = self.execute(step, &[])?;
            if !output.status.success() {
                let complaint = String::from_utf8_lossy(&output.stderr);
                bail!("`{}` failed: {}", step.join(" "), complaint.trim());
            }
        }
        Ok(())
    }

    /// Runs the client and returns what it printed.
    pub(super) fn run(&self, address: &str, service_config: &Path) -> Result<String> {
        let service_config = service_config.display().to_string();
        let output = self.execute(self.run, &[address, &service_config])?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok(text)
    }

    fn execute(&self, command: &[&str], arguments: &[&str]) -> Result<Output> {
        let folder = tree::target().join("clients").join(self.name);
        let folder = folder.display().to_string();
        let program = command[0].replace("{}", &folder);
        Command::new(&program)
            .args(command[1..].iter().map(|it| it.replace("{}", &folder)))
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .with_context(|| format!("{program} cannot be run; install it or put it on the PATH"))
    }
}
