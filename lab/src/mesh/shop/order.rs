//! One order: placed over REST, reserved and paid, and told of by everybody it passes.

use anyhow::{Context as _, Result};
use serde_json::json;
use uuid::Uuid;

use super::customer::Customer;
use super::running::Shop;
use crate::mesh::report::Report;
use crate::mesh::spans::Span;

/// The last service of a call, its rpc there, and whose spans lie between it and the
/// customer: each service's proxy sees what comes in, and what goes out.
const HOPS: [(&str, &str, &str); 2] = [
    (
        "payment-service",
        "/Charge",
        "payment-service payment-service.lab",
    ),
    (
        "inventory-service",
        "/Reserve",
        "inventory-service inventory-service.lab",
    ),
];

/// From whoever calls these back to the customer.
const BACK: &str = "order-service.lab order-service order-service order-service.lab \
     shop-gateway.lab shop-gateway shop-gateway shop-gateway.lab";

pub(super) async fn run(shop: &mut Shop<'_>, report: &mut Report) -> Result<()> {
    let alice = Customer::of(shop)?;
    let stock = || async {
        let answer = alice.asks("GET", "/v1/stock", &[], String::new()).await?;
        let articles = answer.body["articles"].as_array().cloned();
        let pencil = (articles.unwrap_or_default().into_iter()).find(|it| it["sku"] == "pencil");
        anyhow::Ok(pencil.and_then(|it| it["left"].as_str().map(str::to_owned)))
    };
    report.same("pencils before", Some("100".to_owned()), stock().await?)?;
    let trace = Uuid::new_v4().simple().to_string();
    let traceparent = format!("00-{trace}-{}-01", &trace[..16]);
    let order = json!({
        "customer": "alice",
        "items": [{
            "sku": "pencil",
            "quantity": 3,
            "unitPrice": {"currencyCode": "EUR", "units": 1, "nanos": 250_000_000},
        }],
    });
    let path = format!("/v1/orders?request_id={}", Uuid::new_v4());
    // A UUID: a proxy writes into it that it traces the call, and does not trace others.
    let id = Uuid::new_v4().to_string();
    let headers = [("traceparent", traceparent.as_str()), ("x-request-id", &id)];
    let placed = alice
        .asks("POST", &path, &headers, order.to_string())
        .await?;
    let seen = (
        placed.status,
        placed.body["state"].as_str().unwrap_or_default(),
    );
    report.same("alice: an order", (200, "STATE_OPEN"), seen)?;
    let answered = placed.headers.get("x-request-id");
    let answered = answered.and_then(|id| id.to_str().ok());
    let but_one = |id: &str| format!("{}?{}", &id[..14], &id[15..]);
    let (id, answered) = (but_one(&id), answered.map(but_one));
    report.same("its request id is answered", Some(id), answered)?;
    // The same once more is the same order.
    let again = alice.asks("POST", &path, &[], order.to_string()).await?;
    report.same("the same again", &placed.body["name"], &again.body["name"])?;
    report.same("pencils after", Some("97".to_owned()), stock().await?)?;
    for (service, rpc, expected) in HOPS {
        let hops = hops_of(shop, &trace, service, rpc).await?;
        let what = format!("the trace, from {service} back");
        report.same(what, format!("{expected} {BACK}"), hops.join(" "))?;
    }
    let unknown = alice.unknown();
    let refused = unknown.asks("POST", &path, &[], order.to_string()).await?;
    report.same("an order without a token", 401, refused.status)
}

/// Whose spans are between a service's and the customer's.
async fn hops_of(shop: &Shop<'_>, trace: &str, service: &str, rpc: &str) -> Result<Vec<String>> {
    let is_last =
        |span: &Span| span.trace == trace && span.service == service && span.name.ends_with(rpc);
    let mut hops: Vec<Span> = Vec::new();
    let mut span = shop.collector.wait(is_last).await;
    let first = &trace[..16];
    loop {
        let here = span.with_context(|| {
            let all = shop.collector.of(trace);
            format!("of {rpc} back to the customer: {hops:#?}, of {all:#?}")
        })?;
        let parent = here.parent.clone();
        hops.push(here);
        if parent == first {
            break;
        }
        let is_parent = |span: &Span| span.trace == trace && span.id == parent;
        span = shop.collector.wait(is_parent).await;
    }
    Ok(hops.into_iter().map(|span| span.service).collect())
}
