//! OTLP over HTTP, as platforms ask for that set `http/protobuf` for all that
//! they run.
//!
//! Own code on the HTTP that the service has anyway: the clients that come with
//! the exporter are dozens of crates more.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chassis_core::values::SecretUrl;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::{Loss, Target};

/// Most bytes of an answer, which says little.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Sends exports, on the runtime that it was made in: those who call it have none.
#[derive(Debug)]
pub(super) struct Client {
    runtime: Handle,
    collector: Arc<Collector>,
}

/// One collector, and a connection to it that is kept.
#[derive(Debug)]
struct Collector {
    host: String,
    port: u16,
    authority: HeaderValue,
    timeout: Duration,
    #[cfg(feature = "tls")]
    tls: Option<super::super::tls::Connector>,
    kept: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Client {
    /// # Errors
    /// When the target is under TLS that its files cannot make.
    pub(super) fn new(target: &Target) -> Result<Self, Loss> {
        let shown = SecretUrl::from(target.url.clone());
        let no_host = || format!("the endpoint {shown} names no host");
        let url: Uri = target.url.parse().map_err(|_| no_host())?;
        let host = url.host().ok_or_else(no_host)?;
        let (authority, usual) = match (url.port_u16(), url.scheme_str()) {
            (Some(port), _) => (format!("{host}:{port}"), port),
            (None, Some("https")) => (host.to_owned(), 443),
            (None, _) => (host.to_owned(), 80),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let collector = Collector {
            host: host.to_owned(),
            port: url.port_u16().unwrap_or(usual),
            authority: HeaderValue::try_from(authority).map_err(|_| no_host())?,
            timeout: target.timeout,
            #[cfg(feature = "tls")]
            tls: match &target.files {
                Some(files) => Some(files.for_http(host)?),
                None => None,
            },
            kept: Mutex::new(None),
        };
        Ok(Self {
            runtime: Handle::current(),
            collector: Arc::new(collector),
        })
    }
}

#[tonic::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let collector = Arc::clone(&self.collector);
        let sent = self.runtime.spawn(async move {
            let patience = collector.timeout;
            tokio::time::timeout(patience, collector.send(request)).await
        });
        sent.await??
    }
}

impl Collector {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = request.map(Full::new);
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.unwrap_or(PathAndQuery::from_static("/")).into();
        request.headers_mut().insert(HOST, self.authority.clone());

        let mut kept = self.kept.lock().await;
        loop {
            let (mut connection, fresh) = match kept.take() {
                Some(connection) => (connection, false),
                None => (self.connect().await?, true),
            };
            match connection.try_send_request(request).await {
                Ok(answer) => {
                    let (parts, body) = answer.into_parts();
                    let body = Limited::new(body, MAX_ANSWER).collect().await?;
                    *kept = Some(connection);
                    return Ok(Response::from_parts(parts, body.to_bytes()));
                }
                Err(mut error) => match error.take_message() {
                    // The collector has closed the one that was kept, and got
                    // nothing of this.
                    Some(unsent) if !fresh => request = unsent,
                    _ => return Err(error.into_error().into()),
                },
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, HttpError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return begin(tls.connect(stream).await?).await;
        }
        begin(stream).await
    }
}

async fn begin(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, HttpError> {
    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
    // That it ended is seen by whoever sends next.
    tokio::spawn(driver);
    Ok(connection)
}
