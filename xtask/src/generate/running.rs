//! A generated service that runs, and calls of it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::project::Project;
use crate::tree;

/// Ends with the check.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
}

impl Server {
    /// Builds it and starts it in `folder`, on ports that the system chooses.
    pub(crate) fn start(project: &Project, folder: &Path) -> Result<Self> {
        project.cargo(&["build"])?;
        let mut command = Command::new(tree::target().join("debug/server"));
        command
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .current_dir(folder);
        Self::spawn(&mut command)
    }

    /// Starts `command`, whose log is JSON.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let log = child.stdout.take();
        // Ended also if it does not say where it listens.
        let mut server = Self {
            child,
            address: String::new(),
        };
        server.address = address(BufReader::new(log.context("no log")?))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What grpcurl says, of an error too.
pub(crate) fn asked(grpcurl: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new(grpcurl)
        .arg("-plaintext")
        .args(args)
        .output()?;
    Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// Where the log says that the server listens.
fn address(log: impl BufRead) -> Result<String> {
    for line in log.lines() {
        let line = line?;
        if let Some((_, rest)) = line.split_once("\"grpc\":\"") {
            let address = rest.split('"').next().unwrap_or_default();
            return Ok(address.to_owned());
        }
    }
    bail!("the server did not say where it listens")
}
