//! Stock and payments, asked by services: each rpc, about what one tenant has.

use anyhow::{Context as _, Result};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::{Certificates, STRANGER, head, row};
use crate::process::Ports;
use crate::proto::acme::inventory::v1 as inventory;
use crate::proto::acme::inventory::v1::inventory_service_client::InventoryServiceClient;
use crate::proto::acme::inventory::v1::stock_service_client::StockServiceClient;
use crate::proto::acme::payment::v1 as payment;
use crate::proto::acme::payment::v1::payment_service_client::PaymentServiceClient;
use crate::proto::google::r#type::Money;

/// What each may spend, in cents, and pieces that there are.
const CREDIT: i64 = 1_000;

const HEAD: [&str; 7] = [
    "Of what a tenant has",
    "orders, for it",
    "orders, for the other",
    "orders, for nobody",
    "the gateway, for it",
    "another account, for it",
    "nobody, for it",
];

/// Calls as one account, saying for whom; or neither.
#[derive(Clone)]
pub(super) struct Asker {
    payments: PaymentServiceClient<Channel>,
    reservations: InventoryServiceClient<Channel>,
    stock: StockServiceClient<Channel>,
    tenant: Option<String>,
}

impl Asker {
    pub(super) fn new(
        account: Option<&str>,
        tenant: Option<&str>,
        ports: Ports,
        certificates: &Certificates,
    ) -> Result<Self> {
        let channel = |port: u16| {
            let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}"))?;
            let tls = certificates.client(account)?;
            anyhow::Ok(endpoint.tls_config(tls)?.connect_lazy())
        };
        let stock = channel(ports.inventory)?;
        Ok(Self {
            payments: PaymentServiceClient::new(channel(ports.payment)?),
            reservations: InventoryServiceClient::new(stock.clone()),
            stock: StockServiceClient::new(stock),
            tenant: tenant.map(str::to_owned),
        })
    }

    fn asks<T>(&self, message: T) -> Result<Request<T>> {
        let mut request = Request::new(message);
        if let Some(tenant) = &self.tenant {
            request.metadata_mut().insert("x-tenant", tenant.parse()?);
        }
        Ok(request)
    }

    /// Cents that its customer may spend.
    pub(super) async fn cents(&self, customer: &str) -> Result<i64> {
        let name = format!("accounts/{customer}");
        let request = self.asks(payment::GetAccountRequest { name })?;
        let account = self.payments.clone().get_account(request).await?;
        let left = account.into_inner().left;
        let cents = |it: &Money| it.units * 100 + i64::from(it.nanos / 10_000_000);
        // Who never paid has all of it.
        Ok(left.first().map_or(CREDIT, cents))
    }

    /// Pencils that nobody has reserved.
    pub(super) async fn pencils(&self) -> Result<i64> {
        let request = self.asks(inventory::ListStockRequest {})?;
        let stock = self.stock.clone().list_stock(request).await?.into_inner();
        let pencils = stock.articles.iter().find(|it| it.sku == "pencil");
        Ok(pencils.context("there are pencils")?.left)
    }

    async fn charge(&self, payment: &str, account: &str, ticket: u64, units: i64) -> Told {
        let amount = Money {
            currency_code: "EUR".to_owned(),
            units,
            nanos: 0,
        };
        let request = self.asks(payment::ChargeRequest {
            payment: payment.to_owned(),
            account: account.to_owned(),
            amounts: vec![amount],
            ticket,
        })?;
        Ok(self.payments.clone().charge(request).await.map(drop))
    }

    async fn reserve(&self, reservation: &str, ticket: u64, quantity: i32) -> Told {
        let sku = "pencil".to_owned();
        let request = self.asks(inventory::ReserveRequest {
            reservation: reservation.to_owned(),
            items: vec![inventory::Item { sku, quantity }],
            ticket,
        })?;
        Ok(self.reservations.clone().reserve(request).await.map(drop))
    }
}

/// Whether it was done, or why not.
type Told = Result<Result<(), Status>>;

/// The reason, for who was refused.
fn refusal(status: &Status) -> String {
    match status.get_details_error_info() {
        Some(info) => info.reason,
        // The connection ends with the handshake, or with the first call on it.
        None => match status.code() {
            Code::Cancelled | Code::Unavailable | Code::Unknown => "no connection".to_owned(),
            code => format!("{code:?}"),
        },
    }
}

/// A cell: what was seen of it afterwards, or why it was refused.
async fn cell(
    told: Result<(), Status>,
    seen: impl Future<Output = Result<String>>,
) -> Result<String> {
    match told {
        Ok(()) => seen.await,
        Err(status) => Ok(refusal(&status)),
    }
}

pub(super) async fn table(
    [own, other]: [&str; 2],
    ports: Ports,
    certificates: &Certificates,
) -> Result<String> {
    let asker = |account, tenant| Asker::new(account, tenant, ports, certificates);
    let orders = asker(Some("order-service"), Some(own))?;
    let rival = asker(Some("order-service"), Some(other))?;
    let askers = [
        orders.clone(),
        rival.clone(),
        asker(Some("order-service"), None)?,
        asker(Some("shop-gateway"), Some(own))?,
        asker(Some(STRANGER), Some(own))?,
        asker(None, Some(own))?,
    ];
    let mut rows = vec![head(&HEAD)];
    for rpc in [
        "Charge",
        "Refund",
        "GetAccount",
        "Reserve",
        "Release",
        "ListStock",
    ] {
        let mut cells = Vec::new();
        for asker in &askers {
            cells.push(match rpc {
                "Charge" | "Refund" | "GetAccount" => pays(rpc, &orders, &rival, asker).await,
                _ => reserves(rpc, &orders, asker).await,
            }?);
        }
        rows.push(row(rpc, &cells));
    }
    Ok(rows.join("\n"))
}

/// An account of four euros less, in each tenant, of which `asker` does something.
async fn pays(rpc: &str, own: &Asker, other: &Asker, asker: &Asker) -> Result<String> {
    let (payment, account) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    own.charge(&payment, &account, 1, 4).await??;
    let left = async || anyhow::Ok([own.cents(&account).await?, other.cents(&account).await?]);
    let told = match rpc {
        "Charge" => asker.charge(&payment, &account, 2, 7).await?,
        "Refund" => {
            let request = payment::RefundRequest {
                payment: payment.clone(),
                ticket: 2,
            };
            let request = asker.asks(request)?;
            asker.payments.clone().refund(request).await.map(drop)
        }
        _ => {
            let name = format!("accounts/{account}");
            let request = asker.asks(payment::GetAccountRequest { name })?;
            let answer = asker.payments.clone().get_account(request).await;
            return cell(answer.map(drop), async {
                let its = asker.cents(&account).await?;
                Ok(if its == 600 { "it" } else { "one of its own" }.to_owned())
            })
            .await;
        }
    };
    let is_refused = told.is_err();
    let seen = async {
        Ok(match left().await? {
            [300, CREDIT] => "charged",
            [CREDIT, CREDIT] => "refunded",
            [600, 300] => "one of its own",
            [600, CREDIT] => "nothing there",
            _ => "too much",
        }
        .to_owned())
    };
    let told = cell(told, seen).await?;
    if is_refused {
        anyhow::ensure!(
            left().await? == [600, CREDIT],
            "{rpc} was refused, and done"
        );
    }
    Ok(told)
}

/// A reservation of five, of which `asker` does something.
async fn reserves(rpc: &str, own: &Asker, asker: &Asker) -> Result<String> {
    let reservation = Uuid::new_v4().to_string();
    let before = own.pencils().await?;
    own.reserve(&reservation, 1, 5).await??;
    let told = match rpc {
        "Reserve" => asker.reserve(&reservation, 2, 7).await?,
        "Release" => {
            let request = inventory::ReleaseRequest {
                reservation: reservation.clone(),
                ticket: 2,
            };
            let request = asker.asks(request)?;
            asker.reservations.clone().release(request).await.map(drop)
        }
        _ => {
            let request = asker.asks(inventory::ListStockRequest {})?;
            let answer = asker.stock.clone().list_stock(request).await;
            return cell(answer.map(drop), async {
                let same = asker.pencils().await? == own.pencils().await?;
                Ok(if same { "all of it" } else { "something else" }.to_owned())
            })
            .await;
        }
    };
    let is_refused = told.is_err();
    let seen = async {
        Ok(match before - own.pencils().await? {
            0 => "released",
            5 => "nothing there",
            7 => "reserved",
            12 => "one of its own",
            _ => "too much",
        }
        .to_owned())
    };
    let told = cell(told, seen).await?;
    if is_refused {
        let taken = before - own.pencils().await?;
        anyhow::ensure!(taken == 5, "{rpc} was refused, and done");
    }
    Ok(told)
}
