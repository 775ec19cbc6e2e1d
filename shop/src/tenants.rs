//! What each is told of another tenant's stock and money: through the gateway and orders,
//! and by whoever stands beside them.
//!
//! Payments and stock believe what the gateway and the order service say of tenants, whose
//! certificates prove who they are, and nobody else.

mod certificates;
mod customers;
mod within;

use std::path::Path;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use xtask::tree;

use crate::build;
use crate::process::Ports;
use crate::run::{self, Edge, Setup};
use crate::sign_in::AUDIENCE;
use crate::sign_in::key::Key;

pub(crate) use certificates::Certificates;

/// Who issues tokens; nobody asks there.
const ISSUER: &str = "https://issuer.example";
/// An account that may call, and may not speak for tenants.
const STRANGER: &str = "page";

/// Of whose something is, and who is the other one. All is asked from both sides.
const SIDES: [[&str; 2]; 2] = [["acme", "rival"], ["rival", "acme"]];

pub(crate) fn run() -> Result<()> {
    let binaries = build::all()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(ask(&binaries))
}

async fn ask(binaries: &Path) -> Result<()> {
    let mut tables = Vec::new();
    for side in SIDES {
        let data = TempDir::new()?;
        tables.push(from(side, binaries, data.path()).await?);
    }
    let [one, other] = [&tables[0], &tables[1]];
    for (name, table) in one {
        println!("{name}:\n\n{table}\n");
    }
    ensure!(
        one == other,
        "one side is told more than the other: {other:#?}"
    );
    let document = std::fs::read_to_string(tree::root().join("docs/tenants.md"))?;
    for (name, table) in one {
        ensure!(
            document.contains(&format!("{name}:\n\n{table}\n")),
            "docs/tenants.md has another table below \"{name}:\""
        );
    }
    println!("docs/tenants.md says the same");
    Ok(())
}

/// What is told of what the first of `side` has: each table with the words before it.
async fn from(
    side: [&str; 2],
    binaries: &Path,
    data: &Path,
) -> Result<[(&'static str, String); 2]> {
    let key = Key::new()?;
    let keys = data.join("keys.json");
    let set = serde_json::json!({"keys": [key.public()]});
    std::fs::write(&keys, set.to_string())?;
    let accounts = [
        "payment-service",
        "inventory-service",
        "order-service",
        "shop-gateway",
        STRANGER,
    ];
    let certificates = Certificates::make(data, &accounts)?;
    let ports = Ports::free()?;
    let setup = Setup {
        binaries,
        data,
        ports,
        stock: "pencil=100",
        credit: "10",
        settle_after: "1s",
        payment: None,
        certificates: Some(&certificates),
        collector: None,
        edge: Edge {
            issuer: Some((ISSUER.to_owned(), keys)),
            page: None,
        },
    };
    let mut running = Vec::new();
    for plan in run::plans(&setup) {
        let mut process = plan.start()?;
        process.listens()?;
        running.push(process);
    }
    let by_customers = customers::table(side, &key, ports, &certificates).await?;
    let by_services = within::table(side, ports, &certificates).await?;
    run::drain(running)?;
    Ok([
        ("By the gateway, with a token of each", by_customers),
        ("Beside it, by who shows which certificate", by_services),
    ])
}

/// A row of Markdown.
fn row(first: &str, cells: &[String]) -> String {
    format!("| {first} | {} |", cells.join(" | "))
}

/// The head of a table.
fn head(cells: &[&str]) -> String {
    format!("| {} |\n|{}", cells.join(" | "), "---|".repeat(cells.len()))
}
