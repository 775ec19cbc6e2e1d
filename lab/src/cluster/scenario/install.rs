//! `helm install` with the chart's defaults, and what it leaves when it goes.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use chassis::settings::ClientTlsSettings;
use serde_json::Value;

use crate::chart::command::succeed;
use crate::cluster::Lab;
use crate::cluster::load::read_again;
use crate::cluster::release::Release;
use xtask::tools;

/// What a caller types.
const ORDER: &str = r#"{"order": {"customer": "alice", "items": [{"sku": "pencil", "quantity": 3, "unit_price": {"currency_code": "EUR", "units": 1}}]}}"#;

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let release = Release::new(&lab.node.kube, "shop", "shop")?;
    let took = release.install(&[])?;
    let seen = "ready with no value set, in a namespace that enforces `restricted`";
    lab.report.done("`helm install`", took, seen);
    let took = release.test()?;
    let seen = "health check, create and read from a pod of its own";
    lab.report.done("`helm test`", took, seen);

    let start = Instant::now();
    let made = grpcurl(
        &release,
        &["-d", ORDER],
        "acme.order.v1.OrderService/CreateOrder",
    )?;
    let made: Value = serde_json::from_str(&made)?;
    let name = made["name"].as_str().context("the order has no name")?;
    let listed = grpcurl(&release, &[], "list")?;
    ensure!(
        listed.contains("acme.order.v1.OrderService"),
        "it lists {listed}"
    );
    let seen = "by reflection through the Service's name: an order is made";
    lab.report.done("`grpcurl`", start.elapsed(), seen);

    let start = Instant::now();
    release.uninstall()?;
    release.install(&[])?;
    let names = [name.to_owned()];
    let tls = ClientTlsSettings::default();
    read_again(&lab.runtime, &release.url(), &tls, &names)?;
    let seen = "the order is there: the claim was kept, and taken again";
    lab.report
        .done("`helm uninstall`, `helm install`", start.elapsed(), seen);
    release.uninstall()
}

fn grpcurl(release: &Release, args: &[&str], what: &str) -> Result<String> {
    let mut grpcurl = Command::new(tools::ensure("grpcurl")?);
    let address = format!("{}:50051", release.host());
    grpcurl.arg("-plaintext").args(args).args([&address, what]);
    succeed(&mut grpcurl)
}
