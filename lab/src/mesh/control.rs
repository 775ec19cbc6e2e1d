//! Istio's control plane: `tools/istio/meshlab`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::ambient::Told;

/// How long it may take to start, and to take a change.
const DEADLINE: Duration = Duration::from_mins(1);

/// What Istio's own build of Envoy has and Envoy has not.
const WITHOUT: [(&str, &str); 2] = [
    ("PILOT_ENABLE_METADATA_EXCHANGE", "false"),
    ("PILOT_ENABLE_ALPN_FILTER", "false"),
];

/// What ambient needs beside.
const AMBIENT: (&str, &str) = ("PILOT_ENABLE_AMBIENT", "true");

/// Where it serves.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Addresses {
    /// Configuration.
    pub(super) xds: String,
    /// Certificates.
    pub(super) sds: String,
}

/// The running control plane; ends with the value.
pub(super) struct Control {
    pub(super) addresses: Addresses,
    folder: PathBuf,
    changes: usize,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Control {
    /// Starts it on `objects`; its log and input are kept in `folder`.
    pub(super) async fn start(
        program: &Path,
        folder: &Path,
        objects: &[Value],
        mesh: &Value,
        ambient: bool,
    ) -> Result<Self> {
        let objects_file = folder.join("objects.yaml");
        fs::write(&objects_file, documents(objects)?)?;
        let mesh_file = folder.join("mesh.yaml");
        fs::write(&mesh_file, serde_yaml_ng::to_string(mesh)?)?;
        let mut child = Command::new(program)
            .args([&objects_file, &mesh_file])
            .envs(WITHOUT)
            .envs(ambient.then_some(AMBIENT))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("control.log"))?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let input = child.stdin.take().context("piped")?;
        let mut output = BufReader::new(child.stdout.take().context("piped")?).lines();
        let addresses = loop {
            // Istio's code logs to the same place.
            let line = read(&mut output).await?;
            if let Ok(addresses) = serde_json::from_str(&line) {
                break addresses;
            }
        };
        Ok(Self {
            addresses,
            folder: folder.to_path_buf(),
            changes: 0,
            input,
            output,
            _child: child,
        })
    }

    /// Adds or replaces objects.
    pub(super) async fn apply(&mut self, objects: &[Value]) -> Result<()> {
        self.changes += 1;
        let file = self.folder.join(format!("change-{}.yaml", self.changes));
        fs::write(&file, documents(objects)?)?;
        self.say(&file.display().to_string()).await?;
        while read(&mut self.output).await? != "applied" {}
        Ok(())
    }

    /// What ztunnels are told.
    pub(super) async fn told(&mut self) -> Result<Told> {
        self.say("workloads").await?;
        loop {
            if let Ok(told) = serde_json::from_str(&read(&mut self.output).await?) {
                return Ok(told);
            }
        }
    }

    async fn say(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\n");
        Ok(self.input.write_all(line.as_bytes()).await?)
    }
}

async fn read(output: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    tokio::time::timeout(DEADLINE, output.next_line())
        .await
        .context("the control plane does not answer")??
        .context("the control plane ended")
}

fn documents(objects: &[Value]) -> Result<String> {
    ensure!(!objects.is_empty(), "nothing to hand over");
    let documents: Vec<String> = objects
        .iter()
        .map(serde_yaml_ng::to_string)
        .collect::<Result<_, _>>()?;
    Ok(documents.join("---\n"))
}
