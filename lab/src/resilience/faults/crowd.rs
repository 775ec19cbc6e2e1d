//! Connections by the thousands on which nothing happens.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Row;
use super::scene::Scene;

/// Files that a process needs besides.
const OTHERS: usize = 500;

pub(super) async fn idle(binary: &Path, wanted: usize) -> Result<Vec<Row>> {
    let room = usize::try_from(raise_limit()?)?.saturating_sub(OTHERS);
    let count = wanted.min(room);
    if count < wanted {
        eprintln!("the limit of open files (ulimit -Hn) leaves room for {count} connections");
    }
    let variables = [
        ("MAX_CONNECTIONS", (count + 1).to_string()),
        ("OTEL_SDK_DISABLED", "true".to_owned()),
    ];
    let mut scene = Scene::start(binary, &variables).await?;
    let before = resident(scene.server.id())?;
    let mut crowd = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(scene.server.address()).await?;
        // A preface and empty settings: all that HTTP/2 needs.
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .await?;
        // The server's settings: it has taken the connection.
        stream.read_exact(&mut [0; 9]).await?;
        crowd.push(stream);
    }
    let mut over = TcpStream::connect(scene.server.address()).await?;
    let refused = over.read(&mut [0; 1]).await.unwrap_or(0) == 0;
    let mut seen = scene.look("200").await?;
    if !refused {
        seen.create = String::from("one more connection was taken");
    }
    let each = (resident(scene.server.id())? - before) / u64::try_from(count)?.max(1);
    drop(crowd);
    Ok(vec![Row {
        fault: format!("{count} idle connections, {each} KiB each"),
        seen,
        expected: ["OK", "OK", "200"],
        afterwards: scene.recovery().await?,
    }])
}

/// As high as it may be, for this process and those it starts.
fn raise_limit() -> Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised)?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// Resident memory, in KiB.
fn resident(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_ascii_whitespace().nth(1));
    Ok(number.context("VmRSS")?.parse()?)
}
