//! One run of the server under valgrind.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use service::proto::acme::order::v1::GetOrderRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tempfile::TempDir;

use crate::support::server::{self, Server};

/// What is called.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    Get,
    Create,
}

/// What is called, and how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calls {
    pub(super) method: Method,
    pub(super) number: u32,
}

/// Instructions, in all and by function.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) total: f64,
    functions: HashMap<String, f64>,
}

/// Runs the server under valgrind, and all calls one after the other.
pub(super) async fn run(
    valgrind: &Path,
    binary: &Path,
    variables: &[(&str, String)],
    calls: Calls,
) -> Result<Counted> {
    let folder = TempDir::new()?;
    let out = folder.path().join("counts");
    let mut command = Command::new(valgrind);
    command
        // Of a cache that is not simulated, so that none is looked for.
        .args(["--quiet", "--tool=cachegrind", "--cache-sim=no"])
        .args(["--I1=32768,8,64", "--D1=32768,8,64", "--LL=8388608,16,64"])
        .arg(format!("--cachegrind-out-file={}", out.display()))
        .arg(binary);
    let mut variables = variables.to_vec();
    variables.push(("TOKIO_WORKER_THREADS", "1".to_owned()));
    // Lines about calls come so many a second, not so many a call.
    variables.push(("LOG_LEVEL", "info,rpc=error".to_owned()));
    let server = Server::start_as(&mut command, &variables)?;
    let mut client = OrderServiceClient::connect(server.url()).await?;
    let name = server::create(&mut client).await?;
    for _ in 0..calls.number {
        match calls.method {
            Method::Get => {
                let name = name.clone();
                client.get_order(GetOrderRequest { name }).await?;
            }
            Method::Create => drop(server::create(&mut client).await?),
        }
    }
    drop(client);
    server.stop()?;
    let text = std::fs::read_to_string(&out).context("valgrind has counted nothing")?;
    Counted::parse(&text)
}

impl Counted {
    /// Reads what cachegrind writes: `fn=` lines, each followed by lines of a
    /// line number and a count.
    fn parse(text: &str) -> Result<Self> {
        let mut counted = Self {
            total: 0.0,
            functions: HashMap::new(),
        };
        let mut function = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                name.clone_into(&mut function);
            } else if line.starts_with(|first: char| first.is_ascii_digit()) {
                let (_, count) = line.split_once(' ').context("a count")?;
                let count: f64 = count.trim().parse().context("a count")?;
                counted.total += count;
                *counted.functions.entry(function.clone()).or_default() += count;
            }
        }
        Ok(counted)
    }

    /// What is more here than in `other`.
    pub(super) fn less(mut self, other: &Self) -> Self {
        self.total -= other.total;
        for (function, count) in &other.functions {
            *self.functions.entry(function.clone()).or_default() -= count;
        }
        self
    }

    pub(super) fn per_call(mut self, calls: u32) -> Self {
        let calls = f64::from(calls);
        self.total /= calls;
        self.functions
            .values_mut()
            .for_each(|count| *count /= calls);
        self
    }

    /// The functions that cost most.
    pub(super) fn most(&self, number: usize) -> Vec<(&str, f64)> {
        let mut all: Vec<_> = self
            .functions
            .iter()
            .map(|(function, count)| (function.as_str(), *count))
            .collect();
        all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        all.truncate(number);
        all
    }
}
