//! One connection from accept to end.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use chassis_core::mesh::Caller;
use chassis_core::peer::Security;
use chassis_identity::tls::{Accepted, Acceptor, Stream, Voucher};
use http::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;
use tower::Service;

use super::call::Calls;
use super::cores::Cores;
use super::http2::Http2;
use super::lease::{Lease, Lessor};
use super::peers::PeerPlace;
use super::preface::Prefaced;
use crate::ending::{self, Ending, Why};
use crate::server::ServerSettings;

/// What connections are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Serve,
    /// Take no new calls, finish those in flight.
    Drain,
    /// End those in flight.
    End,
    /// Close now.
    Cut,
}

/// All that connections share.
pub(super) struct Connections<S> {
    cores: Arc<Cores>,
    http2: Http2,
    tls: Option<Acceptor>,
    calls: Calls<S>,
    stages: watch::Receiver<Stage>,
    /// Held by every connection: the drain waits for the last to let go.
    alive: mpsc::Sender<()>,
    handshake: Duration,
    age: Duration,
    /// Without calls.
    idle: Duration,
    /// After the age.
    grace: Duration,
}

impl<S, B> Connections<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(super) fn new(
        settings: &ServerSettings,
        cores: Arc<Cores>,
        tls: Option<Acceptor>,
        calls: Calls<S>,
        stages: watch::Receiver<Stage>,
        alive: mpsc::Sender<()>,
    ) -> Self {
        Self {
            cores,
            http2: Http2::new(settings),
            tls,
            calls,
            stages,
            alive,
            handshake: settings.connections.handshake_timeout,
            age: settings.connections.max_connection_age,
            grace: settings.connections.max_connection_age_grace,
            idle: settings.connections.max_connection_idle,
        }
    }

    pub(super) fn spawn(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        places: (OwnedSemaphorePermit, PeerPlace),
    ) {
        let calls = self.calls.clone();
        let peer = TcpConnectInfo {
            local_addr: stream.local_addr().ok(),
            remote_addr: Some(peer),
        };
        let (http2, tls) = (self.http2, self.tls.clone());
        let stages = self.stages.clone();
        let alive = self.alive.clone();
        let (handshake, age) = (self.handshake, Age::new(self.age, self.grace));
        let idle = self.idle;
        self.cores.spawn(stream, async move |stream| {
            if let Some(begun) = begin(stream, tls, handshake, stages.clone()).await {
                let ending = Ending::default();
                let mut calls = calls.of(peer, begun.security, begun.caller, ending.clone());
                let lapse = begun.voucher.map(|voucher| {
                    let (lessor, lease) = Lease::new();
                    calls.hold(lease);
                    (voucher, lessor)
                });
                serve(http2, begun.io, calls, lapse, stages, (age, idle), ending).await;
            }
            drop((places, alive));
        });
    }
}

/// A connection whose client has begun HTTP/2.
struct Begun {
    io: Prefaced<Stream>,
    security: Security,
    caller: Option<Caller>,
    voucher: Option<Voucher>,
}

/// Waits for the client to begin HTTP/2; a drain does not wait for it.
async fn begin(
    stream: TcpStream,
    tls: Option<Acceptor>,
    limit: Duration,
    mut stages: watch::Receiver<Stage>,
) -> Option<Begun> {
    let deadline = Instant::now() + limit;
    let beginning = async {
        let accepted = match tls {
            None => Accepted::plain(stream),
            Some(tls) => tls.accept(stream, deadline).await?,
        };
        Some(Begun {
            io: Prefaced::read(accepted.stream).await.ok()?,
            security: accepted.security,
            caller: accepted.caller,
            voucher: accepted.voucher,
        })
    };
    tokio::select! {
        biased;
        begun = beginning => begun,
        () = tokio::time::sleep_until(deadline) => None,
        _ = stages.wait_for(|stage| *stage > Stage::Serve) => None,
    }
}

async fn serve<S, B>(
    http2: Http2,
    io: Prefaced<Stream>,
    calls: Calls<S>,
    mut lapse: Option<(Voucher, Lessor)>,
    mut stages: watch::Receiver<Stage>,
    (mut age, silence): (Age, Duration),
    ending: Ending,
) where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let coalescer = Arc::new(http2.coalescer());
    let waker = Waker::from(Arc::clone(&coalescer));
    let http2 = http2.builder(&coalescer);
    let mut stalls = pin!(calls.stalls());
    let mut connection = pin!(http2.serve_connection(TokioIo::new(io), calls));
    let mut older = pin!(tokio::time::sleep(age.young));
    let mut idle = pin!(tokio::time::sleep(silence));
    let mut calls = 0;
    loop {
        tokio::select! {
            biased;
            ended = poll_fn(|cx| {
                coalescer.wakes(cx.waker());
                connection.as_mut().poll(&mut Context::from_waker(&waker))
            }) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection");
                }
                return;
            }
            () = stalls.as_mut() => {
                tracing::debug!("a client did not take its answers in time");
                return;
            }
            changed = stages.changed() => {
                let stage = changed.map_or(Stage::Cut, |()| *stages.borrow());
                match stage {
                    Stage::Serve => continue,
                    Stage::Drain => ending.tell(Why::Drain),
                    Stage::End => {
                        ending.tell(Why::Drain);
                        ending.end();
                    }
                    Stage::Cut => return,
                }
            }
            () = older.as_mut() => {
                match age.stage {
                    Stage::Serve => {
                        ending.tell(Why::Age);
                        age.stage = Stage::Drain;
                        older.as_mut().reset(Instant::now() + age.told);
                    }
                    Stage::Drain => {
                        ending.end();
                        age.stage = Stage::End;
                        older.as_mut().reset(Instant::now() + age.parting);
                    }
                    Stage::End | Stage::Cut => return,
                }
            }
            () = lapsed(&mut lapse) => {
                tracing::debug!("the caller's certificate has ended");
                if age.stage == Stage::Serve {
                    age.stage = Stage::Drain;
                    older.as_mut().reset(Instant::now() + age.told);
                }
            }
            () = idle.as_mut(), if age.stage == Stage::Serve => {
                let before = std::mem::replace(&mut calls, coalescer.calls());
                if before != calls || !coalescer.is_idle() {
                    idle.as_mut().reset(Instant::now() + silence);
                    continue;
                }
                age.stage = Stage::Drain;
                older.as_mut().reset(Instant::now() + age.told);
            }
        }
        // Says it once, however often it is asked.
        connection.as_mut().graceful_shutdown();
    }
}

/// Waits until the caller's certificate has ended, and ends what it let in. Says
/// it once.
async fn lapsed(lapse: &mut Option<(Voucher, Lessor)>) {
    let Some((voucher, _)) = lapse else {
        return std::future::pending().await;
    };
    voucher.ended().await;
    if let Some((_, lessor)) = lapse.take() {
        lessor.end();
    }
}

/// How old a connection gets, in three parts.
#[derive(Debug)]
struct Age {
    stage: Stage,
    /// Until the client is told to go.
    young: Duration,
    /// From then until its calls are ended.
    told: Duration,
    /// From then until the cut.
    parting: Duration,
}

impl Age {
    fn new(age: Duration, grace: Duration) -> Self {
        let parting = ending::parting(grace);
        Self {
            stage: Stage::Serve,
            young: jittered(age),
            told: grace.saturating_sub(parting),
            parting,
        }
    }
}

/// Within a tenth of `age`, so that connections opened together do not end
/// together.
fn jittered(age: Duration) -> Duration {
    age.mul_f64(0.9 + 0.2 * chassis_core::random::fraction())
}
