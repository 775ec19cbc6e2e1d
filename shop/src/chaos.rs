//! One service after the other is gone, hangs or fails: what customers are told at the
//! gateway meanwhile, and what the accounts say when all is well again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use tonic::transport::Endpoint;
use uuid::Uuid;

use crate::build;
use crate::process::{Plan, Ports, Process};
use crate::proto::acme::inventory::v1::ListStockRequest;
use crate::proto::acme::inventory::v1::stock_service_client::StockServiceClient;
use crate::proto::acme::payment::v1::GetAccountRequest;
use crate::proto::acme::payment::v1::payment_service_client::PaymentServiceClient;
use crate::prove::broken::{self, Break};
use crate::rest::{self, Answer};
use crate::run::{self, Edge, Setup};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// It was killed.
    Gone,
    /// It takes calls and does not answer.
    Hangs,
    /// It answers UNAVAILABLE.
    Fails,
}

/// A status of HTTP, and a reason.
type Told = (u16, &'static str);

/// Where, what, and what is said to an order, a list of orders and a list of stock.
const CASES: [(&str, Trouble, [Told; 3]); 6] = [
    (
        "payment-service",
        Trouble::Gone,
        [(503, "PAYMENT_UNAVAILABLE"), WELL, WELL],
    ),
    (
        "payment-service",
        Trouble::Hangs,
        [(504, "DEADLINE_EXCEEDED"), WELL, WELL],
    ),
    (
        "payment-service",
        Trouble::Fails,
        [(503, "PAYMENT_UNAVAILABLE"), WELL, WELL],
    ),
    (
        "inventory-service",
        Trouble::Gone,
        [(503, "INVENTORY_UNAVAILABLE"), WELL, LOST],
    ),
    (
        "inventory-service",
        Trouble::Hangs,
        [(504, "DEADLINE_EXCEEDED"), WELL, LATE],
    ),
    ("order-service", Trouble::Gone, [LOST, LOST, WELL]),
];

/// How many orders come while payments fail; the shelf has as many pencils.
const STORM: usize = 60;
/// Failures after which nothing is repeated: half of `max_tokens` of the contracts.
const BUDGET: usize = 50;

const WELL: Told = (200, "");
const LOST: Told = (503, "UPSTREAM_UNREACHABLE");
const LATE: Told = (504, "DEADLINE_EXCEEDED");

pub(crate) fn run() -> Result<()> {
    let binaries = build::all()?;
    let data = TempDir::new()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(chaos(&binaries, data.path()))
}

async fn chaos(binaries: &Path, data: &Path) -> Result<()> {
    let ports = Ports::free()?;
    let plans = |payment| {
        run::plans(&Setup {
            binaries,
            data,
            ports,
            stock: "pencil=100",
            credit: "200",
            settle_after: "1s",
            payment,
            certificates: None,
            collector: None,
            edge: Edge::default(),
        })
    };
    let payment = format!("http://127.0.0.1:{}", ports.payment);
    let charges = Arc::new(AtomicUsize::new(0));
    let before = broken::counting(payment, Break::Answers, Arc::clone(&charges))?;
    let failing = plans(Some(before));
    let well = plans(None);
    let mut running = Vec::new();
    for plan in &well {
        running.push(started(plan)?);
    }
    println!("| Service | | An order | Orders | Stock |");
    println!("|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for (name, trouble, expected) in CASES {
        let request_id = Uuid::new_v4().to_string();
        make(&mut running, name, trouble, &failing)?;
        let told = asked(ports.gateway, &request_id).await?;
        let cells: Vec<_> = told.iter().map(cell).collect();
        println!("| {name} | {trouble:?} | {} |", cells.join(" | "));
        for (answer, expected) in told.iter().zip(expected) {
            let seen = (answer.status, answer.reason().unwrap_or_default());
            if seen != expected {
                wrong.push(format!(
                    "{name} {trouble:?}: {seen:?}, expected {expected:?}"
                ));
            }
            if answer.status == 503 && !answer.has("retry-after") {
                wrong.push(format!("{name} {trouble:?}: nobody says when to come back"));
            }
        }
        mend(&mut running, name, trouble, &well)?;
        again(ports.gateway, &request_id).await?;
    }
    replace(&mut running, &failing)?;
    wrong.extend(storm(ports.gateway, &charges).await?);
    replace(&mut running, &well)?;
    let orders = i64::try_from(CASES.len())?;
    // Each is a pencil, for 1.25.
    let expected = (100 - orders, 20_000 - 125 * orders);
    let accounts = settled(ports, expected).await?;
    println!(
        "{orders} orders were placed in the end, each once: {accounts:?} pencils and EUR cents are left"
    );
    run::drain(running)?;
    if accounts != expected {
        wrong.push(format!("{accounts:?} are left, expected {expected:?}"));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn started(plan: &Plan) -> Result<Process> {
    let mut process = plan.start()?;
    process.listens()?;
    Ok(process)
}

/// Takes the process of that name out of `running`.
fn take(running: &mut Vec<Process>, name: &str) -> Option<Process> {
    let at = running.iter().position(|it| it.plan.name == name)?;
    Some(running.remove(at))
}

fn signal(running: &[Process], name: &str, signal: Signal) -> Result<()> {
    for process in running.iter().filter(|it| it.plan.name == name) {
        process.signal(signal)?;
    }
    Ok(())
}

fn make(running: &mut Vec<Process>, name: &str, trouble: Trouble, failing: &[Plan]) -> Result<()> {
    match trouble {
        Trouble::Hangs => signal(running, name, Signal::STOP)?,
        Trouble::Gone => drop(take(running, name).map(Process::kill).transpose()?),
        // Whoever calls it is led to one that fails.
        Trouble::Fails => replace(running, failing)?,
    }
    Ok(())
}

fn mend(running: &mut Vec<Process>, name: &str, trouble: Trouble, well: &[Plan]) -> Result<()> {
    match trouble {
        Trouble::Hangs => signal(running, name, Signal::CONT)?,
        Trouble::Gone => {
            for plan in well.iter().filter(|it| it.name == name) {
                running.push(started(plan)?);
            }
        }
        Trouble::Fails => replace(running, well)?,
    }
    Ok(())
}

/// Starts the order service by another plan.
fn replace(running: &mut Vec<Process>, plans: &[Plan]) -> Result<()> {
    for plan in plans.iter().filter(|it| it.name == "order-service") {
        drop(take(running, plan.name).map(Process::kill).transpose()?);
        running.push(started(plan)?);
    }
    Ok(())
}

/// What a customer does, all at once.
async fn asked(gateway: u16, request_id: &str) -> Result<[Answer; 3]> {
    let read = |path| rest::send(gateway, "GET", path, &[], "");
    let (order, orders, stock) = tokio::join!(
        order(gateway, request_id),
        read("/v1/orders"),
        read("/v1/stock")
    );
    Ok([order?, orders?, stock?])
}

async fn order(gateway: u16, request_id: &str) -> Result<Answer> {
    let path = format!("/v1/orders?request_id={request_id}");
    rest::send(gateway, "POST", &path, &[], &rest::pencils("alice", 1)).await
}

/// Many orders at once that cannot be paid: what is repeated stays within the budgets, of
/// the gateway's calls to orders and of theirs to payments. Says what is wrong.
async fn storm(gateway: u16, charges: &AtomicUsize) -> Result<Option<String>> {
    charges.store(0, Ordering::Relaxed);
    let mut placed = tokio::task::JoinSet::new();
    for _ in 0..STORM {
        placed.spawn(async move { order(gateway, &Uuid::new_v4().to_string()).await });
    }
    for answer in placed.join_all().await {
        let answer = answer?;
        ensure!(answer.status == 503, "{}: {}", answer.status, answer.body);
    }
    let asked = charges.load(Ordering::Relaxed);
    println!("{STORM} orders at once, payments failing: {asked} attempts to charge");
    let within = STORM + 1..=STORM + 2 * BUDGET;
    let wrong = format!("{asked} attempts to charge for {STORM} orders, expected {within:?}");
    Ok((!within.contains(&asked)).then_some(wrong))
}

/// The accounts, once they are as expected or will not be.
async fn settled(ports: Ports, expected: (i64, i64)) -> Result<(i64, i64)> {
    for _ in 0..200 {
        if accounts(ports).await? == expected {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    accounts(ports).await
}

/// As the answer says: the same order once more, until it is there.
async fn again(gateway: u16, request_id: &str) -> Result<()> {
    for _ in 0..200 {
        let answer = order(gateway, request_id).await?;
        match answer.status {
            200 => return Ok(()),
            503 | 504 | 429 => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            other => anyhow::bail!("{other}: {}", answer.body),
        }
    }
    anyhow::bail!("the shop does not recover")
}

/// Pencils on the shelf, and Alice's cents.
async fn accounts(ports: Ports) -> Result<(i64, i64)> {
    let channel = |port: u16| {
        anyhow::Ok(Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?.connect_lazy())
    };
    let stock = StockServiceClient::new(channel(ports.inventory)?)
        .list_stock(ListStockRequest {})
        .await?
        .into_inner();
    let left = stock.articles.iter().find(|it| it.sku == "pencil");
    let name = "accounts/alice".to_owned();
    let account = PaymentServiceClient::new(channel(ports.payment)?)
        .get_account(GetAccountRequest { name })
        .await?
        .into_inner();
    let cents = account
        .left
        .first()
        .map(|it| it.units * 100 + i64::from(it.nanos / 10_000_000));
    Ok((left.map_or(0, |it| it.left), cents.unwrap_or_default()))
}

fn cell(answer: &Answer) -> String {
    let reason = answer.reason().unwrap_or("well");
    format!("{} {reason}", answer.status)
}
