//! Customers of two tenants with the same name, who come by the gateway.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use uuid::Uuid;

use super::within::Asker;
use super::{AUDIENCE, Certificates, ISSUER, head, row};
use crate::process::Ports;
use crate::rest::{self, Answer};
use crate::sign_in::key::Key;

/// The customer, and the subject of its token: the same in both tenants.
const ALICE: &str = "alice";
/// How long what is given back later may take.
const PATIENCE: Duration = Duration::from_secs(30);

const HEAD: [&str; 4] = [
    "Of an order of a tenant",
    "its customer",
    "the other's namesake",
    "a token without a tenant",
];

/// Who asks at the gateway.
struct Customer {
    gateway: u16,
    bearer: String,
}

impl Customer {
    fn new(key: &Key, gateway: u16, tenant: Option<&str>) -> Result<Self> {
        let claims = json!({"iss": ISSUER, "sub": ALICE, "aud": AUDIENCE, "org": tenant});
        let token = key.token(claims, Duration::from_hours(1))?;
        Ok(Self {
            gateway,
            bearer: format!("Bearer {token}"),
        })
    }

    async fn asks(&self, method: &str, path: &str, body: &str) -> Result<Answer> {
        // What one says oneself counts for nothing.
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("x-tenant", "invented"),
            ("grpc-metadata-x-tenant", "invented"),
        ];
        rest::send(self.gateway, method, path, &headers, body).await
    }

    /// Orders so many pencils at 1.25.
    async fn orders(&self, pencils: i32) -> Result<Answer> {
        let path = format!("/v1/orders?request_id={}", Uuid::new_v4());
        (self.asks("POST", &path, &rest::pencils(ALICE, pencils))).await
    }
}

fn told(answer: &Answer, good: &str) -> String {
    match answer.status {
        200 => good.to_owned(),
        status => format!("{status} {}", answer.reason().unwrap_or_default()),
    }
}

fn name(order: &Answer) -> Result<String> {
    ensure!(order.status == 200, "no order: {}", order.body);
    Ok(order.body["name"].as_str().context("a name")?.to_owned())
}

pub(super) async fn table(
    [own, other]: [&str; 2],
    key: &Key,
    ports: Ports,
    certificates: &Certificates,
) -> Result<String> {
    let customer = |tenant| Customer::new(key, ports.gateway, tenant);
    let askers = [
        customer(Some(own))?,
        customer(Some(other))?,
        customer(None)?,
    ];
    let account = |tenant| Asker::new(Some("order-service"), Some(tenant), ports, certificates);
    let accounts = [account(own)?, account(other)?];
    let cents = async || {
        let [own, other] = &accounts;
        anyhow::Ok([own.cents(ALICE).await?, other.cents(ALICE).await?])
    };
    let alice = &askers[0];
    let mut rows = vec![head(&HEAD)];

    // Of ten euros each has one order of 7.50, whatever the other has.
    let first = name(&alice.orders(6).await?)?;
    ensure!(cents().await? == [250, 1_000], "{:?}", cents().await?);
    let mut cells = Vec::new();
    let mut placed = Vec::new();
    for asker in &askers {
        let order = asker.orders(6).await?;
        cells.push(told(&order, "placed, of its own money"));
        if order.status == 200 {
            placed.push(name(&order)?);
        }
    }
    rows.push(row("CreateOrder, of as much money again", &cells));
    let [second] = &placed[..] else {
        anyhow::bail!("{} were placed, not one", placed.len());
    };
    ensure!(cents().await? == [250, 250], "{:?}", cents().await?);

    let mut cells = Vec::new();
    for asker in &askers {
        let order = asker.asks("GET", &format!("/v1/{first}"), "").await?;
        cells.push(told(&order, "it"));
    }
    rows.push(row("GetOrder", &cells));

    let mut cells = Vec::new();
    for asker in &askers {
        cells.push(told(
            &asker.asks("GET", "/v1/stock", "").await?,
            "all of it",
        ));
    }
    rows.push(row("ListStock", &cells));

    // Its own customer last, because it can be cancelled once.
    let mut cells = Vec::new();
    for asker in askers.iter().rev() {
        let path = format!("/v1/{first}:cancel");
        let answer = asker.asks("POST", &path, "{}").await?;
        cells.push(told(&answer, "cancelled, and paid back to it"));
        ensure!(
            cents().await?[1] == 250,
            "another's money is given back to one"
        );
    }
    cells.reverse();
    rows.push(row("CancelOrder", &cells));
    // Later, by who settles, and to whom it was taken from.
    let paid_back = async {
        while cents().await? != [1_000, 250] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    (tokio::time::timeout(PATIENCE, paid_back).await)
        .with_context(|| format!("nothing is paid back to {own}"))??;
    let path = format!("/v1/{second}:cancel");
    let cancelled = askers[1].asks("POST", &path, "{}").await?;
    ensure!(cancelled.status == 200, "{}", cancelled.body);
    Ok(rows.join("\n"))
}
