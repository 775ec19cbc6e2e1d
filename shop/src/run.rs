//! All of the shop, on this machine.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use xtask::tree;

use crate::page::{self, Elsewhere};
use crate::process::{Plan, Ports, Process};
use crate::tenants::Certificates;
use crate::traces::Traces;
use crate::{build, sign_in};

/// What is on the shelves of a new shop.
const STOCK: &str = "eraser=40,ink=25,notebook=60,pencil=100";
/// What each customer may spend, in whole units of each currency.
const CREDIT: &str = "200";
/// Where one signs in.
const SIGN_IN: u16 = 8081;
/// Where traces are shown.
const TRACES: u16 = 16686;

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
    /// Who stands before the payment service, if somebody does.
    pub(crate) payment: Option<String>,
    /// Where everybody's certificate is, if stock and payments want to see one.
    pub(crate) certificates: Option<&'a Certificates>,
    pub(crate) collector: Option<String>,
    pub(crate) edge: Edge,
}

/// What callers meet. The default: they say who they are, and there is no page.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    /// Who issues tokens, and the file with its public keys.
    pub(crate) issuer: Option<(String, PathBuf)>,
    /// The folder of the page, and what it may do.
    pub(crate) page: Option<(PathBuf, String)>,
}

impl Edge {
    /// Settings of whoever checks tokens.
    fn tokens(&self) -> Vec<String> {
        let Some((issuer, keys)) = &self.issuer else {
            return Vec::new();
        };
        vec![
            format!("--jwt-issuer={issuer}"),
            format!("--jwt-jwks-file={}", keys.display()),
            format!("--jwt-audience={}", sign_in::AUDIENCE),
        ]
    }

    /// Settings of the gateway.
    fn gateway(&self) -> Vec<String> {
        let mut settings = self.tokens();
        if let Some((folder, policy)) = &self.page {
            settings.push(format!("--static-dir={}", folder.display()));
            settings.push(format!("--content-security-policy={policy}"));
        }
        settings
    }
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
    let within = |port: u16| match setup.certificates {
        None => url(port),
        Some(_) => format!("https://127.0.0.1:{port}"),
    };
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
    let mut plans = [
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
                &within(inventory),
                "--payment-endpoint",
                setup.payment.as_ref().unwrap_or(&within(payment)),
                "--inventory-settle-after",
                setup.settle_after,
            ],
        ),
        plan(
            "shop-gateway",
            gateway,
            &[
                "--upstream",
                &format!("order={},inventory={}", url(order), within(inventory)),
            ],
        ),
    ];
    if let Some(certificates) = setup.certificates {
        let [payment, inventory, order, gateway] = &mut plans;
        for serves in [payment, inventory] {
            serves.arguments.extend(certificates.serve(serves.name));
        }
        for calls in [order, gateway] {
            calls.arguments.extend(certificates.call(calls.name));
        }
    }
    plans[2].arguments.extend(setup.edge.tokens());
    plans[3].arguments.extend(setup.edge.gateway());
    plans
}

/// Where a shop is, and with what it begins.
pub(crate) struct Place<'a> {
    pub(crate) binaries: &'a Path,
    /// The page as it was built.
    pub(crate) page: Option<&'a Path>,
    pub(crate) data: &'a Path,
    pub(crate) ports: Ports,
    /// Where one signs in, and where traces are shown: ports of this machine's own.
    pub(crate) sign_in: u16,
    pub(crate) traces: u16,
    pub(crate) stock: &'a str,
    pub(crate) credit: &'a str,
}

/// A shop that is open.
pub(crate) struct Shop {
    pub(crate) running: Vec<Process>,
    pub(crate) traces: Traces,
    pub(crate) sign_in: String,
    pub(crate) traces_page: String,
    /// What one opens in a browser.
    pub(crate) page: Option<String>,
}

/// Starts all of it.
pub(crate) async fn start(place: &Place<'_>) -> Result<Shop> {
    let here = |port: u16| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let traces = Traces::default();
    let traces_page = traces.show(here(place.traces)).await?;
    let origins =
        ["127.0.0.1", "localhost"].map(|it| format!("http://{it}:{}", place.ports.gateway));
    let keys = place.data.join("keys.json");
    let sign_in = sign_in::serve(here(place.sign_in), &origins, &keys).await?;
    let elsewhere = Elsewhere {
        sign_in: &sign_in,
        traces: &traces_page,
    };
    let mut edge = Edge {
        issuer: Some((sign_in.clone(), keys)),
        page: None,
    };
    if let Some(built) = place.page {
        let folder = place.data.join("page");
        page::install(built, &folder, &elsewhere)?;
        edge.page = Some((folder, page::policy(&elsewhere)));
    }
    let setup = Setup {
        binaries: place.binaries,
        data: place.data,
        ports: place.ports,
        stock: place.stock,
        credit: place.credit,
        settle_after: "15s",
        payment: None,
        certificates: None,
        collector: Some(traces.listen()?),
        edge,
    };
    let mut running = Vec::new();
    for plan in plans(&setup) {
        let mut process = plan.start()?;
        process.listens()?;
        running.push(process);
    }
    let [origin, _] = origins;
    Ok(Shop {
        running,
        traces,
        sign_in,
        traces_page,
        page: place.page.map(|_| origin),
    })
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let binaries = build::all()?;
    let page = page::build()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(open(args, &binaries, page.as_deref()))
}

async fn open(args: &Args, binaries: &Path, page: Option<&Path>) -> Result<()> {
    let usual = tree::root().join("shop/made.data");
    let data = args.data.clone().unwrap_or(usual);
    if args.fresh && data.exists() {
        fs::remove_dir_all(&data)?;
    }
    fs::create_dir_all(&data)?;
    let shop = start(&Place {
        binaries,
        page,
        data: &data,
        ports: Ports::USUAL,
        sign_in: SIGN_IN,
        traces: TRACES,
        stock: STOCK,
        credit: CREDIT,
    })
    .await?;
    for Process { plan, .. } in &shop.running {
        println!(
            "{:<18} grpc://127.0.0.1:{}  log {}",
            plan.name,
            plan.port,
            plan.log.display()
        );
    }
    println!("{:<18} {}", "sign-in", shop.sign_in);
    println!("{:<18} {}", "traces", shop.traces_page);
    if let Some(page) = &shop.page {
        println!("{:<18} {page}", "page");
    }
    println!(
        "The shop is open. Ctrl-C closes it; what it keeps is in {}",
        data.display()
    );
    let mut running = shop.running;
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
