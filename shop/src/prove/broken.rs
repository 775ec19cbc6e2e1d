//! A payment service that does not keep its word: whoever proves must notice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::proto::acme::payment::v1 as pb;
use crate::proto::acme::payment::v1::payment_service_client::PaymentServiceClient;
use crate::proto::acme::payment::v1::payment_service_server::{
    PaymentService, PaymentServiceServer,
};

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Break {
    /// Charges more than once what is asked once.
    Charges,
    /// Acknowledges refunds, and makes none.
    Refunds,
    /// Answers all calls with UNAVAILABLE: no account is wrong for that.
    #[value(skip)]
    Answers,
}

/// Stands before the one that keeps it.
struct Liar {
    how: Break,
    payments: PaymentServiceClient<Channel>,
    charges: Arc<AtomicUsize>,
}

/// Listens while the runtime lives, before the payment service at `url`; returns its own.
pub(crate) fn before(url: String, how: Break) -> Result<String> {
    counting(url, how, Arc::default())
}

/// The same, and counts how often it is asked to charge.
pub(crate) fn counting(url: String, how: Break, charges: Arc<AtomicUsize>) -> Result<String> {
    let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let own = format!("http://{}", incoming.local_addr()?);
    let payments = PaymentServiceClient::new(Endpoint::from_shared(url)?.connect_lazy());
    let service = PaymentServiceServer::new(Liar {
        how,
        payments,
        charges,
    });
    let server = Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(incoming));
    Ok(own)
}

#[tonic::async_trait]
impl PaymentService for Liar {
    async fn charge(
        &self,
        request: Request<pb::ChargeRequest>,
    ) -> Result<Response<pb::ChargeResponse>, Status> {
        self.charges.fetch_add(1, Ordering::Relaxed);
        if self.how == Break::Answers {
            return Err(Status::unavailable("on purpose"));
        }
        let request = request.into_inner();
        let mut payments = self.payments.clone();
        let charged = payments.charge(request.clone()).await?;
        if self.how == Break::Charges {
            let again = pb::ChargeRequest {
                payment: Uuid::new_v4().to_string(),
                ..request
            };
            // Who has too little is charged once.
            let _ = payments.charge(again).await;
        }
        Ok(Response::new(charged.into_inner()))
    }

    async fn refund(
        &self,
        request: Request<pb::RefundRequest>,
    ) -> Result<Response<pb::RefundResponse>, Status> {
        match self.how {
            Break::Refunds => return Ok(Response::new(pb::RefundResponse {})),
            Break::Answers => return Err(Status::unavailable("on purpose")),
            Break::Charges => {}
        }
        let refunded = self.payments.clone().refund(request.into_inner()).await?;
        Ok(Response::new(refunded.into_inner()))
    }

    async fn get_account(
        &self,
        request: Request<pb::GetAccountRequest>,
    ) -> Result<Response<pb::Account>, Status> {
        let mut payments = self.payments.clone();
        let account = payments.get_account(request.into_inner()).await?;
        Ok(Response::new(account.into_inner()))
    }
}
