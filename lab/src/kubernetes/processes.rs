//! Programs that run for as long as a proof does, and log into its folder.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Lines of a log that are shown when a program fails.
const SHOWN: usize = 20;

/// They end when this is dropped, the last one first.
#[derive(Debug)]
pub(crate) struct Processes {
    folder: PathBuf,
    running: Vec<(String, Child)>,
}

impl Processes {
    /// None yet; each will log into `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            running: Vec::new(),
        }
    }

    /// Starts one. What it says is added to its log.
    pub(crate) fn start(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log(name))?;
        let child = command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        self.running.push((name.to_owned(), child));
        Ok(())
    }

    /// Ends one as a crash does.
    pub(crate) fn kill(&mut self, name: &str) -> Result<()> {
        let at = self.running.iter().position(|(known, _)| known == name);
        let (_, mut child) = self.running.remove(at.context("it does not run")?);
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Waits until `ready` answers; fails with the logs if a program ends before, or
    /// if it takes longer than `patience`.
    pub(crate) fn wait_until(
        &mut self,
        what: &str,
        patience: Duration,
        mut ready: impl FnMut() -> Result<bool>,
    ) -> Result<()> {
        let start = Instant::now();
        while !ready()? {
            let ended = self.running.iter_mut().find_map(|(name, child)| {
                let status = child.try_wait().ok().flatten()?;
                Some(format!("{name} ended with {status}"))
            });
            if let Some(ended) = ended {
                bail!("{ended}:\n{}", self.logs());
            }
            if start.elapsed() > patience {
                bail!("{what}: not after {patience:?}:\n{}", self.logs());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The last lines of all that run.
    fn logs(&self) -> String {
        let mut said = String::new();
        for (name, _) in &self.running {
            let log = fs::read_to_string(self.log(name)).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            said.push_str(name);
            said.push('\n');
            said.push_str(&lines[lines.len().saturating_sub(SHOWN)..].join("\n"));
            said.push('\n');
        }
        said
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for (_, child) in self.running.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
