//! The figures on record: `lab/instructions.json`, by compiler and C library.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::count::Tool;
use xtask::tree;

/// What a count depends on besides the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Machine {
    rustc: String,
    architecture: String,
    libc: String,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rustc,
            architecture,
            libc,
        } = self;
        write!(f, "{rustc}, {architecture}, {libc}")
    }
}

impl Machine {
    /// Where this runs.
    pub(super) fn this() -> Result<Self> {
        let rustc = first_line(&["rustc", "--version"])?;
        Ok(Self {
            // Without the date and the commit.
            rustc: rustc.split(' ').take(2).collect::<Vec<_>>().join(" "),
            architecture: std::env::consts::ARCH.to_owned(),
            libc: first_line(&["getconf", "GNU_LIBC_VERSION"])?,
        })
    }
}

fn first_line(command: &[&str]) -> Result<String> {
    let output = Command::new(command[0])
        .args(&command[1..])
        .current_dir(tree::root())
        .output()
        .with_context(|| format!("{} cannot be run", command[0]))?;
    ensure!(output.status.success(), "{} failed", command.join(" "));
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Figures by what is counted and by the name of what is called.
pub(super) type Figures = BTreeMap<Tool, BTreeMap<String, f64>>;

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    machine: Machine,
    #[serde(flatten)]
    figures: Figures,
}

/// All that is on record.
#[derive(Debug)]
pub(super) struct Record(Vec<Entry>);

impl Record {
    pub(super) fn read() -> Result<Self> {
        let path = path();
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Self(serde_json::from_str(&text)?))
    }

    pub(super) fn write(&self) -> Result<()> {
        let mut text = serde_json::to_string_pretty(&self.0)?;
        text.push('\n');
        std::fs::write(path(), text)?;
        println!("wrote lab/instructions.json");
        Ok(())
    }

    /// The figures of that machine, or else of one that differs in the C library
    /// alone.
    pub(super) fn of(&self, machine: &Machine) -> Option<(&Machine, &Figures)> {
        let like = |entry: &&Entry| {
            (&entry.machine.rustc, &entry.machine.architecture)
                == (&machine.rustc, &machine.architecture)
        };
        let same = self.0.iter().find(|entry| entry.machine == *machine);
        same.or_else(|| self.0.iter().find(like))
            .map(|entry| (&entry.machine, &entry.figures))
    }

    /// Replaces the figures of that machine.
    pub(super) fn put(&mut self, machine: &Machine, figures: Figures) {
        self.0.retain(|entry| entry.machine != *machine);
        self.0.push(Entry {
            machine: machine.clone(),
            figures,
        });
    }
}

fn path() -> PathBuf {
    tree::root().join("lab/instructions.json")
}
