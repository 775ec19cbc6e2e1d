//! Streams: each message in an envelope, and an end that says how it went.

use std::sync::Arc;

use bytes::Bytes;
use chassis::status;
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body::Frame;
use http_body_util::StreamBody;
use prost::Message as _;
use serde_json::{Map, Value};
use tonic::body::Body;
use tonic::{Code, Status};

use super::unary::compressed;
use super::{Codec, Connect, Kind, error};
use crate::bodies::Bodies;
use crate::calls::{self, Streamed};
use crate::fault::http_status;
use crate::frames::{Messages, framed};
use crate::rpcs::Exposed;
use crate::{headers, json};

/// Of the envelope that ends a stream.
const END: u8 = 0b10;

impl Connect {
    /// The answer to a stream of messages, which may be one.
    pub(crate) async fn stream(
        &self,
        rpc: &Arc<Exposed>,
        codec: Codec,
        request: Request<Body>,
    ) -> Response<Body> {
        let begun = self.begin(rpc, codec, request).await;
        let mut response = match begun {
            Ok(streamed) => {
                let leading = streamed.headers.clone();
                let mut response = Response::new(self.envelopes(rpc, codec, streamed));
                for (name, value) in headers::metadata(&leading) {
                    response.headers_mut().append(name, value.clone());
                }
                response
            }
            Err(status) => {
                let trailing = status.metadata().as_ref().clone();
                let end = self.end(Some(&status), &trailing);
                Response::new(Body::new(http_body_util::Full::new(end)))
            }
        };
        let kind = HeaderValue::from_static(codec.stream_type());
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    async fn begin(
        &self,
        rpc: &Arc<Exposed>,
        codec: Codec,
        request: Request<Body>,
    ) -> Result<Streamed, Status> {
        let (head, body) = request.into_parts();
        if let Some(encoding) = head.headers.get("connect-content-encoding")
            && encoding != "identity"
        {
            return Err(compressed());
        }
        let mut headers = headers::of_connect(&head.headers);
        calls::take_timeout(&mut headers)?;
        let messages = Messages::new(body, self.bodies.most());
        let body = if rpc.streams_requests() {
            requests(Arc::clone(rpc), codec, messages, self.bodies.clone())
        } else {
            Body::new(http_body_util::Full::new(
                single(rpc, codec, messages, &self.bodies).await?,
            ))
        };
        self.calls
            .stream(rpc, headers, &head.extensions, body)
            .await
    }

    /// What comes, and how it ends.
    fn envelopes(&self, rpc: &Arc<Exposed>, codec: Codec, streamed: Streamed) -> Body {
        let (this, rpc) = (self.clone(), Arc::clone(rpc));
        let frames = stream::unfold(Some(streamed), move |streamed| {
            let (this, rpc) = (this.clone(), Arc::clone(&rpc));
            async move {
                let mut streamed = streamed?;
                let next = streamed.next().await;
                let written = match next {
                    Ok(Some(message)) => encoded(&rpc, codec, message).map(Some),
                    Ok(None) => Ok(None),
                    Err(status) => Err(status),
                };
                let (bytes, rest) = match written {
                    Ok(Some(bytes)) => (framed(0, &bytes), Some(streamed)),
                    Ok(None) => (this.end(None, &streamed.messages.trailers()), None),
                    Err(status) => {
                        let trailing = status.metadata().as_ref().clone();
                        (this.end(Some(&status), &trailing), None)
                    }
                };
                Some((Ok::<_, Status>(Frame::data(bytes)), rest))
            }
        });
        Body::new(StreamBody::new(frames))
    }

    /// The answer to a call that there is none for.
    pub(crate) fn refuse(&self, kind: Kind, status: &Status) -> Response<Body> {
        let Kind::Stream(codec) = kind else {
            let body = error::json(status, &self.details).to_string();
            return json::response(http_status(status.code()), body);
        };
        let end = self.end(Some(status), &HeaderMap::new());
        let mut response = Response::new(Body::new(http_body_util::Full::new(end)));
        let kind = HeaderValue::from_static(codec.stream_type());
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    /// The last envelope.
    fn end(&self, status: Option<&Status>, trailing: &HeaderMap) -> Bytes {
        let mut out = Map::new();
        if let Some(status) = status {
            out.insert("error".to_owned(), error::json(status, &self.details));
        }
        let mut metadata: Map<String, Value> = Map::new();
        for (name, value) in headers::metadata(trailing) {
            let values = metadata
                .entry(name.as_str())
                .or_insert_with(|| Value::Array(Vec::new()));
            if let (Some(values), Ok(text)) = (values.as_array_mut(), value.to_str()) {
                values.push(text.into());
            }
        }
        if !metadata.is_empty() {
            out.insert("metadata".to_owned(), metadata.into());
        }
        framed(END, Value::Object(out).to_string().as_bytes())
    }
}

/// The one message of a caller that streams none.
async fn single(
    rpc: &Exposed,
    codec: Codec,
    mut messages: Messages,
    bodies: &Bodies,
) -> Result<Bytes, Status> {
    let first = messages.next().await?;
    let first = first.ok_or_else(|| cardinality("the call has no message; send one"))?;
    let message = request(rpc, codec, &first, bodies)?;
    if messages.next().await?.is_some() {
        return Err(cardinality("the call has more than one message; send one"));
    }
    Ok(message)
}

/// `UNIMPLEMENTED`, as gRPC has it.
fn cardinality(why: &str) -> Status {
    status::error(Code::Unimplemented, status::DOMAIN, "NOT_ONE_MESSAGE", why)
}

/// The messages of a caller, as they come.
fn requests(rpc: Arc<Exposed>, codec: Codec, messages: Messages, bodies: Bodies) -> Body {
    let frames = stream::unfold(Some(messages), move |messages| {
        let (rpc, bodies) = (Arc::clone(&rpc), bodies.clone());
        async move {
            let mut messages = messages?;
            let next = match messages.next().await {
                Ok(Some(message)) => request(&rpc, codec, &message, &bodies),
                Ok(None) => return None,
                Err(status) => Err(status),
            };
            Some(match next {
                Ok(bytes) => (Ok(Frame::data(bytes)), Some(messages)),
                Err(status) => (Err(status), None),
            })
        }
    });
    Body::new(StreamBody::new(frames.fuse()))
}

/// A caller's message, framed for gRPC.
fn request(
    rpc: &Exposed,
    codec: Codec,
    message: &crate::frames::Message,
    bodies: &Bodies,
) -> Result<Bytes, Status> {
    if message.flags != 0 {
        let why = "a message has flags, but the call said nothing of compression";
        let reason = "COMPRESSION_UNDECLARED";
        return Err(status::error(Code::Internal, status::DOMAIN, reason, why));
    }
    match codec {
        Codec::Proto => Ok(framed(0, &message.bytes)),
        Codec::Json => {
            bodies.weigh(&message.bytes)?;
            let message = json::parsed(rpc.input(), &message.bytes)?;
            Ok(framed(0, &message.encode_to_vec()))
        }
    }
}

fn encoded(rpc: &Exposed, codec: Codec, message: Bytes) -> Result<Bytes, Status> {
    match codec {
        Codec::Proto => Ok(message),
        Codec::Json => {
            let message = calls::decoded(rpc, message)?;
            Ok(Bytes::from(json::value(&message)?.to_string()))
        }
    }
}
