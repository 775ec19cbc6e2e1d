//! Answers that are given before the request has ended, or its call has a task.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{GET, Things, start};

/// Calls at once, all begun, and only finished when all are answered.
const AT_ONCE: u32 = 100;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A client that decides itself when to send which frame.
struct Raw(TcpStream);

impl Raw {
    async fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        let mut raw = Self(stream);
        raw.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        raw.write(&frame(SETTINGS, 0, 0, &[])).await;
        raw
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next frame's kind, flags and stream.
    async fn read(&mut self) -> (u8, u8, u32) {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.expect("a connection");
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload).await.unwrap();
        assert_ne!(kind, GOAWAY, "{}", String::from_utf8_lossy(&payload));
        (kind, flags, u32::from_be_bytes(stream))
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head[..], &stream.to_be_bytes(), payload].concat()
}

/// HPACK without a table or Huffman codes (RFC 7541, 6.2.2).
fn request(path: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [
        &[0x83, 0x86, 0x04][..],
        &text(path),
        &[0x01],
        &text("localhost"),
        &[0x0f, 0x10],
        &text("application/grpc"),
        &[0x00],
        &text("te"),
        &text("trailers"),
    ]
    .concat()
}

/// Begins and ends calls that the server answers in between.
async fn refused_early(raw: &mut Raw, path: &str, first: u32) {
    let streams = (0..AT_ONCE).map(|call| first + 2 * call);
    for stream in streams.clone() {
        raw.write(&frame(HEADERS, END_HEADERS, stream, &request(path)))
            .await;
    }
    let mut answers = 0;
    while answers < AT_ONCE {
        let (kind, flags, stream) = raw.read().await;
        assert_ne!(kind, RST_STREAM, "of {stream}");
        answers += u32::from(kind == HEADERS && flags & END_STREAM != 0);
    }
    for stream in streams {
        raw.write(&frame(DATA, END_STREAM, stream, &[0; 5])).await;
    }
}

#[tokio::test]
async fn a_client_that_was_still_sending_keeps_its_connection() {
    let server = start(&[], Things::echo()).await;
    let mut raw = Raw::connect(server.address).await;
    for round in 0..30 {
        let first = 1 + round * 2 * AT_ONCE;
        refused_early(&mut raw, "/demo.v1.Things/Nothing", first).await;
    }
}

/// They are answered where they are read.
#[tokio::test]
async fn a_burst_of_refused_calls_holds_no_tasks() {
    let things = Things::unary(async |_| std::future::pending().await);
    let server = start(&["--max-concurrent-requests=1"], things).await;
    let mut raw = Raw::connect(server.address).await;
    let mut burst = Vec::new();
    for stream in (0..=AT_ONCE).map(|call| 1 + 2 * call) {
        burst.extend(frame(HEADERS, END_HEADERS, stream, &request(GET)));
        burst.extend(frame(DATA, END_STREAM, stream, &[0; 5]));
    }
    let runtime = tokio::runtime::Handle::current().metrics();
    let before = runtime.num_alive_tasks();
    let most = Arc::new(AtomicUsize::new(before));
    let seen = Arc::clone(&most);
    let counting = tokio::spawn(async move {
        loop {
            seen.fetch_max(runtime.num_alive_tasks(), Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    raw.write(&burst).await;
    // The first one has the permit.
    let mut refused = 0;
    while refused < AT_ONCE {
        let (kind, flags, _) = raw.read().await;
        refused += u32::from(kind == HEADERS && flags & END_STREAM != 0);
    }
    counting.abort();
    let more = most.load(Ordering::Relaxed) - before;
    assert!(more < 20, "{more} tasks for {AT_ONCE} calls");
}
