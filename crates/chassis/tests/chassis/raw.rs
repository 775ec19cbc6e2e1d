//! Requests as no client of gRPC would send them.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use tokio::net::TcpStream;
use tonic::{Code, Status};

use crate::support::reason;

/// A request to `path` that any server of gRPC takes.
pub(crate) fn post(path: &str) -> http::request::Builder {
    Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

/// A message that holds `text`, as the body of a request.
pub(crate) fn message(text: &str) -> Vec<u8> {
    let field = [&[0x0a, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let length = u32::try_from(field.len()).unwrap().to_be_bytes();
    [&[0], &length[..], &field].concat()
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) http: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Answer {
    /// The status, wherever it is.
    pub(crate) fn status(&self) -> Status {
        let trailers = self.trailers.as_ref().and_then(Status::from_header_map);
        let status = trailers.or_else(|| Status::from_header_map(&self.headers));
        status.unwrap_or_else(|| panic!("no status in {self:?}"))
    }

    /// Checks code and reason.
    #[track_caller]
    pub(crate) fn says(&self, code: Code, why: &str) {
        let status = self.status();
        assert_eq!(status.code(), code, "{status:?}");
        assert_eq!(reason(&status), why, "{status:?}");
    }
}

/// Sends `request` with `body` and reads the answer.
pub(crate) async fn send(server: SocketAddr, request: Request<()>, body: &[u8]) -> Answer {
    let stream = TcpStream::connect(server).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (response, mut sending) = client.send_request(request, body.is_empty()).unwrap();
    if !body.is_empty() {
        let body = Bytes::copy_from_slice(body);
        sending.send_data(body, true).unwrap();
    }
    let (head, mut receiving) = response.await.unwrap().into_parts();
    let mut received = Vec::new();
    while let Some(data) = receiving.data().await {
        let data = data.unwrap();
        receiving
            .flow_control()
            .release_capacity(data.len())
            .unwrap();
        received.extend_from_slice(&data);
    }
    Answer {
        http: head.status,
        headers: head.headers,
        body: received,
        trailers: receiving.trailers().await.unwrap(),
    }
}
