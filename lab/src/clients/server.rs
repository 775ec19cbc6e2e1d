//! A gRPC server that knows no .proto: it fails as told, then answers with an
//! empty message, and remembers every attempt.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// One request, as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) path: String,
    pub(super) body: Vec<u8>,
    /// `grpc-previous-rpc-attempts`.
    pub(super) previous: Option<u32>,
    /// `grpc-timeout`.
    pub(super) timeout: Option<Duration>,
}

/// A running server.
pub(super) struct Server {
    address: SocketAddr,
    script: Arc<Script>,
    runtime: Runtime,
}

struct Script {
    code: i32,
    /// How many attempts of each rpc fail.
    failures: u32,
    attempts: Mutex<Vec<Attempt>>,
}

impl Server {
    /// Listens on a free port of the loopback interface. The first `failures`
    /// attempts of each rpc end with `code`.
    pub(super) fn start(code: i32, failures: u32) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let script = Arc::new(Script {
            code,
            failures,
            attempts: Mutex::default(),
        });
        let accepting = script.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let script = accepting.clone();
                // A client that breaks its connection is the clients' matter:
                // the missing attempts tell.
                tokio::spawn(async move { script.connection(stream).await.ok() });
            }
        });
        Ok(Self {
            address,
            script,
            runtime,
        })
    }

    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Every attempt, in the sequence of their arrival.
    pub(super) fn stop(self) -> Vec<Attempt> {
        self.runtime.shutdown_background();
        let attempts = self.script.attempts.lock();
        attempts.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Script {
    async fn connection(self: Arc<Self>, stream: TcpStream) -> Result<()> {
        let mut connection = h2::server::handshake(stream).await?;
        while let Some(request) = connection.accept().await {
            let (request, respond) = request?;
            let script = self.clone();
            tokio::spawn(async move { script.answer(request, respond).await.ok() });
        }
        Ok(())
    }

    async fn answer(
        &self,
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Result<()> {
        let (parts, mut stream) = request.into_parts();
        let mut body = Vec::new();
        while let Some(chunk) = stream.data().await {
            let chunk = chunk?;
            stream.flow_control().release_capacity(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        let failed = self.remember(Attempt {
            path: parts.uri.path().to_owned(),
            body,
            previous: header(&parts.headers, "grpc-previous-rpc-attempts")
                .and_then(|it| it.parse().ok()),
            timeout: header(&parts.headers, "grpc-timeout").and_then(timeout),
        });
        let mut response = Response::new(());
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        if failed {
            // Trailers only: the one form of failure that clients repeat.
            headers.insert("grpc-status", self.code.into());
            headers.insert("grpc-message", HeaderValue::from_static("as told"));
            respond.send_response(response, true)?;
            return Ok(());
        }
        let mut stream = respond.send_response(response, false)?;
        // Not compressed, length zero.
        stream.send_data(Bytes::from_static(&[0; 5]), false)?;
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        stream.send_trailers(trailers)?;
        Ok(())
    }

    /// Notes an attempt and says whether it is to fail.
    fn remember(&self, attempt: Attempt) -> bool {
        let attempts = self.attempts.lock();
        let mut attempts = attempts.unwrap_or_else(PoisonError::into_inner);
        let before = attempts.iter().filter(|it| it.path == attempt.path).count();
        attempts.push(attempt);
        before < self.failures as usize
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|it| it.to_str().ok())
}

/// `TimeoutValue TimeoutUnit` of gRPC over HTTP/2.
fn timeout(text: &str) -> Option<Duration> {
    let (value, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let value: u64 = value.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}
