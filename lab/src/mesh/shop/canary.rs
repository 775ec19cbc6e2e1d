//! A second version of the gateway, beside the first and gone again, under customers' load.
//! Of orders the chart refuses one: their store is a file, which one pod writes.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::customer::Customer;
use super::running::Shop;
use crate::mesh::report::Report;

const GATEWAY: &str = "shop-gateway";

const CANARY: [&str; 2] = ["canary.enabled=true", "canary.tag=2.0.0"];

/// A user waits longer between two upgrades.
const SETTLED: Duration = Duration::from_secs(1);

pub(super) async fn run(shop: &mut Shop<'_>, report: &mut Report) -> Result<()> {
    let alice = Customer::of(shop)?;
    let (closing, closed) = watch::channel(false);
    let mut load = JoinSet::new();
    for _ in 0..4 {
        let (alice, closed) = (alice.clone(), closed.clone());
        load.spawn(async move {
            let mut statuses = Vec::new();
            while !*closed.borrow() {
                let answer = alice.asks("GET", "/v1/orders", &[], String::new()).await;
                statuses.push(answer.map_or(0, |answer| answer.status));
            }
            statuses
        });
    }
    let with = |weight: &str| {
        let weight = format!("canary.weight={weight}");
        let values: Vec<&str> = CANARY.into_iter().chain([weight.as_str()]).collect();
        shop.rendered(GATEWAY, &values)
    };
    let (second, ended) = (with("50")?, with("0")?);
    let alone = shop.rendered(GATEWAY, &[])?;
    let v2 = shop.join(GATEWAY, second.clone()).await?;
    shop.apply(&second).await?;
    tokio::time::sleep(SETTLED).await;
    shop.apply(&ended).await?;
    tokio::time::sleep(SETTLED).await;
    shop.apply(&alone).await?;
    shop.leave(GATEWAY).await?;
    tokio::time::sleep(SETTLED).await;
    closing.send(true)?;
    let statuses: Vec<u16> = load.join_all().await.into_iter().flatten().collect();
    let by_v2 = v2.service.served_of("acme.")?;
    report.at_least(
        "customers' calls while a gateway comes and goes",
        100,
        statuses.len(),
    )?;
    report.at_least("of those by the second version", 10, by_v2)?;
    let failed: Vec<_> = statuses.iter().filter(|status| **status != 200).collect();
    report.same("of those failed", 0, failed.len())?;
    v2.service.stop().await.context("the second version")
}
