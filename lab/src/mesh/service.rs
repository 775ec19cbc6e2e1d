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
use super::pods::template;

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
        let store = folder.join(format!("service-{name}.db"));
        let mut command = Command::new(program);
        configure(&mut command, objects, SERVICE)?;
        command
            .env("LOG_LEVEL", "debug")
            .envs(more.iter().copied())
            .arg("--store")
            .arg(format!("sqlite:{}", store.display()));
        Self::spawn(command, folder, name).await
    }

    /// Starts one as the container of `release` is, as pod `name`; what would be mounted is
    /// in `folder`.
    pub(super) async fn start_as(
        program: &Path,
        folder: &Path,
        (release, name): (&str, &str),
        objects: &[Value],
        more: &[(&str, String)],
    ) -> Result<Self> {
        let container = &template(objects, None)?["spec"]["containers"][0];
        let here = |told: &str| {
            let folder = folder.display();
            told.replace("/jwt/", &format!("{folder}/"))
                .replace("/data/", &format!("{folder}/{name}-"))
        };
        let all = |field: &str| container[field].as_array().cloned().unwrap_or_default();
        let mut command = Command::new(program);
        for (variable, value) in configure(&mut command, objects, release)? {
            command.env(variable, here(&value));
        }
        for variable in all("env") {
            if let (Some(name), Some(value)) = (variable["name"].as_str(), variable["value"].as_str())
                // What only a kubelet knows.
                && !value.contains("$(")
            {
                command.env(name, here(value));
            }
        }
        let arguments = all("args");
        command.args(arguments.iter().filter_map(Value::as_str).map(here));
        command.envs(more.iter().map(|(name, value)| (name, value)));
        Self::spawn(command, folder, name).await
    }

    /// Starts it, on ports of its own, and waits until it listens.
    async fn spawn(mut command: Command, folder: &Path, name: &str) -> Result<Self> {
        let log = folder.join(format!("service-{name}.log"));
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join(format!("service-{name}.err")))?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
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
        self.served_of(RPCS.trim_start_matches('/'))
    }

    /// How many calls it logged so far whose name has `part` in it.
    pub(super) fn served_of(&self, part: &str) -> Result<usize> {
        let text = fs::read_to_string(&self.log)?;
        let of_rpc = |line: &&str| line.contains("\"target\":\"rpc\"") && line.contains(part);
        Ok(text.lines().filter(of_rpc).count())
    }
}

/// Gives `command` nothing but what the `ConfigMap` of that name says, less where it
/// listens; returns that.
fn configure(
    command: &mut Command,
    objects: &[Value],
    name: &str,
) -> Result<Vec<(String, String)>> {
    let settings = of_kind(objects, "ConfigMap")
        .find(|it| it["metadata"]["name"] == name)
        .and_then(|it| it["data"].as_object())
        .context("the chart renders no ConfigMap")?;
    let settings: Vec<_> = (settings.iter())
        .filter(|(name, _)| !["LISTEN_ADDR", "ADMIN_LISTEN_ADDR"].contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    command.env_clear().envs(settings.iter().cloned());
    Ok(settings)
}
