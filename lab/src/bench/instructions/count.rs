//! One run of the server under valgrind.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
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

/// What valgrind counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tool {
    Instructions,
    /// Blocks that are asked of the allocator, made anew or grown.
    Allocations,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instructions => "instructions",
            Self::Allocations => "allocations",
        })
    }
}

impl Tool {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            // Of a cache that is not simulated, so that none is looked for.
            Self::Instructions => &[
                "--tool=cachegrind",
                "--cache-sim=no",
                "--I1=32768,8,64",
                "--D1=32768,8,64",
                "--LL=8388608,16,64",
            ],
            Self::Allocations => &["--tool=dhat", "--num-callers=24"],
        }
    }

    fn output(self) -> &'static str {
        match self {
            Self::Instructions => "--cachegrind-out-file",
            Self::Allocations => "--dhat-out-file",
        }
    }

    fn parse(self, text: &str) -> Result<Counted> {
        match self {
            Self::Instructions => Counted::of_cachegrind(text),
            Self::Allocations => Counted::of_dhat(text),
        }
    }
}

/// So many, in all and by function.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) total: f64,
    functions: HashMap<String, f64>,
}

/// Runs the server under valgrind, and all calls one after the other.
pub(super) async fn run(
    (valgrind, tool): (&Path, Tool),
    binary: &Path,
    variables: &[(&str, String)],
    calls: Calls,
) -> Result<Counted> {
    let folder = TempDir::new()?;
    let out = folder.path().join("counts");
    let mut command = Command::new(valgrind);
    command
        .arg("--quiet")
        .args(tool.arguments())
        .arg(format!("{}={}", tool.output(), out.display()))
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
    tool.parse(&text)
}

impl Counted {
    /// Reads what cachegrind writes: `fn=` lines, each followed by lines of a
    /// line number and a count.
    fn of_cachegrind(text: &str) -> Result<Self> {
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

    /// Reads what dhat writes: program points, each with its number of blocks and
    /// its stack of frames, the innermost first.
    fn of_dhat(text: &str) -> Result<Self> {
        let profile: Profile = serde_json::from_str(text)?;
        let mut counted = Self {
            total: 0.0,
            functions: HashMap::new(),
        };
        for point in profile.points {
            let mut frames = point.frames.iter().filter_map(|at| profile.frames.get(*at));
            // Whose the allocation is: the first that is not how one allocates.
            let place = frames
                .clone()
                .find(|frame| !HOW.iter().any(|how| frame.contains(how)))
                .or_else(|| frames.next_back());
            // An address, then the function and its file.
            let place = place.and_then(|it| it.split_once(": "));
            let place = place.map_or("?", |(_, function)| function).to_owned();
            counted.total += point.blocks;
            *counted.functions.entry(place).or_default() += point.blocks;
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

/// What dhat writes: <https://valgrind.org/docs/manual/dh-manual.html>, "File format".
#[derive(Deserialize)]
struct Profile {
    #[serde(rename = "pps")]
    points: Vec<Point>,
    #[serde(rename = "ftbl")]
    frames: Vec<String>,
}

#[derive(Deserialize)]
struct Point {
    #[serde(rename = "tbk")]
    blocks: f64,
    #[serde(rename = "fs")]
    frames: Vec<usize>,
}

/// Parts of the names of functions through which others allocate.
const HOW: [&str; 12] = [
    "malloc",
    "calloc",
    "realloc",
    "memalign",
    "alloc::",
    "RawVec",
    "raw_vec",
    "hashbrown::",
    "to_vec",
    "alloc/src/",
    "Box<",
    "[root]",
];
