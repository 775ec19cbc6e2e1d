//! The real service, configured as the chart's `ConfigMap` says.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::chart::{RPCS, SERVICE, of_kind};

/// How long a start or a stop may take.
const DEADLINE: Duration = Duration::from_mins(1);

/// How long a call that is answered may take to be in the log.
const LOGGED: Duration = Duration::from_secs(15);

/// One running process; ends with the value.
pub(super) struct Service {
    pub(super) grpc: SocketAddr,
    pub(super) admin: SocketAddr,
    log: PathBuf,
    child: Child,
}

impl Service {
    /// Starts one on ports and with a store of its own; `folder` keeps its log.
    pub(super) async fn start(
        program: &Path,
        folder: &Path,
        name: &str,
        objects: &[Value],
        more: &[(&str, &str)],
    ) -> Result<Self> {
        let log = folder.join(format!("service-{name}.log"));
        let mut settings = of_kind(objects, "ConfigMap")
            .find(|it| it["metadata"]["name"] == SERVICE)
            .and_then(|it| it["data"].as_object())
            .context("the chart renders no ConfigMap")?
            .clone();
        settings.remove("LISTEN_ADDR");
        settings.remove("ADMIN_LISTEN_ADDR");
        let store = folder.join(format!("service-{name}.db"));
        let mut child = Command::new(program)
            .env_clear()
            .envs(
                settings
                    .iter()
                    .filter_map(|(name, value)| Some((name, value.as_str()?))),
            )
            .env("LOG_LEVEL", "debug")
            .envs(more.iter().copied())
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .arg("--store")
            .arg(format!("sqlite:{}", store.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join(format!("service-{name}.err")))?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("piped")?).lines();
        let mut kept = File::create(&log)?;
        let listening = async {
            while let Some(text) = lines.next_line().await? {
                writeln!(kept, "{text}")?;
                let line: Value = serde_json::from_str(&text)?;
                if let (Some(grpc), Some(admin)) = (line["grpc"].as_str(), line["admin"].as_str()) {
                    return Ok((grpc.parse()?, admin.parse()?));
                }
            }
            anyhow::bail!("the service ended at its start: {}", log.display())
        };
        let (grpc, admin) = tokio::time::timeout(DEADLINE, listening)
            .await
            .context("the service does not start")??;
        tokio::spawn(async move {
            while let Ok(Some(text)) = lines.next_line().await {
                writeln!(kept, "{text}").ok();
            }
        });
        Ok(Self {
            grpc,
            admin,
            log,
            child,
        })
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Stops it as Kubernetes does, and waits until it has ended.
    pub(super) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("the service ended by itself")?;
        let id = Pid::from_raw(i32::try_from(id)?).context("no process id")?;
        kill_process(id, Signal::TERM)?;
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let status = ended.context("the service does not stop")??;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }

    /// The lines it logged of calls of `method`, once there are `count`.
    pub(super) async fn calls(&self, method: &str, count: usize) -> Result<Vec<Value>> {
        let reading = async {
            loop {
                let text = fs::read_to_string(&self.log)?;
                let lines: Vec<Value> = text
                    .lines()
                    .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                    .filter(|line| line["target"] == "rpc")
                    .filter(|line| {
                        let name = line["method"].as_str().unwrap_or_default();
                        name.ends_with(&format!("/{method}"))
                    })
                    .collect();
                if lines.len() >= count {
                    return Ok(lines);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LOGGED, reading)
            .await
            .with_context(|| format!("the service logs no {count} calls of {method}"))?
    }

    /// How many calls of its own rpcs it logged so far.
    pub(super) fn served(&self) -> Result<usize> {
        let text = fs::read_to_string(&self.log)?;
        let of_rpc = |line: &&str| {
            line.contains("\"target\":\"rpc\"") && line.contains(RPCS.trim_start_matches('/'))
        };
        Ok(text.lines().filter(of_rpc).count())
    }
}
