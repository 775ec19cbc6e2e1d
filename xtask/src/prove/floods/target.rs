//! The server that is flooded, and what it costs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// `/proc` counts CPU time in these, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

pub(in crate::prove) struct Target {
    child: Child,
    pub(in crate::prove) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Target {
    /// With settings as they are by default.
    pub(in crate::prove) fn start(server: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(server)
            .env_clear()
            .current_dir(folder.path())
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", server.display()))?;
        let stdout = child.stdout.take().context("its output")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = lines.next().context("the server ended")??;
            let entry: serde_json::Value = serde_json::from_str(&line)?;
            if let Some(address) = entry.get("address").and_then(|it| it.as_str()) {
                break address.parse()?;
            }
        };
        // Keeps the pipe empty.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            child,
            address,
            _folder: folder,
        })
    }

    /// MiB that are resident.
    pub(in crate::prove) fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The most MiB that ever were.
    pub(in crate::prove) fn most_memory(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        let kib: f64 = number.context("the server has ended")?.parse()?;
        Ok(kib / 1024.0)
    }

    /// Seconds of CPU time.
    pub(in crate::prove) fn cpu(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, rest) = text.rsplit_once(')').context("stat")?;
        let mut fields = rest.split_whitespace().skip(11);
        let user: f64 = fields.next().context("user")?.parse()?;
        let system: f64 = fields.next().context("system")?.parse()?;
        Ok((user + system) / TICKS_PER_SECOND)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
