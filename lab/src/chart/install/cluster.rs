//! A real API server on a real etcd, on the loopback, for as long as a proof runs.
//!
//! Without controllers and nodes: what is accepted, defaulted and stored is real,
//! but nothing runs. The one thing that Helm waits for, a Job, is reported as done.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;

use crate::chart::command::{attempt, stdout};
use crate::chart::tools::Tools;
use crate::kubernetes::{self, ADMIN, Address, Processes};
use crate::mesh::cluster::Client;
use crate::support::ports::free_ports;

/// What the server may take to be ready, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// Ends with its processes when dropped.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    tools: &'a Tools,
    _processes: Processes,
    folder: TempDir,
}

impl<'a> Cluster<'a> {
    /// Starts both and waits until the API answers.
    pub(super) fn start(tools: &'a Tools) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let [client, peer, port] = free_ports()?;
        let address = Address {
            host: "127.0.0.1",
            port,
            etcd: [client, peer],
        };
        kubernetes::write_files(tools, folder.path(), address, &[ADMIN])?;
        let mut processes = Processes::new(folder.path().to_owned());
        let etcd = kubernetes::etcd(folder.path(), address);
        processes.start("etcd", tools.tool("etcd").args(etcd))?;
        let api_server = kubernetes::api_server(folder.path(), address);
        processes.start(
            "kube-apiserver",
            tools.tool("kube-apiserver").args(api_server).args([
                // No other finds it by the Service that this would keep.
                "--endpoint-reconciler-type=none",
                "--authorization-mode=AlwaysAllow",
                "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
            ]),
        )?;
        let client = || kubernetes::client(tools, folder.path(), "kubectl", ADMIN.name);
        processes.wait_until("the API server is ready", PATIENCE, || {
            Ok(attempt(client().args(["get", "--raw", "/readyz"]))?.0)
        })?;
        Ok(Self {
            tools,
            _processes: processes,
            folder,
        })
    }

    /// `kubectl` with some arguments.
    pub(super) fn kubectl(&self, args: &[&str]) -> Command {
        self.command("kubectl", args)
    }

    /// `helm` with some arguments.
    pub(super) fn helm(&self, args: &[&str]) -> Command {
        self.command("helm", args)
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = kubernetes::client(self.tools, self.folder.path(), program, ADMIN.name);
        command.args(args);
        command
    }

    /// The same programs, for `prove mesh --cluster`.
    pub(super) fn client(&self) -> Client {
        Client {
            helm: self.tools.program("helm"),
            kubectl: self.tools.program("kubectl"),
            kubeconfig: Some(kubernetes::kubeconfig_of(self.folder.path(), ADMIN.name)),
        }
    }

    /// Runs a command that may wait for Jobs, and reports each as complete.
    pub(super) fn with_jobs(&self, namespace: &str, mut command: Command) -> Result<String> {
        let output = self.path("output");
        let mut child = command
            .stdout(fs::File::create(&output)?)
            .stderr(fs::OpenOptions::new().append(true).open(&output)?)
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            let jobs = ["get", "jobs", "--namespace", namespace, "--output", "name"];
            for job in stdout(&mut self.kubectl(&jobs))?.lines() {
                self.complete(namespace, job)?;
            }
        };
        let said = fs::read_to_string(output)?;
        if !status.success() {
            bail!("{command:?} failed:\n{said}");
        }
        Ok(said)
    }

    fn complete(&self, namespace: &str, job: &str) -> Result<()> {
        let now = stdout(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]))?;
        let now = now.trim();
        let condition = |kind: &str| {
            json!({
                "type": kind, "status": "True", "reason": "CompletionsReached",
                "lastProbeTime": now, "lastTransitionTime": now,
            })
        };
        let status = json!({"status": {
            "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
            "startTime": now, "completionTime": now, "succeeded": 1,
        }});
        // It may be gone by now, or be complete already.
        attempt(
            self.kubectl(&["patch", job, "--namespace", namespace])
                .args(["--subresource", "status", "--type", "merge", "--patch"])
                .arg(status.to_string()),
        )?;
        Ok(())
    }

    /// A file for the length of the proof.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
