//! A real API server on a real etcd, on the loopback, for as long as a proof runs.
//!
//! Without controllers and nodes: what is accepted, defaulted and stored is real,
//! but nothing runs. The one thing that Helm waits for, a Job, is reported as done.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::chart::command::{attempt, stdout, succeed};
use crate::chart::tools::Tools;
use crate::mesh::cluster::Client;
use crate::support::ports::free_ports;

/// What the server may take to be ready, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);
const TOKEN: &str = "proof";

/// Ends with its processes when dropped.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    tools: &'a Tools,
    processes: Vec<Child>,
    folder: TempDir,
}

impl<'a> Cluster<'a> {
    /// Starts both and waits until the API answers.
    pub(super) fn start(tools: &'a Tools) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut cluster = Self {
            tools,
            processes: Vec::new(),
            folder,
        };
        let [client, peer, secure] = free_ports()?;
        cluster.spawn("etcd", &etcd(cluster.folder.path(), client, peer))?;
        let key = cluster.path("key.pem");
        fs::write(&key, private_key(tools, cluster.folder.path())?)?;
        let tokens = cluster.path("tokens.csv");
        fs::write(&tokens, format!("{TOKEN},admin,admin,system:masters\n"))?;
        let server = api_server(cluster.folder.path(), client, secure);
        cluster.spawn("kube-apiserver", &server)?;
        fs::write(
            cluster.kubeconfig(),
            kubeconfig(cluster.folder.path(), secure).to_string(),
        )?;
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// `kubectl` with some arguments.
    pub(super) fn kubectl(&self, args: &[&str]) -> Command {
        let mut command = self.tools.tool("kubectl");
        command
            .arg("--cache-dir")
            .arg(self.path("cache"))
            .args(args)
            .env("KUBECONFIG", self.kubeconfig());
        command
    }

    /// `helm` with some arguments, its own files in the folder too.
    pub(super) fn helm(&self, args: &[&str]) -> Command {
        let mut command = self.tools.tool("helm");
        command.args(args).env("KUBECONFIG", self.kubeconfig());
        for kind in ["CACHE", "CONFIG", "DATA"] {
            command.env(format!("HELM_{kind}_HOME"), self.path(&kind.to_lowercase()));
        }
        command
    }

    /// The same programs, for `prove mesh --cluster`.
    pub(super) fn client(&self) -> Client {
        Client {
            helm: self.tools.program("helm"),
            kubectl: self.tools.program("kubectl"),
            kubeconfig: Some(self.kubeconfig()),
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

    fn spawn(&mut self, name: &str, args: &[String]) -> Result<()> {
        let log = fs::File::create(self.path(&format!("{name}.log")))?;
        let child = self
            .tools
            .tool(name)
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        self.processes.push(child);
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        loop {
            let (ready, said) = attempt(&mut self.kubectl(&["get", "--raw", "/readyz"]))?;
            if ready {
                return Ok(());
            }
            for process in &mut self.processes {
                if let Some(status) = process.try_wait()? {
                    bail!("the control plane ended with {status}:\n{}", self.logs());
                }
            }
            if start.elapsed() > PATIENCE {
                bail!("the API server is not ready: {said}\n{}", self.logs());
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// The last lines of both.
    fn logs(&self) -> String {
        let mut said = String::new();
        for name in ["etcd", "kube-apiserver"] {
            let log = fs::read_to_string(self.path(&format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            said.push_str(name);
            said.push('\n');
            said.push_str(&lines[lines.len().saturating_sub(20)..].join("\n"));
            said.push('\n');
        }
        said
    }

    fn kubeconfig(&self) -> PathBuf {
        self.path("kubeconfig")
    }

    /// A file for the length of the proof.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn etcd(folder: &Path, client: u16, peer: u16) -> Vec<String> {
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls=http://127.0.0.1:{client}"),
        format!("--advertise-client-urls=http://127.0.0.1:{client}"),
        format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
        format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"),
        format!("--initial-cluster=default=http://127.0.0.1:{peer}"),
        // Nothing here outlives the machine.
        "--unsafe-no-fsync".into(),
    ]
}

fn api_server(folder: &Path, etcd: u16, secure: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        format!("--secure-port={secure}"),
        "--endpoint-reconciler-type=none".into(),
        format!("--cert-dir={}", file("certificates")),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={}", file("key.pem")),
        format!("--service-account-signing-key-file={}", file("key.pem")),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--anonymous-auth=false".into(),
        "--authorization-mode=AlwaysAllow".into(),
    ]
}

fn kubeconfig(folder: &Path, secure: u16) -> Value {
    let certificate = folder.join("certificates/apiserver.crt");
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proof",
        "contexts": [{"name": "proof", "context": {"cluster": "proof", "user": "admin"}}],
        "clusters": [{"name": "proof", "cluster": {
            "server": format!("https://127.0.0.1:{secure}"),
            "certificate-authority": certificate,
        }}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
    })
}

/// For the tokens of service accounts. Helm can make one, so nothing else must.
fn private_key(tools: &Tools, folder: &Path) -> Result<String> {
    let chart = folder.join("key");
    fs::create_dir_all(chart.join("templates"))?;
    fs::write(
        chart.join("Chart.yaml"),
        "{apiVersion: v2, name: key, version: 0.1.0}",
    )?;
    fs::write(
        chart.join("templates/key.yaml"),
        "key: {{ genPrivateKey \"ecdsa\" | toJson }}",
    )?;
    let said = succeed(tools.tool("helm").args(["template", "key"]).arg(&chart))?;
    let key: Value = serde_yaml_ng::from_str(said.trim_start_matches("---"))?;
    let key = key["key"].as_str().context("helm made no key")?;
    Ok(key.to_owned())
}
