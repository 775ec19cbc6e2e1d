//! A customer's walk through the shop, and what every service did for it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;

use crate::build;
use crate::process::Ports;
use crate::proto::acme::inventory::v1 as inventory;
use crate::proto::acme::inventory::v1::stock_service_client::StockServiceClient;
use crate::proto::acme::order::v1 as pb;
use crate::proto::acme::order::v1::order_service_client::OrderServiceClient;
use crate::proto::acme::payment::v1 as payment;
use crate::proto::acme::payment::v1::payment_service_client::PaymentServiceClient;
use crate::proto::google::r#type::Money;
use crate::rest;
use crate::run::{self, Edge, Setup};
use crate::traces::{Span, Traces};

/// The id of the call that is traced, and who makes it.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// How long what comes later may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Steps of one `CreateOrder`: the depth, the service, and the step.
pub(crate) const STEPS: [(usize, &str, &str); 12] = [
    (0, "shop-gateway", "acme.order.v1.OrderService/CreateOrder"),
    (1, "shop-gateway", "acme.order.v1.OrderService/CreateOrder"),
    (2, "order-service", "acme.order.v1.OrderService/CreateOrder"),
    (3, "order-service", "store replay"),
    (3, "order-service", "store hold"),
    (
        3,
        "order-service",
        "acme.inventory.v1.InventoryService/Reserve",
    ),
    (
        4,
        "inventory-service",
        "acme.inventory.v1.InventoryService/Reserve",
    ),
    (5, "inventory-service", "ledger set"),
    (3, "order-service", "acme.payment.v1.PaymentService/Charge"),
    (
        4,
        "payment-service",
        "acme.payment.v1.PaymentService/Charge",
    ),
    (5, "payment-service", "ledger set"),
    (3, "order-service", "store create"),
];

pub(crate) fn run() -> Result<()> {
    let binaries = build::all()?;
    let data = TempDir::new()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(walk(&binaries, data.path()))
}

async fn walk(binaries: &Path, data: &Path) -> Result<()> {
    let traces = Traces::default();
    let ports = Ports::free()?;
    let setup = Setup {
        binaries,
        data,
        ports,
        stock: "pencil=10",
        credit: "10",
        // What is given back is given back before the customer is answered, not later.
        settle_after: "1h",
        payment: None,
        certificates: None,
        collector: Some(traces.listen()?),
        edge: Edge::default(),
    };
    let mut running = Vec::new();
    for plan in run::plans(&setup) {
        let mut process = plan.start()?;
        process.listens()?;
        running.push(process);
    }
    let shop = Shop::new(ports)?;

    let (status, order) = shop.order_by_rest(4).await?;
    ensure!(status == 200, "an order is answered {status}: {order}");
    let name = order["name"].as_str().context("a name")?;
    shop.has(6, "5.00").await.context("after an order")?;
    println!("4 pencils are ordered: 6 are left, and 5.00 EUR to spend");

    let refused = shop.order("alice", 7).await;
    shop.has(6, "5.00")
        .await
        .context("after one that is out of stock")?;
    println!("7 are out of stock: {}", reason(refused, "OUT_OF_STOCK")?);

    let refused = shop.order("alice", 5).await;
    shop.has(6, "5.00")
        .await
        .context("after one that is not paid")?;
    println!("5 cannot be paid: {}", reason(refused, "PAYMENT_REFUSED")?);

    let change = shop.change(name, 9).await;
    shop.has(6, "5.00")
        .await
        .context("after a change that is not paid")?;
    println!(
        "9 instead cannot be paid either: {}",
        reason(change, "PAYMENT_REFUSED")?
    );

    shop.change(name, 2).await?;
    shop.will_have(8, "7.50").await.context("after a change")?;
    println!("2 instead: 8 are left, and 7.50 EUR");

    shop.cancel(name).await?;
    shop.will_have(10, "10.00")
        .await
        .context("after a cancellation")?;
    println!("cancelled: all 10 are back, and 10.00 EUR");

    run::drain(running)?;
    let tree = traces.tree(TRACE);
    print(&tree);
    let told: Vec<_> = (tree.iter())
        .map(|(depth, span)| (*depth, span.service.as_str(), span.name.as_str()))
        .collect();
    ensure!(told == STEPS, "the trace is another: {told:#?}");
    Ok(())
}

fn print(tree: &[(usize, Span)]) {
    println!("trace {TRACE}:");
    for (depth, span) in tree {
        let name = format!("{}{} {}", "  ".repeat(*depth), span.name, span.kind);
        let micros = span.end.saturating_sub(span.start) / 1_000;
        println!("{name:<62} {:<18} {micros:>6} µs", span.service);
    }
}

/// Its services, as customers see them.
struct Shop {
    gateway: u16,
    orders: OrderServiceClient<Channel>,
    stock: StockServiceClient<Channel>,
    payments: PaymentServiceClient<Channel>,
}

impl Shop {
    fn new(ports: Ports) -> Result<Self> {
        let channel = |port: u16| {
            anyhow::Ok(Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?.connect_lazy())
        };
        Ok(Self {
            gateway: ports.gateway,
            orders: OrderServiceClient::new(channel(ports.order)?),
            stock: StockServiceClient::new(channel(ports.inventory)?),
            payments: PaymentServiceClient::new(channel(ports.payment)?),
        })
    }

    async fn order(&self, customer: &str, pencils: i32) -> Result<pb::Order, Status> {
        let request = pb::CreateOrderRequest {
            order: Some(pb::Order {
                customer: customer.to_owned(),
                items: items(pencils),
                ..pb::Order::default()
            }),
            request_id: uuid::Uuid::new_v4().to_string(),
        };
        Ok(self
            .orders
            .clone()
            .create_order(request)
            .await?
            .into_inner())
    }

    /// As a browser does, through the gateway; the status and what it answers.
    async fn order_by_rest(&self, pencils: i32) -> Result<(u16, Value)> {
        let path = format!("/v1/orders?request_id={}", uuid::Uuid::new_v4());
        let traceparent = format!("00-{TRACE}-{CALLER}-01");
        let headers = [("traceparent", traceparent.as_str())];
        let order = rest::pencils("alice", pencils);
        let answer = rest::send(self.gateway, "POST", &path, &headers, &order).await?;
        Ok((answer.status, answer.body))
    }

    async fn change(&self, name: &str, pencils: i32) -> Result<pb::Order, Status> {
        let request = pb::UpdateOrderRequest {
            order: Some(pb::Order {
                name: name.to_owned(),
                items: items(pencils),
                ..pb::Order::default()
            }),
            update_mask: None,
        };
        Ok(self
            .orders
            .clone()
            .update_order(request)
            .await?
            .into_inner())
    }

    async fn cancel(&self, name: &str) -> Result<(), Status> {
        let request = pb::CancelOrderRequest {
            name: name.to_owned(),
            etag: String::new(),
        };
        self.orders.clone().cancel_order(request).await.map(drop)
    }

    /// The pencils on the shelf, and Alice's money.
    async fn accounts(&self) -> Result<(i64, String)> {
        let request = inventory::ListStockRequest {};
        let stock = self.stock.clone().list_stock(request).await?.into_inner();
        let pencils = stock.articles.iter().find(|it| it.sku == "pencil");
        let request = payment::GetAccountRequest {
            name: "accounts/alice".to_owned(),
        };
        let account = self
            .payments
            .clone()
            .get_account(request)
            .await?
            .into_inner();
        let money = account.left.first().context("an account")?;
        let money = format!("{}.{:02}", money.units, money.nanos / 10_000_000);
        Ok((pencils.context("pencils")?.left, money))
    }

    /// Now.
    async fn has(&self, pencils: i64, money: &str) -> Result<()> {
        let (left, spendable) = self.accounts().await?;
        ensure!(
            (left, spendable.as_str()) == (pencils, money),
            "{left} pencils are left and {spendable} EUR, not {pencils} and {money}"
        );
        Ok(())
    }

    /// Soon: what is no longer needed is given back after the answer.
    async fn will_have(&self, pencils: i64, money: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.has(pencils, money).await {
                Err(_) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(20)).await
                }
                ended => return ended,
            }
        }
    }
}

fn items(pencils: i32) -> Vec<pb::LineItem> {
    vec![pb::LineItem {
        sku: "pencil".to_owned(),
        quantity: pencils,
        unit_price: Some(Money {
            currency_code: "EUR".to_owned(),
            units: 1,
            nanos: 250_000_000,
        }),
    }]
}

/// What the shop says to what it must refuse.
fn reason<T>(answer: Result<T, Status>, expected: &str) -> Result<String> {
    let Err(status) = answer else {
        bail!("it was not refused with {expected}");
    };
    let info = status.get_details_error_info();
    let reason = info.map(|info| info.reason).unwrap_or_default();
    ensure!(reason == expected, "refused with {reason}: {status:?}");
    Ok(format!("{expected}, \"{}\"", status.message()))
}
