//! Who floods: what its connections share, and how each begins.

pub(super) mod calls;
pub(super) mod connections;
pub(super) mod exempt;
pub(super) mod frames;
pub(super) mod messages;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::frame::{HEADER_TABLE_SIZE, PREFACE, settings};
use super::target::Target;

const GET: &str = "/acme.order.v1.OrderService/GetOrder";
const LIST: &str = "/acme.order.v1.OrderService/ListOrders";
/// Frames in one write.
const BATCH: u32 = 100;
/// The greatest number of a stream.
const LAST: u32 = (1 << 31) - 1;

/// What all connections of a flood share.
pub(super) struct Attacker {
    address: SocketAddr,
    admin: SocketAddr,
    /// Who vouches for the server, under TLS; in PEM.
    authority: Option<String>,
    pub(super) until: Instant,
    sent: AtomicU64,
    opened: AtomicU64,
}

impl Attacker {
    pub(super) fn new(target: &Target, until: Instant) -> Self {
        Self {
            address: target.address,
            admin: target.admin,
            authority: target.authority.clone(),
            until,
            sent: AtomicU64::new(0),
            opened: AtomicU64::new(0),
        }
    }

    /// Frames.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Connections.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    fn count(&self, frames: u32) {
        self.sent.fetch_add(frames.into(), Ordering::Relaxed);
    }

    async fn open(&self) -> Option<TcpStream> {
        self.open_at(self.address).await
    }

    async fn open_admin(&self) -> Option<TcpStream> {
        self.open_at(self.admin).await
    }

    async fn open_at(&self, address: SocketAddr) -> Option<TcpStream> {
        let stream = TcpStream::connect(address).await.ok()?;
        self.count_opened(1);
        Some(stream)
    }

    fn count_opened(&self, connections: u64) {
        self.opened.fetch_add(connections, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// A connection that has begun.
pub(super) struct Wire {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
}

impl Wire {
    /// Takes what the server says, until it closes.
    fn drained(self) -> OwnedWriteHalf {
        let Self { mut read, write } = self;
        tokio::spawn(async move { tokio::io::copy(&mut read, &mut tokio::io::sink()).await });
        write
    }
}

/// Floods over one connection after the other: the server may close them.
pub(super) async fn repeat<F, T>(attacker: Arc<Attacker>, flood: F)
where
    F: Fn(Arc<Attacker>, Wire) -> T,
    T: Future<Output = std::io::Result<()>>,
{
    while !attacker.is_over() {
        if let Some(mut stream) = attacker.open().await {
            let mut hello = PREFACE.to_vec();
            settings(&mut hello, &[(HEADER_TABLE_SIZE, 4096)]);
            if stream.write_all(&hello).await.is_ok() {
                let (read, write) = stream.into_split();
                let _ = flood(Arc::clone(&attacker), Wire { read, write }).await;
            }
        }
        // What is refused at once tries again soon, not at once.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The numbers of a client's streams.
fn streams() -> impl Iterator<Item = u32> {
    (1..LAST).step_by(2)
}
