//! Stock and money of one order: what is asked of both upstreams, and in which sequence.

use std::sync::{Arc, Mutex};

use service::proto::acme::inventory::v1 as inventory;
use service::proto::acme::inventory::v1::inventory_service_server as inventory_server;
use service::proto::acme::payment::v1 as payment;
use service::proto::acme::payment::v1::payment_service_server as payment_server;
use tempfile::TempDir;
use tonic::{Code, Request, Response, Status};

use crate::helpers::{Server, command, create_request, refused};

/// Both upstreams; what each was asked, as one line: `charge ID TICKET`.
#[derive(Debug, Clone, Default)]
struct Upstreams {
    asked: Arc<Mutex<Vec<String>>>,
    /// What charges are answered with.
    failure: Arc<Mutex<Option<Code>>>,
}

impl Upstreams {
    /// They are there, and a server that uses them.
    fn start() -> (Server, Self) {
        let upstreams = Self::default();
        let incoming =
            tonic::transport::server::TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}", incoming.local_addr().unwrap());
        let server = tonic::transport::Server::builder()
            .add_service(inventory_server::InventoryServiceServer::new(upstreams.clone()))
            .add_service(payment_server::PaymentServiceServer::new(upstreams.clone()));
        tokio::spawn(server.serve_with_incoming(incoming));
        let args = ["--inventory-endpoint", &url, "--payment-endpoint", &url];
        // What calls leave behind stays: nothing is settled while this is tested.
        let args = [&args[..], &["--inventory-settle-after", "1h"]].concat();
        (Server::start_with(&args), upstreams)
    }

    fn ask(&self, what: &str, id: &str, ticket: u64) {
        let mut asked = self.asked.lock().unwrap();
        asked.push(format!("{what} {id} {ticket}"));
    }

    /// What was asked, without ids and tickets; fails if ids differ or tickets fall.
    fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let words: Vec<Vec<_>> = asked.iter().map(|it| it.split(' ').collect()).collect();
        let tickets = words.iter().map(|it| it[2].parse::<u64>().unwrap());
        assert!(tickets.is_sorted(), "{asked:?}");
        assert!(words.iter().all(|it| it[1] == words[0][1]), "{asked:?}");
        words.iter().map(|it| it[0].to_owned()).collect()
    }

    fn charges_end_with(&self, failure: Option<Code>) {
        *self.failure.lock().unwrap() = failure;
    }
}

#[tonic::async_trait]
impl inventory_server::InventoryService for Upstreams {
    async fn reserve(
        &self,
        request: Request<inventory::ReserveRequest>,
    ) -> Result<Response<inventory::ReserveResponse>, Status> {
        let it = request.into_inner();
        self.ask("reserve", &it.reservation, it.ticket);
        Ok(Response::new(inventory::ReserveResponse {}))
    }

    async fn release(
        &self,
        request: Request<inventory::ReleaseRequest>,
    ) -> Result<Response<inventory::ReleaseResponse>, Status> {
        let it = request.into_inner();
        self.ask("release", &it.reservation, it.ticket);
        Ok(Response::new(inventory::ReleaseResponse {}))
    }
}

#[tonic::async_trait]
impl payment_server::PaymentService for Upstreams {
    async fn charge(
        &self,
        request: Request<payment::ChargeRequest>,
    ) -> Result<Response<payment::ChargeResponse>, Status> {
        let it = request.into_inner();
        self.ask("charge", &it.payment, it.ticket);
        match *self.failure.lock().unwrap() {
            Some(code) => Err(Status::new(code, "what only the bank may know")),
            None => Ok(Response::new(payment::ChargeResponse {})),
        }
    }

    async fn refund(
        &self,
        request: Request<payment::RefundRequest>,
    ) -> Result<Response<payment::RefundResponse>, Status> {
        let it = request.into_inner();
        self.ask("refund", &it.payment, it.ticket);
        Ok(Response::new(payment::RefundResponse {}))
    }

    async fn get_account(
        &self,
        _: Request<payment::GetAccountRequest>,
    ) -> Result<Response<payment::Account>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }
}

#[tokio::test]
async fn what_was_reserved_is_given_back_before_a_refusal_is_answered() {
    let (server, upstreams) = Upstreams::start();
    upstreams.charges_end_with(Some(Code::FailedPrecondition));
    let mut client = server.client().await;
    let answer = client.create_order(create_request("alice")).await;
    let status = answer.unwrap_err();
    let asked = upstreams.asked();
    assert_eq!(asked, ["reserve", "charge", "refund", "release"]);
    let details = refused(&status, Code::FailedPrecondition, "PAYMENT_REFUSED");
    let why = details.precondition_failure().unwrap();
    assert_eq!(why.violations[0].subject, "customer");
    assert!(!status.message().contains("bank"), "{status:?}");
}

#[tokio::test]
async fn a_call_that_is_repeated_goes_on_with_what_the_first_reserved() {
    let (server, upstreams) = Upstreams::start();
    upstreams.charges_end_with(Some(Code::Internal));
    let mut client = server.client().await;
    let request = create_request("alice");
    let status = client.create_order(request.clone()).await.unwrap_err();
    let details = refused(&status, Code::Unavailable, "PAYMENT_UNAVAILABLE");
    assert!(details.retry_info().is_some());
    upstreams.charges_end_with(None);
    client.create_order(request).await.unwrap();
    let asked = upstreams.asked();
    // One id for all of it, and higher tickets: see `asked`.
    assert_eq!(asked, ["reserve", "charge", "reserve", "charge"]);
}

#[test]
fn money_without_stock_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    let output = command(folder.path())
        .args(["--payment-endpoint", "http://127.0.0.1:1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--inventory-endpoint is not: set both"), "{said}");
}
