//! One message each way.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine::DecodePaddingMode};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body_util::Full;
use prost::Message as _;
use tonic::body::Body;
use tonic::{Code, Status};

use super::{Codec, Connect, error};
use crate::calls::{self, Answer, Refused};
use crate::fault::http_status;
use crate::frames::too_large;
use crate::rpcs::Exposed;
use crate::{headers, json};

/// Padding is left out, or not.
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Connect {
    /// The answer to one message, the body.
    pub(crate) async fn post(
        &self,
        rpc: &Exposed,
        codec: Codec,
        request: Request<Body>,
    ) -> Response<Body> {
        let (head, body) = request.into_parts();
        let read = async {
            if let Some(encoding) = head.headers.get(header::CONTENT_ENCODING)
                && encoding != "identity"
            {
                return Err(compressed());
            }
            let body = match codec {
                Codec::Json => self.bodies.read_json(body).await?,
                Codec::Proto => self.bodies.read(body).await?,
            };
            Ok((asked(rpc, codec, &head, &body.bytes)?, body))
        };
        let answered = match read.await {
            // The body's room is taken until the call is answered.
            Ok((asked, _body)) => self.call(rpc, &head, asked).await,
            Err(status) => Err(self.refused(rpc, &head, status).await.into()),
        };
        self.finish(rpc, codec, answered)
    }

    /// The answer to one message in the query, of an rpc that only reads.
    pub(crate) async fn get(&self, rpc: &Exposed, request: Request<Body>) -> Response<Body> {
        let (head, _) = request.into_parts();
        let asked = query(head.uri.query().unwrap_or_default());
        let codec = asked.as_ref().map_or(Codec::Json, |(codec, _)| *codec);
        let asked = asked.and_then(|(codec, bytes)| {
            if bytes.len() > self.bodies.most() {
                return Err(too_large(self.bodies.most()));
            }
            if codec == Codec::Json {
                self.bodies.weigh(&bytes)?;
            }
            self::asked(rpc, codec, &head, &bytes.into())
        });
        let answered = match asked {
            Ok(asked) => self.call(rpc, &head, asked).await,
            Err(status) => Err(self.refused(rpc, &head, status).await.into()),
        };
        self.finish(rpc, codec, answered)
    }

    async fn call(&self, rpc: &Exposed, head: &Parts, asked: Asked) -> Result<Answer, Refused> {
        let (headers, message) = asked;
        let sent = self.calls.unary(rpc, headers, &head.extensions, &message);
        sent.await
    }

    async fn refused(&self, rpc: &Exposed, head: &Parts, status: Status) -> Status {
        let (headers, extensions) = (&head.headers, &head.extensions);
        self.calls.refused(rpc, headers, extensions, status).await
    }

    fn finish(
        &self,
        rpc: &Exposed,
        codec: Codec,
        answered: Result<Answer, Refused>,
    ) -> Response<Body> {
        let written = answered.and_then(|answer| {
            let message = match codec {
                Codec::Proto => answer.message,
                Codec::Json => {
                    let message = calls::decoded(rpc, answer.message)?;
                    Bytes::from(json::value(&message)?.to_string())
                }
            };
            Ok((message, answer.headers, answer.trailers))
        });
        match written {
            Ok((message, leading, trailing)) => {
                let mut response = Response::new(Body::new(Full::new(message)));
                let kind = HeaderValue::from_static(codec.media_type());
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                add(&leading, "", response.headers_mut());
                add(&trailing, "trailer-", response.headers_mut());
                response
            }
            Err(Refused { headers, status }) => {
                let body = error::json(&status, &self.details).to_string();
                let mut response = json::response(http_status(status.code()), body);
                add(&headers, "", response.headers_mut());
                let trailing = status.metadata().as_ref();
                // What came alone is both.
                let prefix = if headers.is_empty() { "" } else { "trailer-" };
                add(trailing, prefix, response.headers_mut());
                response
            }
        }
    }
}

/// What a call is made of.
type Asked = (HeaderMap, Bytes);

fn asked(rpc: &Exposed, codec: Codec, head: &Parts, bytes: &Bytes) -> Result<Asked, Status> {
    let mut headers = headers::of_connect(&head.headers);
    calls::take_timeout(&mut headers)?;
    let message = match codec {
        Codec::Proto => bytes.clone(),
        Codec::Json => json::parsed(rpc.input(), bytes)?.encode_to_vec().into(),
    };
    Ok((headers, message))
}

/// Metadata, under names that begin so.
fn add(metadata: &HeaderMap, prefix: &str, to: &mut HeaderMap) {
    for (name, value) in headers::metadata(metadata) {
        let name = HeaderName::from_bytes(format!("{prefix}{name}").as_bytes());
        if let Ok(name) = name {
            to.append(name, value.clone());
        }
    }
}

/// The message that a query carries.
fn query(text: &str) -> Result<(Codec, Vec<u8>), Status> {
    let (mut codec, mut message, mut base64) = (Codec::Json, Cow::Borrowed(""), false);
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        match (&*name, &*value) {
            ("encoding", "json") => codec = Codec::Json,
            ("encoding", "proto") => codec = Codec::Proto,
            ("encoding", _) => return Err(json::invalid("encoding", "must be json or proto")),
            ("base64", "1") => base64 = true,
            ("compression", "identity" | "") => {}
            ("compression", _) => return Err(compressed()),
            ("message", _) => message = value,
            _ => {}
        }
    }
    let bytes = if base64 {
        let decoded = URL_SAFE.decode(message.as_bytes());
        decoded.map_err(|_| json::invalid("message", "is no base64 for URLs"))?
    } else {
        message.into_owned().into_bytes()
    };
    Ok((codec, bytes))
}

/// `UNIMPLEMENTED`, by which a client knows to send it plain.
pub(super) fn compressed() -> Status {
    chassis::status::error(
        Code::Unimplemented,
        chassis::status::DOMAIN,
        "COMPRESSION_UNKNOWN",
        "compressed messages are not taken; send them as they are (identity)",
    )
}
