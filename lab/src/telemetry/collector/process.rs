//! A process that says in its log, one JSON object a line, where it listens.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Killed when dropped.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Starts it with its output kept.
    pub(super) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        let (sender, lines) = mpsc::channel();
        forward(child.stdout.take().context("piped")?, sender.clone());
        forward(child.stderr.take().context("piped")?, sender);
        Ok(Self { name, child, lines })
    }

    /// Waits for the line in which `find` finds something.
    pub(super) fn hear(&self, find: impl Fn(&Value) -> Option<&str>) -> Result<String> {
        let mut said = String::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                anyhow::bail!("{} did not start:\n{said}", self.name);
            };
            let value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(found) = find(&value) {
                return Ok(found.to_owned());
            }
            said.push_str(&line);
            said.push('\n');
        }
    }

    /// Asks it to stop and waits until it has.
    pub(super) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let ended = self.child.wait()?;
        let said: Vec<_> = self.lines.iter().collect();
        ensure!(
            ended.success(),
            "{} ended with {ended}:\n{}",
            self.name,
            said.join("\n")
        );
        Ok(())
    }
}

fn forward(stream: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
