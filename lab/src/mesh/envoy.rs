//! One Envoy, whatever it is for.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::{Child, Command};

use super::call;

/// How long it may take until it has its configuration.
const DEADLINE: Duration = Duration::from_mins(1);

/// A running Envoy; ends with the value.
pub(super) struct Envoy {
    name: String,
    log: PathBuf,
    admin_file: PathBuf,
    child: Child,
}

impl Envoy {
    /// Starts one; what it is told and what it logs are in `folder`, by `name`.
    pub(super) fn start(
        program: &Path,
        folder: &Path,
        name: &str,
        bootstrap: &Value,
    ) -> Result<Self> {
        let file = |kind: &str| folder.join(format!("{name}.{kind}"));
        let written = file("json");
        fs::write(&written, serde_json::to_vec_pretty(bootstrap)?)?;
        let log = file("log");
        let admin_file = file("admin");
        let child = Command::new(program)
            .arg("--config-path")
            .arg(&written)
            .arg("--admin-address-path")
            .arg(&admin_file)
            .args(["--disable-hot-restart", "--concurrency", "1"])
            // As Istio starts it.
            .args(["--drain-time-s", "45", "--drain-strategy", "immediate"])
            .args(["--log-level", "info"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        Ok(Self {
            name: name.to_owned(),
            log,
            admin_file,
            child,
        })
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it listens on `address`.
    pub(super) async fn listening(&mut self, address: SocketAddr) -> Result<()> {
        self.until(&format!("listen on {address}"), async |envoy| {
            // Itself, and not whoever has taken the port.
            let own = envoy.admin("/listeners").await;
            own.is_ok_and(|own| own.contains(&address.to_string()))
                && tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await
    }

    /// Waits until `there` is.
    async fn until(&mut self, what: &str, there: impl AsyncFn(&Self) -> bool) -> Result<()> {
        let waiting = async {
            loop {
                if let Some(status) = self.child.try_wait()? {
                    let log = fs::read_to_string(&self.log)?;
                    let last = log.lines().last().unwrap_or_default();
                    bail!("Envoy {} ended with {status}: {last}", self.name);
                }
                if let Some(address) = taken(&fs::read_to_string(&self.log)?) {
                    bail!(
                        "Envoy {} cannot listen on {address}, which is taken: end what listens \
                         there (ss -ltnp tells), then run this again",
                        self.name
                    );
                }
                if there(self).await {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(done) => done,
            Err(_) => bail!(
                "Envoy {} does not {what}: {} tells why",
                self.name,
                self.log.display()
            ),
        }
    }

    /// What its admin port says at `path`.
    pub(super) async fn admin(&self, path: &str) -> Result<String> {
        let address = fs::read_to_string(&self.admin_file)?;
        call::get(&format!("http://{address}{path}")).await
    }

    /// The sum of the counters whose name has `part` in it and ends with `end`.
    pub(super) async fn counter(&self, part: &str, end: &str) -> Result<u64> {
        let stats = self.admin("/stats").await?;
        Ok(stats
            .lines()
            .filter_map(|line| line.rsplit_once(": "))
            .filter(|(name, _)| name.contains(part) && name.ends_with(end))
            .filter_map(|(_, value)| value.parse::<u64>().ok())
            .sum())
    }
}

/// The address that Envoy logs to be in use by another process.
fn taken(log: &str) -> Option<&str> {
    let line = log
        .lines()
        .find(|line| line.contains("Address already in use"))?;
    let (_, rest) = line.split_once("cannot bind '")?;
    Some(rest.split_once('\'')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_found_in_the_log() {
        let line = "[warning][config] [source/x.cc:138] gRPC config rejected: Error adding/updating \
                    listener(s) 127.0.0.1_7: cannot bind '127.0.0.1:7': Address already in use";
        assert_eq!(taken(line), Some("127.0.0.1:7"));
        assert_eq!(taken("[info] all clusters initialized"), None);
    }
}
