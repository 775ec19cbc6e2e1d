//! Calls while the addresses behind a name come and go.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chassis_core::contract::{Idempotency, Method, Service};
use chassis_core::rpc::Contracts;
use h2::server::SendResponse;
use http::{Request, Response};
use http_body_util::Full;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::Channel;
use crate::budget::Budget;
use crate::resolve::Following;
use crate::tls::Renewals;
use crate::{Client, Policy};

/// One rpc, which is never repeated.
static CONTRACT: [Service; 1] = [Service {
    name: "demo.v1.Things",
    retry_throttling: None,
    methods: &[Method {
        path: "/demo.v1.Things/Get",
        idempotency: Idempotency::Unsafe,
        server_streaming: false,
        client_streaming: false,
        timeout: None,
        per_attempt_timeout: None,
        retry: None,
        allowed_callers: &[],
        request: None,
    }],
}];

const SOON: Duration = Duration::from_secs(20);

/// Answers every call, until it is told to stop: it then refuses connections, and
/// says goodbye on those it has, as a pod does.
struct Server {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    listening: JoinHandle<()>,
}

impl Server {
    async fn start(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let calls = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&calls);
        let listening = tokio::spawn(async move {
            let mut stopping = stopped.clone();
            loop {
                let stream = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap().0,
                    _ = stopping.wait_for(|it| *it) => return,
                };
                tokio::spawn(serve(stream, stopped.clone(), Arc::clone(&counted)));
            }
        });
        Self {
            address,
            calls,
            stop,
            listening,
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns once nobody listens.
    async fn stop(self) -> SocketAddr {
        self.stop.send_replace(true);
        self.listening.await.unwrap();
        self.address
    }
}

async fn serve(
    stream: tokio::net::TcpStream,
    mut stopped: watch::Receiver<bool>,
    calls: Arc<AtomicUsize>,
) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((_, respond))) = accepted else {
                    return;
                };
                calls.fetch_add(1, Ordering::Relaxed);
                answer(respond);
            }
            _ = stopped.wait_for(|it| *it), if !*stopped.borrow() => {
                connection.graceful_shutdown();
            }
        }
    }
}

fn answer(mut respond: SendResponse<Bytes>) {
    respond.send_response(Response::new(()), true).unwrap();
}

/// What a name stands for, as a test has it.
#[derive(Clone)]
struct Name(Arc<Mutex<HashSet<SocketAddr>>>);

impl Name {
    fn of(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(Arc::new(Mutex::new(addresses.into_iter().collect())))
    }

    fn is(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.0.lock().unwrap() = addresses.into_iter().collect();
    }

    /// A client that asks for it once, unless a connection is over.
    fn client(&self) -> Client<Channel> {
        let name = self.0.clone();
        let resolve = move || std::future::ready(Ok(name.lock().unwrap().clone()));
        let at = |address: SocketAddr, _: Option<&Renewals>| {
            Endpoint::from_shared(format!("http://{address}")).ok()
        };
        let hour = Duration::from_hours(1);
        let following = Following::start("name".into(), resolve, hour, None, at);
        let policy = Policy {
            contracts: Contracts::new(&CONTRACT),
            budget: Budget::new(None),
            retries: false,
            margin: Duration::ZERO,
            cap: SOON,
        };
        Client::new(Channel::balanced(following), Arc::new(policy))
    }
}

async fn call(client: &Client<Channel>) -> Result<(), Code> {
    let body = Body::new(Full::new(Bytes::from_static(b"message")));
    let request = Request::post(CONTRACT[0].methods[0].path)
        .body(body)
        .unwrap();
    let answer = client.clone().oneshot(request).await.unwrap();
    match Status::from_header_map(answer.headers()) {
        Some(status) => Err(status.code()),
        None => Ok(()),
    }
}

/// An address of this host where nobody listens.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.3:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn calls_go_to_every_address_in_turn() {
    let servers = [
        Server::start("127.0.0.1:0").await,
        Server::start("127.0.0.2:0").await,
    ];
    let client = Name::of(servers.iter().map(|it| it.address)).client();
    // Until both connections are up.
    while servers.iter().any(|it| it.calls() == 0) {
        call(&client).await.unwrap();
    }
    let before = servers.each_ref().map(Server::calls);
    for _ in 0..20 {
        call(&client).await.unwrap();
    }
    let after = servers.each_ref().map(Server::calls);
    assert_eq!([after[0] - before[0], after[1] - before[1]], [10, 10]);
}

#[tokio::test]
async fn an_address_where_nobody_listens_costs_no_call() {
    let server = Server::start("127.0.0.1:0").await;
    let client = Name::of([server.address, nobody().await]).client();
    for number in 0..100 {
        assert_eq!(call(&client).await, Ok(()), "call {number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_costs_no_call_before_the_name_is_another() {
    let leaving = Server::start("127.0.0.1:0").await;
    let staying = Server::start("127.0.0.2:0").await;
    let client = Name::of([leaving.address, staying.address]).client();
    while leaving.calls() == 0 || staying.calls() == 0 {
        call(&client).await.unwrap();
    }
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..250 {
                    call(&client).await?;
                }
                Ok::<(), Code>(())
            })
        })
        .collect();
    let before = leaving.calls();
    while leaving.calls() < before + 50 {
        tokio::task::yield_now().await;
    }
    leaving.stop().await;
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn without_any_address_a_call_fails_at_once_and_with_one_again_it_does_not() {
    let server = Server::start("127.0.0.1:0").await;
    let client = Name::of([server.address, nobody().await]).client();
    call(&client).await.unwrap();
    let address = server.stop().await;
    // Until it has said goodbye.
    while call(&client).await.is_ok() {}
    for _ in 0..3 {
        assert_eq!(call(&client).await, Err(Code::Unavailable));
    }
    let _server = Server::start(&address.to_string()).await;
    assert_eq!(call(&client).await, Ok(()));
}

#[tokio::test]
async fn when_a_connection_is_over_the_name_is_asked_for_again() {
    let old = Server::start("127.0.0.1:0").await;
    let name = Name::of([old.address]);
    let client = name.client();
    call(&client).await.unwrap();
    let new = Server::start("127.0.0.2:0").await;
    name.is([new.address]);
    old.stop().await;
    let moved = async {
        while new.calls() == 0 {
            let _ = call(&client).await;
        }
    };
    tokio::time::timeout(SOON, moved).await.expect("it moves");
}
