//! The server that is flooded, and what it costs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use xtask::tree;

/// `/proc` counts CPU time in these, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

pub(in crate::resilience) struct Target {
    child: Child,
    pub(in crate::resilience) address: SocketAddr,
    /// The admin port.
    pub(super) admin: SocketAddr,
    /// Who vouches for it, under TLS; in PEM.
    pub(super) authority: Option<String>,
    _folder: tempfile::TempDir,
}

impl Target {
    /// With settings as they are by default, and the arenas of the image.
    pub(in crate::resilience) fn start(server: &Path) -> Result<Self> {
        Self::start_with(server, &[], false)
    }

    /// With `args` besides, and a certificate if it is to speak TLS.
    pub(super) fn start_with(server: &Path, args: &[&str], tls: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(server);
        let authority = if tls {
            command.args(["--tls-cert", "tls.crt", "--tls-key", "tls.key"]);
            Some(certify(folder.path())?)
        } else {
            None
        };
        let mut child = command
            .args(args)
            .env_clear()
            .env(
                "MALLOC_ARENA_MAX",
                tree::in_dockerfile("ENV MALLOC_ARENA_MAX=")?,
            )
            .current_dir(folder.path())
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", server.display()))?;
        let stdout = child.stdout.take().context("its output")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut admin = None;
        let address = loop {
            let line = lines.next().context("the server ended")??;
            let entry: serde_json::Value = serde_json::from_str(&line)?;
            if let Some(address) = entry.get("admin").and_then(|it| it.as_str()) {
                admin = Some(address.parse()?);
            }
            if let Some(address) = entry.get("address").and_then(|it| it.as_str()) {
                break address.parse()?;
            }
        };
        // Keeps the pipe empty.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            child,
            address,
            admin: admin.context("the admin port's address")?,
            authority,
            _folder: folder,
        })
    }

    /// MiB that are resident.
    pub(in crate::resilience) fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The most MiB that ever were.
    pub(in crate::resilience) fn most_memory(&self) -> Result<f64> {
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
    pub(in crate::resilience) fn cpu(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, rest) = text.rsplit_once(')').context("stat")?;
        let mut fields = rest.split_whitespace().skip(11);
        let user: f64 = fields.next().context("user")?.parse()?;
        let system: f64 = fields.next().context("system")?.parse()?;
        Ok((user + system) / TICKS_PER_SECOND)
    }
}

/// Writes a certificate of its own for `localhost`, and its key; the
/// certificate.
fn certify(folder: &Path) -> Result<String> {
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)?;
    let certificate = made.cert.pem();
    fs::write(folder.join("tls.crt"), &certificate)?;
    fs::write(folder.join("tls.key"), made.signing_key.serialize_pem())?;
    Ok(certificate)
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
