//! The connections to the addresses behind a name, and which of them a call takes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use http::{Request, Response};
use tokio::sync::{Notify, watch};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Error};
use tower::ServiceExt as _;

/// All of them; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: watch::Sender<State>,
    /// Which comes first among those that are as busy as each other.
    turn: AtomicUsize,
    lost: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Somebody has called: there is to be a connection to each address.
    wanted: bool,
    /// The name was asked for.
    resolved: bool,
    addresses: Vec<(SocketAddr, Phase)>,
}

/// What is known of an address.
#[derive(Debug)]
pub(crate) enum Phase {
    Connecting,
    Ready(Connection),
    /// It is tried again in a while, or once a call has no other.
    Failed,
}

/// A connection that is up, as far as anybody knows.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    channel: Channel,
    /// Held by each call that waits for its answer.
    mark: Arc<()>,
}

impl Connection {
    pub(crate) fn new(channel: Channel, mark: Arc<()>) -> Self {
        Self { channel, mark }
    }

    /// Sends a request, once.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Error> {
        self.channel.clone().oneshot(request).await
    }

    fn is(&self, mark: &Weak<()>) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.mark), mark.as_ptr())
    }
}

impl State {
    fn phase(&mut self, address: SocketAddr) -> Option<&mut Phase> {
        let mut all = self.addresses.iter_mut();
        all.find(|(it, _)| *it == address).map(|(_, phase)| phase)
    }

    /// The connection that waits for the fewest answers, by turns from `turn`.
    fn least_busy(&self, turn: usize) -> Option<Connection> {
        let all = self.addresses.len().max(1);
        let (before, after) = self.addresses.split_at(turn % all);
        let ready = after.iter().chain(before);
        let ready = ready.filter_map(|(_, phase)| match phase {
            Phase::Ready(connection) => Some(connection),
            _ => None,
        });
        ready.min_by_key(|it| Arc::strong_count(&it.mark)).cloned()
    }

    /// Whether a call has a connection, or none is to be expected.
    fn is_settled(&self) -> bool {
        let is = |what: fn(&Phase) -> bool| self.addresses.iter().any(|(_, phase)| what(phase));
        is(|it| matches!(it, Phase::Ready(_)))
            || self.resolved && !is(|it| matches!(it, Phase::Connecting))
    }

    /// Has all that failed tried again; whether that changes anything.
    fn want(&mut self) -> bool {
        let mut changed = !std::mem::replace(&mut self.wanted, true);
        for (_, phase) in &mut self.addresses {
            if matches!(phase, Phase::Failed) {
                *phase = Phase::Connecting;
                changed = true;
            }
        }
        changed
    }
}

impl Connections {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            state: watch::Sender::default(),
            turn: AtomicUsize::new(0),
            lost: Notify::new(),
        }))
    }

    /// A connection; waits for one while any may come up.
    pub(crate) async fn pick(&self) -> Result<Connection, Status> {
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed);
        if let Some(connection) = self.0.state.borrow().least_busy(turn) {
            return Ok(connection);
        }
        let mut seen = self.0.state.subscribe();
        self.0.state.send_if_modified(State::want);
        let settled = seen.wait_for(State::is_settled).await;
        let found = settled.ok().and_then(|state| state.least_busy(turn));
        found.ok_or_else(|| Status::unavailable("no address can be connected to"))
    }

    /// From now on `address` is one of those behind the name.
    pub(crate) fn add(&self, address: SocketAddr) {
        self.0.state.send_modify(|state| {
            state.addresses.push((address, Phase::Connecting));
        });
    }

    /// It is none any more; what is under way there goes on.
    pub(crate) fn remove(&self, address: SocketAddr) {
        self.0.state.send_modify(|state| {
            state.addresses.retain(|(it, _)| *it != address);
        });
    }

    /// The name was asked for, and its addresses are these.
    pub(crate) fn resolved(&self) {
        self.0
            .state
            .send_if_modified(|state| !std::mem::replace(&mut state.resolved, true));
    }

    /// There is to be a new connection to `address`; whether one is up that serves
    /// until then.
    pub(crate) fn renew(&self, address: SocketAddr) -> bool {
        let mut ready = false;
        self.0
            .state
            .send_if_modified(|state| match state.phase(address) {
                Some(phase @ Phase::Failed) => {
                    *phase = Phase::Connecting;
                    true
                }
                phase => {
                    ready = matches!(phase, Some(Phase::Ready(_)));
                    false
                }
            });
        ready
    }

    /// What is known of `address` now.
    pub(crate) fn put(&self, address: SocketAddr, new: Phase) {
        self.0.state.send_if_modified(|state| {
            let phase = state.phase(address);
            phase.map(|phase| *phase = new).is_some()
        });
    }

    /// The connection to `address` that has this mark takes no more calls.
    pub(crate) fn over(&self, address: SocketAddr, mark: &Weak<()>) {
        self.0
            .state
            .send_if_modified(|state| match state.phase(address) {
                Some(phase @ Phase::Ready(_)) => {
                    let same = matches!(phase, Phase::Ready(connection) if connection.is(mark));
                    if same {
                        *phase = Phase::Connecting;
                    }
                    same
                }
                _ => false,
            });
        self.0.lost.notify_one();
    }

    /// Waits until there is to be a connection to `address`: somebody calls, and
    /// there is none that was made and none that failed a moment ago.
    pub(crate) async fn wanted(&self, address: SocketAddr) {
        let mut seen = self.0.state.subscribe();
        let wanted = |state: &State| {
            let mut all = state.addresses.iter();
            let connecting = |(it, phase): &(SocketAddr, Phase)| {
                *it == address && matches!(phase, Phase::Connecting)
            };
            state.wanted && all.any(connecting)
        };
        if seen.wait_for(wanted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until a connection is over, or was since this was last asked: the name
    /// may have other addresses.
    pub(crate) async fn lost(&self) {
        self.0.lost.notified().await;
    }
}
