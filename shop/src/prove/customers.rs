//! Customers that do not give up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::random::Random;
use crate::proto::acme::order::v1 as pb;
use crate::proto::acme::order::v1::order_service_client::OrderServiceClient;
use crate::proto::google::r#type::Money;

/// Before a call is repeated.
const PAUSE: Duration = Duration::from_millis(20);
/// Articles, and what a piece costs in billionths of a unit.
const ARTICLES: [(&str, i64); 4] = [
    ("eraser", 1_500_000_000),
    ("ink", 7_250_000_000),
    ("notebook", 4_990_000_000),
    ("pencil", 1_250_000_000),
];

/// What they were told, and what is known of each order by its note.
#[derive(Default)]
struct Answers {
    placed: BTreeMap<String, pb::Order>,
    cancelled: Vec<String>,
    out_of_stock: u64,
    refused: u64,
    updated: u64,
}

/// What all customers do.
pub(crate) struct Load {
    client: OrderServiceClient<Channel>,
    seed: u64,
    orders: u64,
    next: AtomicU64,
    done: AtomicU64,
    repeated: AtomicU64,
    answers: Mutex<Answers>,
}

impl Load {
    pub(crate) fn new(url: &str, seed: u64, orders: u64) -> Result<Self> {
        let channel = Endpoint::from_shared(url.to_owned())?.timeout(Duration::from_secs(6));
        Ok(Self {
            client: OrderServiceClient::new(channel.connect_lazy()),
            seed,
            orders,
            next: AtomicU64::new(0),
            done: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            answers: Mutex::default(),
        })
    }

    /// Sets `customers` to work.
    pub(crate) fn begin(self: &Arc<Self>, customers: usize) -> JoinSet<Result<()>> {
        (0..customers).map(|_| Arc::clone(self).run()).collect()
    }

    /// Waits for all; an error is what one of them did not understand.
    pub(crate) async fn end(&self, mut customers: JoinSet<Result<()>>) -> Result<()> {
        while let Some(customer) = customers.join_next().await {
            customer??;
        }
        Ok(())
    }

    /// Whether all orders are placed or refused, or a customer has given up.
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.orders
    }

    /// Every order that there is.
    pub(crate) async fn list(&self) -> Result<Vec<pb::Order>> {
        let mut orders = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListOrdersRequest {
                page_size: 100,
                page_token,
                ..Default::default()
            };
            let page = self.client.clone().list_orders(request).await?.into_inner();
            orders.extend(page.orders);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(orders);
            }
        }
    }

    /// Of each order that was acknowledged its number, as it was then.
    pub(crate) fn placed(&self) -> BTreeMap<String, pb::Order> {
        self.answers().placed.clone()
    }

    /// Names of those whose cancellation was acknowledged.
    pub(crate) fn cancelled(&self) -> Vec<String> {
        self.answers().cancelled.clone()
    }

    pub(crate) fn summary(&self) -> String {
        let answers = self.answers();
        format!(
            "{} placed, {} out of stock, {} payments refused, {} changed, {} cancelled; {} calls repeated",
            answers.placed.len(),
            answers.out_of_stock,
            answers.refused,
            answers.updated,
            answers.cancelled.len(),
            self.repeated.load(Ordering::Relaxed)
        )
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>) -> Result<()> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.orders {
                return Ok(());
            }
            if let Err(error) = self.order(number).await {
                // Nobody waits for the others.
                self.done.store(self.orders, Ordering::Relaxed);
                return Err(error);
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Places one; changes every third and cancels every fourth.
    async fn order(&self, number: u64) -> Result<()> {
        let mut random = Random::new(self.seed ^ (number << 20));
        let request = pb::CreateOrderRequest {
            order: Some(pb::Order {
                customer: format!("customer-{}", random.below(25)),
                items: items(&mut random),
                note: number.to_string(),
                ..pb::Order::default()
            }),
            request_id: uuid(&mut random).to_string(),
        };
        let placed = self
            .until_answered(|| {
                let (mut client, request) = (self.client.clone(), request.clone());
                async move { client.create_order(request).await }
            })
            .await?;
        let order = match placed {
            Ok(order) => order,
            Err(status) => return self.refused(&status),
        };
        let name = order.name.clone();
        self.answers().placed.insert(order.note.clone(), order);
        if number.is_multiple_of(3) {
            let update = pb::UpdateOrderRequest {
                order: Some(pb::Order {
                    name: name.clone(),
                    items: items(&mut random),
                    ..pb::Order::default()
                }),
                update_mask: None,
            };
            // Not safe to repeat, and so it is not: whether it was done is for the shop
            // to know.
            match self.client.clone().update_order(update).await {
                Ok(_) => self.answers().updated += 1,
                Err(status) if is_passing(&status) => {}
                Err(status) => self.refused(&status)?,
            }
        }
        if number.is_multiple_of(4) {
            let cancel = pb::CancelOrderRequest {
                name: name.clone(),
                etag: String::new(),
            };
            let cancelled = self
                .until_answered(|| {
                    let (mut client, cancel) = (self.client.clone(), cancel.clone());
                    async move { client.cancel_order(cancel).await }
                })
                .await?;
            if let Err(status) = cancelled {
                bail!("a cancellation is refused: {status:?}");
            }
            self.answers().cancelled.push(name);
        }
        Ok(())
    }

    /// Counts what the shop may say to an honest customer.
    fn refused(&self, status: &Status) -> Result<()> {
        let info = status.get_details_error_info();
        let reason = info.map(|info| info.reason).unwrap_or_default();
        match reason.as_str() {
            "OUT_OF_STOCK" => self.answers().out_of_stock += 1,
            "PAYMENT_REFUSED" => self.answers().refused += 1,
            _ => bail!("the shop refuses an order: {status:?}"),
        }
        Ok(())
    }

    /// Repeats `call` across all lives of the services.
    async fn until_answered<F, T>(&self, call: F) -> Result<Result<pb::Order, Status>>
    where
        F: Fn() -> T,
        T: Future<Output = Result<Response<pb::Order>, Status>>,
    {
        loop {
            match call().await {
                Ok(answer) => return Ok(Ok(answer.into_inner())),
                Err(status) if is_passing(&status) => {
                    self.repeated.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PAUSE).await;
                }
                Err(status) => return Ok(Err(status)),
            }
        }
    }
}

/// One to three of the articles.
fn items(random: &mut Random) -> Vec<pb::LineItem> {
    let lines = 1 + random.below(3);
    let items = (0..lines).map(|_| {
        let at = usize::try_from(random.below(ARTICLES.len() as u64)).unwrap_or_default();
        let (sku, price) = ARTICLES[at];
        pb::LineItem {
            sku: sku.to_owned(),
            quantity: i32::try_from(1 + random.below(4)).unwrap_or(1),
            unit_price: Some(Money {
                currency_code: "EUR".to_owned(),
                units: price / 1_000_000_000,
                nanos: i32::try_from(price % 1_000_000_000).unwrap_or_default(),
            }),
        }
    });
    items.collect()
}

/// By the seed as well, so that a run can be repeated.
fn uuid(random: &mut Random) -> Uuid {
    let (high, low) = (random.below(u64::MAX), random.below(u64::MAX));
    let bits = (u128::from(high) << 64) | u128::from(low);
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}

/// What a broken connection, and a service on its way down or up, answer.
fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::Unknown
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
    )
}
