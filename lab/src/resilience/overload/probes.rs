//! Health and the admin port, asked all along.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinHandle;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::server::Server;

const PAUSE: Duration = Duration::from_millis(50);
/// Longest until a server serves.
const START: Duration = Duration::from_secs(10);

/// How long one kind of probe took.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn line(mut self) -> String {
        self.0.sort_unstable();
        let at = |percent: usize| {
            let last = self.0.len().saturating_sub(1);
            self.0
                .get(last * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        format!(
            "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms, N = {}",
            millis(at(50)),
            millis(at(99)),
            millis(at(100)),
            self.0.len()
        )
    }
}

/// Asks until told to stop; the first probe that fails is an error.
pub(super) struct Probes {
    stop: Arc<AtomicBool>,
    health: JoinHandle<Result<Times>>,
    admin: std::thread::JoinHandle<Result<Times>>,
}

impl Probes {
    pub(super) async fn start(server: &Arc<Server>) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let channel = Endpoint::from_shared(server.url())?.connect().await?;
        let mut client = HealthClient::new(channel);
        // It listens a little before its store is open.
        let started = Instant::now();
        while client
            .check(HealthCheckRequest::default())
            .await?
            .into_inner()
            .status
            != 1
        {
            ensure!(
                started.elapsed() < START,
                "the server does not become ready"
            );
            tokio::time::sleep(PAUSE).await;
        }
        let until = Arc::clone(&stop);
        let health = tokio::spawn(async move {
            let mut times = Times::default();
            while !until.load(Ordering::Relaxed) {
                let asked = Instant::now();
                let answer = client.check(HealthCheckRequest::default()).await;
                let answer = answer.context("health")?.into_inner();
                ensure!(answer.status == 1, "health says {}", answer.status);
                times.0.push(asked.elapsed());
                tokio::time::sleep(PAUSE).await;
            }
            Ok(times)
        });
        let (until, server) = (Arc::clone(&stop), Arc::clone(server));
        let admin = std::thread::spawn(move || {
            let mut times = Times::default();
            while !until.load(Ordering::Relaxed) {
                for path in ["/livez", "/readyz", "/metrics"] {
                    let asked = Instant::now();
                    let (head, _) = server.admin(path)?;
                    ensure!(head.contains(" 200 "), "{path}: {head}");
                    times.0.push(asked.elapsed());
                }
                std::thread::sleep(PAUSE);
            }
            Ok(times)
        });
        Ok(Self {
            stop,
            health,
            admin,
        })
    }

    /// Health's times, and those of the admin port.
    pub(super) async fn stop(self) -> Result<(Times, Times)> {
        self.stop.store(true, Ordering::Relaxed);
        let health = self.health.await??;
        let admin = tokio::task::spawn_blocking(move || self.admin.join()).await?;
        let admin = admin.map_err(|_| anyhow::anyhow!("the admin probe panicked"))??;
        Ok((health, admin))
    }
}
