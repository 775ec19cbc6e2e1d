//! Calls of any rpc, with bytes for messages.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{MetadataKey, MetadataMap};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};

/// How often a call is sent that no connection took up.
const SENT: usize = 3;

/// What to send beside the message.
#[derive(Debug, Clone, Default)]
pub(super) struct Call<'a> {
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) deadline: Option<Duration>,
}

/// A channel to `address` for calls of `authority`; connects when used.
pub(super) fn channel(address: &str, authority: &str) -> anyhow::Result<Channel> {
    Ok(Endpoint::from_shared(format!("http://{address}"))?
        .origin(format!("http://{authority}").parse()?)
        .connect_timeout(Duration::from_secs(10))
        .connect_lazy())
}

/// Calls a unary rpc with an empty message.
pub(super) async fn unary(channel: &Channel, path: &str, call: &Call<'_>) -> Code {
    match send(channel, path, Bytes::new(), call).await {
        Ok(_) => Code::Ok,
        Err(status) => status.code(),
    }
}

/// The same with a message of the rpc; returns that of the answer.
pub(super) async fn raw(channel: &Channel, path: &str, message: Bytes) -> Result<Bytes, Status> {
    send(channel, path, message, &Call::default()).await
}

pub(super) async fn send(
    channel: &Channel,
    path: &str,
    message: Bytes,
    call: &Call<'_>,
) -> Result<Bytes, Status> {
    let (mut grpc, path) = prepare(channel, path).await?;
    let mut sent = 1;
    loop {
        let request = request(message.clone(), call)?;
        match grpc.unary(request, path.clone(), Raw).await {
            Ok(answer) => return Ok(answer.into_inner()),
            // As every gRPC client does (gRFC A6), where tonic's does not.
            Err(status) if never_sent(&status) && sent < SENT => {
                sent += 1;
                (grpc, _) = prepare(channel, path.as_str()).await?;
            }
            Err(status) => return Err(status),
        }
    }
}

/// Whether the connection closed before it took the call up.
fn never_sent(status: &Status) -> bool {
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(hyper::Error::is_canceled) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Calls a server-streaming rpc with an empty message.
pub(super) async fn stream(
    channel: &Channel,
    path: &str,
    call: &Call<'_>,
) -> Result<Streaming<Bytes>, Status> {
    let (mut grpc, path) = prepare(channel, path).await?;
    let request = request(Bytes::new(), call)?;
    let answer = grpc.server_streaming(request, path, Raw).await?;
    Ok(answer.into_inner())
}

async fn prepare(channel: &Channel, path: &str) -> Result<(Grpc<Channel>, PathAndQuery), Status> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(format!("no connection: {error}")))?;
    let path = path
        .parse()
        .map_err(|_| Status::internal(format!("{path} is no path")))?;
    Ok((grpc, path))
}

fn request(message: Bytes, call: &Call<'_>) -> Result<Request<Bytes>, Status> {
    let mut request = Request::new(message);
    headers(request.metadata_mut(), call.headers)?;
    if let Some(deadline) = call.deadline {
        request.set_timeout(deadline);
    }
    Ok(request)
}

/// Adds `pairs` to `metadata`.
pub(super) fn headers(metadata: &mut MetadataMap, pairs: &[(&str, &str)]) -> Result<(), Status> {
    for (name, value) in pairs {
        let bad = |_| Status::internal(format!("{name}: {value} is no header"));
        let name = MetadataKey::from_bytes(name.as_bytes())
            .map_err(|_| Status::internal(format!("{name} is no header")))?;
        metadata.insert(name, value.parse().map_err(bad)?);
    }
    Ok(())
}

/// A codec that leaves messages as they are.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}

/// The body at a URL, whatever its status.
pub(crate) async fn get(url: &str) -> anyhow::Result<String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let response = client.get(url.parse()?).await?;
    let body = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec())?)
}
