//! `cargo xtask metrics`: what Prometheus makes of a server's `/metrics`.
//!
//! `xtask/tools/promcheck` does what `promtool check metrics` does, with the
//! same code. `promtool` itself is a whole Prometheus to build.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use service::proto::acme::order::v1::GetOrderRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;

use crate::bench::telemetry::server::{self, Server};
use crate::tree::root;

/// `cargo xtask metrics`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server to ask; built if not given.
    #[arg(long)]
    server: Option<std::path::PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let tool = root().join("xtask/tools/promcheck");
    if Command::new("go").arg("version").output().is_err() {
        if std::env::var_os("CI").is_some() {
            bail!("Go is needed to check /metrics; install it");
        }
        eprintln!("SKIPPED: Go is not here, so Prometheus' own code cannot look at /metrics");
        return Ok(());
    }
    let binary = match &args.server {
        Some(binary) => binary.clone(),
        None => server::build(&[])?,
    };
    let server = Server::start(&binary, &[])?;
    tokio::runtime::Runtime::new()?.block_on(exercise(&server))?;
    let text = server.scrape()?;

    let mut check = Command::new("go")
        .args(["run", "."])
        .current_dir(tool)
        .stdin(Stdio::piped())
        .spawn()?;
    let mut stdin = check.stdin.take().context("piped")?;
    stdin.write_all(text.as_bytes())?;
    drop(stdin);
    ensure!(
        check.wait()?.success(),
        "/metrics is not as it should be:\n{text}"
    );
    Ok(())
}

/// Calls that succeed, fail, and are of no method.
async fn exercise(server: &Server) -> Result<()> {
    let mut client = OrderServiceClient::connect(server.url()).await?;
    let name = server::create(&mut client).await?;
    client.get_order(GetOrderRequest { name }).await?;
    let nothing = client.get_order(GetOrderRequest::default()).await;
    ensure!(nothing.is_err(), "a name is required");
    Ok(())
}
