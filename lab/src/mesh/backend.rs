//! A gRPC server that knows no .proto: answers as its script says and remembers
//! every attempt with its headers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tonic::Code;
use tonic::transport::Channel;

use super::call;

/// Marks the attempts of one call.
pub(super) const CALL: &str = "x-call";

/// One request, as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) at: Instant,
    /// How many attempts of the same call came before.
    pub(super) before: usize,
}

/// What to do with a request.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// An empty message.
    Ok,
    /// A status and nothing else.
    Fail(Code),
    /// `RST_STREAM`.
    Reset(Reason),
    /// Nothing, for as long as the caller waits.
    Hang,
    /// Empty messages, that many, one after each pause.
    Stream(u32, Duration),
    /// What another server answers; or, if it is to be lost, `RST_STREAM` once it
    /// has answered.
    Forward { to: Channel, lose: bool },
}

type Script = Arc<dyn Fn(&Attempt) -> Answer + Send + Sync>;

/// A running server; ends with the value.
pub(super) struct Backend {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    script: Mutex<Script>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    attempts: Vec<Attempt>,
    of_call: HashMap<(String, HeaderValue), usize>,
}

impl Backend {
    /// Listens there and answers [`Answer::Ok`] until told otherwise.
    pub(super) async fn start(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("the backend cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Mutex::new(Arc::new(|_| Answer::Ok)),
            seen: Mutex::default(),
        });
        let serving = shared.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = serving.clone();
                // A connection that breaks is the proxies' matter: the missing
                // attempts tell.
                tokio::spawn(async move { shared.connection(stream).await.ok() });
            }
        });
        Ok(Self {
            address,
            shared,
            accepting: accepting.abort_handle(),
        })
    }

    /// On a free port of the loopback interface.
    pub(super) async fn start_anywhere() -> Result<Self> {
        Self::start(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Answers so from now on.
    pub(super) fn script(&self, script: impl Fn(&Attempt) -> Answer + Send + Sync + 'static) {
        let guard = self.shared.script.lock();
        *guard.unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
    }

    /// Every attempt since the last time, in the sequence of their arrival.
    pub(super) fn take(&self) -> Vec<Attempt> {
        std::mem::take(&mut *self.shared.seen()).attempts
    }

    /// How many attempts there were since the last [`Self::take`].
    pub(super) fn count(&self) -> usize {
        self.shared.seen().attempts.len()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) -> Result<()> {
        let mut connection = h2::server::handshake(stream).await?;
        while let Some(request) = connection.accept().await {
            let (request, respond) = request?;
            let shared = self.clone();
            tokio::spawn(async move { shared.answer(request, respond).await.ok() });
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
        match self.remember(&parts) {
            Answer::Ok => send(&mut respond, &Bytes::new()),
            Answer::Fail(code) => fail(&mut respond, code),
            Answer::Reset(reason) => {
                respond.send_reset(reason);
                Ok(())
            }
            Answer::Hang => {
                std::future::poll_fn(|context| respond.poll_reset(context)).await?;
                Ok(())
            }
            Answer::Stream(messages, pause) => self::stream(&mut respond, messages, pause).await,
            Answer::Forward { to, lose } => {
                // Less the frame's head.
                let message = Bytes::from(body.split_off(body.len().min(5)));
                let answer = call::raw(&to, parts.uri.path(), message).await;
                match answer {
                    _ if lose => {
                        respond.send_reset(Reason::INTERNAL_ERROR);
                        Ok(())
                    }
                    Ok(message) => send(&mut respond, &message),
                    Err(status) => fail(&mut respond, status.code()),
                }
            }
        }
    }

    fn remember(&self, parts: &http::request::Parts) -> Answer {
        let path = parts.uri.path().to_owned();
        let mut seen = self.seen();
        let before = match parts.headers.get(CALL) {
            Some(call) => {
                let count = seen
                    .of_call
                    .entry((path.clone(), call.clone()))
                    .or_default();
                *count += 1;
                *count - 1
            }
            None => 0,
        };
        let attempt = Attempt {
            path,
            headers: parts.headers.clone(),
            at: Instant::now(),
            before,
        };
        seen.attempts.push(attempt.clone());
        drop(seen);
        let script = self
            .script
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        script(&attempt)
    }
}

fn head() -> Response<()> {
    let mut response = Response::new(());
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", grpc);
    response
}

fn fail(respond: &mut SendResponse<Bytes>, code: Code) -> Result<()> {
    let mut response = head();
    let headers = response.headers_mut();
    headers.insert("grpc-status", (code as i32).into());
    headers.insert("grpc-message", HeaderValue::from_static("as told"));
    respond.send_response(response, true)?;
    Ok(())
}

fn send(respond: &mut SendResponse<Bytes>, message: &Bytes) -> Result<()> {
    let mut stream = respond.send_response(head(), false)?;
    stream.send_data(frame(message)?, false)?;
    end(&mut stream)
}

async fn stream(respond: &mut SendResponse<Bytes>, messages: u32, pause: Duration) -> Result<()> {
    let mut stream = respond.send_response(head(), false)?;
    for _ in 0..messages {
        tokio::time::sleep(pause).await;
        stream.send_data(frame(&Bytes::new())?, false)?;
    }
    end(&mut stream)
}

fn end(stream: &mut h2::SendStream<Bytes>) -> Result<()> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers)?;
    Ok(())
}

/// Not compressed, its length, itself.
fn frame(message: &Bytes) -> Result<Bytes> {
    let mut frame = vec![0];
    frame.extend_from_slice(&u32::try_from(message.len())?.to_be_bytes());
    frame.extend_from_slice(message);
    Ok(frame.into())
}
