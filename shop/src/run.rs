//! All of the shop, on this machine.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use xtask::tree;

use crate::build;
use crate::process::{Plan, Ports, Process};
use crate::traces::Traces;

/// What is on the shelves of a new shop.
const STOCK: &str = "eraser=40,ink=25,notebook=60,pencil=100";
/// What each customer may spend, in whole units of each currency.
const CREDIT: &str = "200";

/// How to run it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Begin with new stores: full shelves, no orders.
    #[arg(long)]
    fresh: bool,
    /// Where stores and logs are kept; `shop/made.data` if not given.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// What differs between runs and proofs.
pub(crate) struct Setup<'a> {
    pub(crate) binaries: &'a Path,
    pub(crate) data: &'a Path,
    pub(crate) ports: Ports,
    pub(crate) stock: &'a str,
    pub(crate) credit: &'a str,
    /// When a change whose call did not end is settled.
    pub(crate) settle_after: &'a str,
    pub(crate) collector: Option<String>,
}

/// How the services are started: payment, inventory, order, gateway.
pub(crate) fn plans(setup: &Setup<'_>) -> [Plan; 4] {
    let Ports {
        order,
        inventory,
        payment,
        gateway,
    } = setup.ports;
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let file = |name: &str| setup.data.join(name).display().to_string();
    let plan = |name: &'static str, port: u16, arguments: &[&str]| Plan {
        name,
        port,
        arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        variables: (setup.collector.iter())
            .map(|url| ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.clone()))
            .collect(),
        binary: setup.binaries.join(name),
        log: setup.data.join(name).with_extension("log"),
    };
    [
        plan(
            "payment-service",
            payment,
            &["--ledger", &file("payments.db"), "--credit", setup.credit],
        ),
        plan(
            "inventory-service",
            inventory,
            &["--ledger", &file("stock.db"), "--stock", setup.stock],
        ),
        plan(
            "order-service",
            order,
            &[
                "--store",
                &format!("sqlite:{}", file("orders.db")),
                "--inventory-endpoint",
                &url(inventory),
                "--payment-endpoint",
                &url(payment),
                "--inventory-settle-after",
                setup.settle_after,
            ],
        ),
        plan(
            "shop-gateway",
            gateway,
            &[
                "--upstream",
                &format!("order={},inventory={}", url(order), url(inventory)),
            ],
        ),
    ]
}

/// Where traces are shown.
const TRACES: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 16686);

pub(crate) fn run(args: &Args) -> Result<()> {
    let binaries = build::all()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(open(args, &binaries))
}

async fn open(args: &Args, binaries: &Path) -> Result<()> {
    let usual = tree::root().join("shop/made.data");
    let data = args.data.clone().unwrap_or(usual);
    if args.fresh && data.exists() {
        fs::remove_dir_all(&data)?;
    }
    fs::create_dir_all(&data)?;
    let traces = Traces::default();
    let setup = Setup {
        binaries,
        data: &data,
        ports: Ports::USUAL,
        stock: STOCK,
        credit: CREDIT,
        settle_after: "15s",
        collector: Some(traces.listen()?),
    };
    let page = traces.show(TRACES).await?;
    let mut running = Vec::new();
    for plan in plans(&setup) {
        let mut process = plan.start()?;
        process.listens()?;
        println!(
            "{:<18} grpc://127.0.0.1:{}  log {}",
            plan.name,
            plan.port,
            plan.log.display()
        );
        running.push(process);
    }
    println!("{:<18} {page}", "traces");
    println!(
        "The shop is open. Ctrl-C closes it; what it keeps is in {}",
        data.display()
    );
    until_told(&mut running).await?;
    drain(running)
}

/// Waits for Ctrl-C, or for a service that ends by itself.
async fn until_told(running: &mut [Process]) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            told = tokio::signal::ctrl_c() => return Ok(told?),
            _ = terminate.recv() => return Ok(()),
            _ = hang_up.recv() => return Ok(()),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        for process in &mut *running {
            if let Some(ended) = process.ended()? {
                let plan = &process.plan;
                bail!(
                    "{} ended with {ended}; its log is {}",
                    plan.name,
                    plan.log.display()
                );
            }
        }
    }
}

/// Drains all, those first that call the others.
pub(crate) fn drain(mut running: Vec<Process>) -> Result<()> {
    while let Some(mut process) = running.pop() {
        process.terminate()?;
        let name = process.plan.name;
        let ended = process.wait().with_context(|| name.to_owned())?;
        ensure!(ended.success(), "{name} ended with {ended}");
        println!("{name} has drained");
    }
    Ok(())
}
