//! Calls over plain HTTP/2: the cheapest client there is, so that one core of
//! it can offer several times what one core serves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use prost::Message;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

const RESOURCE_EXHAUSTED: u32 = 8;
/// What a client that knows no pushback waits.
const IMPATIENCE: Duration = Duration::from_millis(10);

/// What a client does about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retries {
    None,
    /// Waits as long as the server asks, and gives up if there is no time for that.
    Honouring,
    /// Retries at once.
    Ignoring,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Good,
    /// Refused with `RetryInfo`.
    Refused,
    /// Not answered by its deadline.
    Late,
    /// Anything else.
    Failed,
}

/// Connections to one server, and what is asked there.
pub(super) struct Client {
    address: String,
    connections: Vec<Mutex<SendRequest<Bytes>>>,
    complained: AtomicBool,
    uri: String,
    /// The message in its frame; a new request id is put at `id`.
    message: Bytes,
    id: Option<usize>,
}

impl Client {
    /// `path` is that of a unary rpc; `id` is the request id in the message.
    pub(super) async fn connect(
        address: &str,
        connections: usize,
        path: &str,
        message: &impl Message,
        id: Option<&str>,
    ) -> Result<Self> {
        let encoded = message.encode_to_vec();
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(u32::try_from(encoded.len())?);
        framed.put_slice(&encoded);
        let find = |id: &str| framed.windows(id.len()).position(|at| at == id.as_bytes());
        let id = id
            .map(|id| find(id).context("the request id"))
            .transpose()?;
        let mut opened = Vec::new();
        for _ in 0..connections {
            opened.push(Mutex::new(open(address).await?));
        }
        Ok(Self {
            address: address.to_owned(),
            connections: opened,
            complained: AtomicBool::new(false),
            uri: format!("http://{address}{path}"),
            message: framed.freeze(),
            id,
        })
    }

    /// One call, which must be answered by `deadline`; and its attempts.
    pub(super) async fn call(
        &self,
        number: usize,
        deadline: Instant,
        retries: Retries,
    ) -> (Outcome, usize) {
        let mut message = BytesMut::from(&*self.message);
        if let Some(at) = self.id {
            let id = &mut message[at..at + 36];
            Uuid::new_v4().hyphenated().encode_lower(id);
        }
        let message = message.freeze();
        for attempt in 1.. {
            let trying = self.attempt(number + attempt, message.clone(), deadline);
            let refusal = match tokio::time::timeout_at(deadline, trying).await {
                Err(_) => return (Outcome::Late, attempt),
                Ok(Err(error)) => {
                    if !self.complained.swap(true, Ordering::Relaxed) {
                        eprintln!("the first call that failed: {error:#}");
                    }
                    self.reconnect(number + attempt).await;
                    return (Outcome::Failed, attempt);
                }
                Ok(Ok(Ok(()))) => return (Outcome::Good, attempt),
                Ok(Ok(Err(refusal))) => refusal,
            };
            let pause = match (retries, refusal) {
                (Retries::None, Some(_)) => return (Outcome::Refused, attempt),
                (_, None) => return (Outcome::Failed, attempt),
                (Retries::Honouring, Some(pause)) => pause,
                (Retries::Ignoring, Some(_)) => IMPATIENCE,
            };
            let next = Instant::now() + pause;
            if next >= deadline {
                return (Outcome::Refused, attempt);
            }
            tokio::time::sleep_until(next).await;
        }
        unreachable!("attempts have no end")
    }

    fn connection(&self, number: usize) -> &Mutex<SendRequest<Bytes>> {
        &self.connections[number % self.connections.len()]
    }

    /// A new connection in the place of one that ended.
    async fn reconnect(&self, number: usize) {
        let mut connection = self.connection(number).lock().await;
        if connection.clone().ready().await.is_err()
            && let Ok(opened) = open(&self.address).await
        {
            *connection = opened;
        }
    }

    /// The inner result: answered, or refused and when to retry.
    async fn attempt(
        &self,
        number: usize,
        message: Bytes,
        deadline: Instant,
    ) -> Result<Result<(), Option<Duration>>> {
        let left = deadline.saturating_duration_since(Instant::now());
        let request = Request::post(&self.uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", format!("{}u", left.as_micros()))
            .body(())?;
        let connection = self.connection(number).lock().await.clone();
        let mut connection = connection.ready().await?;
        let (response, mut body) = connection.send_request(request, false)?;
        body.send_data(message, true)?;
        let response = response.await?;
        if let Some(status) = status(response.headers()) {
            return Ok(read(status, response.headers()));
        }
        let mut body = response.into_body();
        while let Some(data) = body.data().await {
            body.flow_control().release_capacity(data?.len())?;
        }
        let trailers = body.trailers().await?.context("no trailers")?;
        let status = status(&trailers).context("no status")?;
        Ok(read(status, &trailers))
    }
}

async fn open(address: &str) -> Result<SendRequest<Bytes>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = h2::client::Builder::new()
        .initial_connection_window_size(1 << 24)
        .max_concurrent_reset_streams(4096)
        .handshake(stream)
        .await?;
    tokio::spawn(connection);
    Ok(sender)
}

fn status(headers: &HeaderMap) -> Option<u32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

fn read(status: u32, headers: &HeaderMap) -> Result<(), Option<Duration>> {
    let pushback = || {
        headers
            .get("grpc-retry-pushback-ms")?
            .to_str()
            .ok()?
            .parse()
            .ok()
    };
    match status {
        0 => Ok(()),
        RESOURCE_EXHAUSTED => Err(Some(
            pushback().map_or(Duration::from_millis(100), Duration::from_millis),
        )),
        _ => Err(None),
    }
}
