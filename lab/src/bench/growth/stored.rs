//! What orders in the store cost those who ask for some of them.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use service::proto::acme::order::v1::ListOrdersRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;

use super::calls::{Call, Client, resident};
use super::curve::{Table, float};
use crate::bench::compare;
use crate::support::filled;

const PAGE: i32 = 50;
/// The largest that the server gives, to get far.
const STRIDE: i32 = 1000;

/// Fills one store further and further, and measures a server on it each time.
pub(super) async fn measure(binary: &Path, sizes: &[u64], rounds: usize) -> Result<Table> {
    ensure!(sizes.is_sorted(), "the store only grows: {sizes:?}");
    let title = (
        "What grows with the orders that are stored",
        "orders stored",
    );
    let mut table = Table::new(title, sizes, rounds);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("store.db");
    let mut stored = 0;
    for &size in sizes {
        let some = filled::fill(&file, stored..size).await?;
        stored = size;
        eprintln!("{size} orders are stored");
        let names = some.iter().map(|id| format!("orders/{}", id.0)).collect();
        at_size(&mut table, binary, &file, size, names, rounds).await?;
    }
    Ok(table)
}

async fn at_size(
    table: &mut Table,
    binary: &Path,
    file: &Path,
    size: u64,
    names: Vec<String>,
    rounds: usize,
) -> Result<()> {
    let variables = [("STORE", format!("sqlite:{}", file.display()))];
    let mut starts = Vec::new();
    for _ in 0..rounds {
        let server = compare::start(binary, &variables)?;
        starts.push(server.cpu()? / 1e3);
        server.stop()?;
    }
    table.add("start, ms of CPU", starts);

    let server = compare::start(binary, &variables)?;
    let mut client = OrderServiceClient::connect(server.url()).await?;
    let middle = token_of_the_middle(&mut client, size).await?;
    let list = |filter: &str, page_token: &str| {
        Call::List(ListOrdersRequest {
            page_size: PAGE,
            page_token: page_token.to_owned(),
            filter: filter.to_owned(),
            order_by: String::new(),
        })
    };
    let calls = [
        ("GetOrder, µs of CPU", 3200, Call::Get(names.into())),
        ("ListOrders of 50, µs", 640, list("", "")),
        ("the same, its middle page, µs", 640, list("", &middle)),
        (
            "by customer, µs",
            640,
            list("customer = \"customer-7\"", ""),
        ),
        ("by state, µs", 640, list("state = OPEN", "")),
        (
            "by both, none found, µs",
            640,
            list("customer = \"customer-7\" AND state = CANCELLED", ""),
        ),
        ("CreateOrder, µs", 320, Call::Create),
    ];
    for (name, number, call) in calls {
        // What is read for the first time is not what is measured.
        call.cost(&server, &client, number).await?;
        let mut costs = Vec::new();
        for _ in 0..rounds {
            costs.push(call.cost(&server, &client, number).await?);
        }
        table.add(name, costs);
    }
    table.add(
        "resident memory afterwards, MiB",
        vec![resident(server.id())?],
    );
    server.stop()?;
    backups(table, binary, file, rounds)
}

/// Pages to half of the orders.
async fn token_of_the_middle(client: &mut Client, size: u64) -> Result<String> {
    let mut request = ListOrdersRequest {
        page_size: STRIDE,
        ..ListOrdersRequest::default()
    };
    let mut seen = 0;
    while seen < size / 2 {
        let page = client.list_orders(request.clone()).await?.into_inner();
        ensure!(!page.next_page_token.is_empty(), "{seen} of {size} orders");
        seen += page.orders.len() as u64;
        request.page_token = page.next_page_token;
    }
    Ok(request.page_token)
}

fn backups(table: &mut Table, binary: &Path, file: &Path, rounds: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut took = Vec::new();
    for round in 0..rounds {
        let copy = folder.path().join(format!("copy-{round}.db"));
        let started = Instant::now();
        let status = Command::new(binary)
            .arg("backup")
            .arg(&copy)
            .args(["--store", &format!("sqlite:{}", file.display())])
            .stdout(std::process::Stdio::null())
            .status()?;
        took.push(started.elapsed().as_secs_f64() * 1e3);
        ensure!(status.success(), "the backup ended with {status}");
        std::fs::remove_file(copy)?;
    }
    table.add("backup, ms", took);
    let bytes = float(std::fs::metadata(file)?.len());
    table.add("the file, MiB", vec![bytes / 1_048_576.0]);
    Ok(())
}
