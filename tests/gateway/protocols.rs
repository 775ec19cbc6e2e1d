//! One call by each protocol that the gateway speaks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Buf as _, BufMut as _, Bytes};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::outcome::{Outcome, bytes_of, json_of};

/// A call of the sample's service.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) rpc: &'static str,
    pub(crate) request: Value,
    /// The same as REST has it.
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// Names of what it takes and gives.
const TYPES: [(&str, &str); 6] = [
    ("CreateOrder", "Order"),
    ("GetOrder", "Order"),
    ("ListOrders", "ListOrdersResponse"),
    ("UpdateOrder", "Order"),
    ("CancelOrder", "Order"),
    ("WatchOrders", "WatchOrdersResponse"),
];

const PACKAGE: &str = "acme.order.v1";

impl Call {
    pub(crate) fn url(&self) -> String {
        format!("/{PACKAGE}.OrderService/{}", self.rpc)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        bytes_of(&format!("{PACKAGE}.{}Request", self.rpc), &self.request)
    }

    pub(crate) fn answer(&self, bytes: &[u8]) -> Value {
        let (_, answer) = TYPES.iter().find(|(rpc, _)| *rpc == self.rpc).unwrap();
        json_of(&format!("{PACKAGE}.{answer}"), bytes)
    }
}

/// Bytes as they are.
#[derive(Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
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
        let left = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(left)))
    }
}

/// By gRPC, to the server itself or through the gateway.
pub(crate) async fn grpc(address: &str, call: &Call) -> Outcome {
    let endpoint = tonic::transport::Channel::from_shared(address.to_owned()).unwrap();
    unary(endpoint.connect().await.unwrap(), call).await
}

/// By gRPC-Web, over HTTP/1.1.
pub(crate) async fn grpc_web(address: &str, call: &Call) -> Outcome {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let service = tower::ServiceBuilder::new()
        .layer(tonic_web::GrpcWebClientLayer::new())
        .service(client);
    let origin = address.parse().unwrap();
    let mut client = tonic::client::Grpc::with_origin(service, origin);
    client.ready().await.unwrap();
    let path = call.url().parse().unwrap();
    let request = tonic::Request::new(Bytes::from(call.bytes()));
    match client.unary(request, path, Raw).await {
        Ok(answer) => Outcome::ok(vec![call.answer(&answer.into_inner())]),
        Err(status) => Outcome::of_status(&status),
    }
}

async fn unary(channel: tonic::transport::Channel, call: &Call) -> Outcome {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let path = call.url().parse().unwrap();
    let request = tonic::Request::new(Bytes::from(call.bytes()));
    match client.unary(request, path, Raw).await {
        Ok(answer) => Outcome::ok(vec![call.answer(&answer.into_inner())]),
        Err(status) => Outcome::of_status(&status),
    }
}

/// One HTTP/1.1 request.
pub(crate) async fn http(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

pub(crate) fn json(response: &Response<Bytes>) -> Value {
    let body = response.body();
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {body:?}"))
}

/// By Connect, with messages in JSON.
pub(crate) async fn connect_json(address: &str, call: &Call) -> Outcome {
    let url = format!("{address}{}", call.url());
    let kind = [("content-type", "application/json")];
    let answer = http(Method::POST, &url, &kind, call.request.to_string()).await;
    if answer.status().is_success() {
        Outcome::ok(vec![json(&answer)])
    } else {
        Outcome::of_connect(&json(&answer))
    }
}

/// By Connect, with messages in protobuf.
pub(crate) async fn connect_proto(address: &str, call: &Call) -> Outcome {
    let url = format!("{address}{}", call.url());
    let kind = [("content-type", "application/proto")];
    let answer = http(Method::POST, &url, &kind, call.bytes()).await;
    of_connect_proto(call, &answer)
}

fn of_connect_proto(call: &Call, answer: &Response<Bytes>) -> Outcome {
    if answer.status().is_success() {
        Outcome::ok(vec![call.answer(answer.body())])
    } else {
        Outcome::of_connect(&json(answer))
    }
}

/// By Connect, with the message in the query.
pub(crate) async fn connect_get(address: &str, call: &Call) -> Outcome {
    let message = URL_SAFE_NO_PAD.encode(call.bytes());
    let query = format!("connect=v1&encoding=proto&base64=1&message={message}");
    let url = format!("{address}{}?{query}", call.url());
    let answer = http(Method::GET, &url, &[], "").await;
    of_connect_proto(call, &answer)
}

/// By REST.
pub(crate) async fn rest(address: &str, call: &Call) -> Outcome {
    let url = format!("{address}{}", call.path);
    let (body, kind) = match &call.body {
        Some(body) => (body.to_string(), Some(("content-type", "application/json"))),
        None => (String::new(), None),
    };
    let answer = http(call.method.clone(), &url, kind.as_slice(), body).await;
    let value = json(&answer);
    if answer.status().is_success() {
        return Outcome::ok(vec![value]);
    }
    assert_eq!(value["error"]["code"], answer.status().as_u16());
    Outcome::of_rest(&value)
}

/// The envelopes of a Connect stream: the messages, and how it ended.
pub(crate) fn envelopes(mut bytes: Bytes) -> (Vec<Bytes>, Value) {
    let mut messages = Vec::new();
    loop {
        let flags = bytes.get_u8();
        let size = bytes.get_u32() as usize;
        let message = bytes.split_to(size);
        if flags & 2 != 0 {
            assert!(bytes.is_empty());
            return (messages, serde_json::from_slice(&message).unwrap());
        }
        messages.push(message);
    }
}

/// A header, or nothing.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).map(|value| value.to_str().unwrap());
    value.unwrap_or_default()
}
