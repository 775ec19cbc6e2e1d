//! REST: a path of `google.api.http` to its rpc, and back.

mod etag;
mod request;
mod stream;

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use prost::Message as _;
use serde_json::Value;
use tonic::Status;
use tonic::body::Body;

use crate::bodies::{Bodies, CollectedBody};
use crate::calls::{self, Calls};
use crate::fault::{self, Details};
use crate::rpcs::{Part, Rule};
use crate::template::Captured;
use crate::{headers, json};

/// What carries out requests of REST.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    pub(crate) calls: Calls,
    pub(crate) details: Details,
    pub(crate) bodies: Bodies,
    pub(crate) heartbeat: std::time::Duration,
}

impl Rest {
    /// The answer to a request that `rule` is for.
    pub(crate) async fn answer(
        &self,
        rule: &Rule,
        captured: Captured,
        request: Request<Body>,
    ) -> Response<Body> {
        let preconditions = etag::Preconditions::of(request.headers());
        let (head, body) = request.into_parts();
        let read = self.read(rule, captured, &head, body, &preconditions).await;
        let (status, http) = match read {
            Ok(call) => match self.carry_out(rule, &head, call, &preconditions).await {
                Ok(response) => return response,
                Err(status) => {
                    let http = preconditions.failed(&status);
                    (status, http)
                }
            },
            Err(status) => {
                let calls = &self.calls;
                let told = calls.refused(&rule.rpc, &head.headers, &head.extensions, status);
                let status = told.await;
                let http = fault::is_too_large(&status).then_some(StatusCode::PAYLOAD_TOO_LARGE);
                (status, http)
            }
        };
        let mut response = match http {
            Some(http) => self.details.answer_as(&status, http),
            None => self.details.answer(&status),
        };
        copy_request_id(status.metadata().as_ref(), response.headers_mut());
        response
    }

    /// What is asked, as a call has it.
    async fn read(
        &self,
        rule: &Rule,
        captured: Captured,
        head: &Parts,
        body: Body,
        preconditions: &etag::Preconditions,
    ) -> Result<Call, Status> {
        let mut headers = headers::of_rest(&head.headers);
        calls::take_timeout(&mut headers)?;
        request::check_media_type(&head.headers, rule)?;
        let body = self.bodies.read_json(body).await?;
        let mut value = request::value(rule, captured, head.uri.query(), &body.bytes)?;
        preconditions.put_into(&mut value, &rule.rpc.input());
        if rule.rpc.streams_answers()
            && let Some(last) = head.headers.get("last-event-id")
        {
            stream::resume(&mut value, last, &rule.rpc.input());
        }
        let message = json::message(rule.rpc.input(), value)?.encode_to_vec();
        Ok(Call {
            headers,
            message,
            _body: body,
        })
    }

    async fn carry_out(
        &self,
        rule: &Rule,
        head: &Parts,
        call: Call,
        preconditions: &etag::Preconditions,
    ) -> Result<Response<Body>, Status> {
        if rule.rpc.streams_answers() {
            let framed = crate::frames::framed(0, &call.message);
            let body = Body::new(http_body_util::Full::new(framed));
            let sent = self
                .calls
                .stream(&rule.rpc, call.headers, &head.extensions, body);
            let streamed = sent.await?;
            let events = stream::wants_events(&head.headers);
            let rpc = Arc::clone(&rule.rpc);
            let part = rule.answer.clone();
            return Ok(stream::answer(self, rpc, part, streamed, events));
        }
        let sent = self
            .calls
            .unary(&rule.rpc, call.headers, &head.extensions, &call.message);
        let answer = sent.await.map_err(|refused| refused.status)?;
        let value = json::value(&calls::decoded(&rule.rpc, answer.message)?)?;
        let etag = etag::of(&value);
        if let Some(etag) = &etag
            && head.method == Method::GET
            && preconditions.is_known(etag)
        {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().insert(header::ETAG, etag.clone());
            copy_request_id(&answer.headers, response.headers_mut());
            return Ok(response);
        }
        let mut response = json::response(StatusCode::OK, part_of(value, &rule.answer).to_string());
        if let Some(etag) = etag {
            response.headers_mut().insert(header::ETAG, etag);
        }
        copy_request_id(&answer.headers, response.headers_mut());
        Ok(response)
    }
}

/// A request that was understood.
struct Call {
    headers: HeaderMap,
    message: Vec<u8>,
    /// Its room is taken until the call is answered.
    _body: CollectedBody,
}

/// What of an answer `response_body` names.
fn part_of(value: Value, part: &Part) -> Value {
    let Part::Field(field) = part else {
        return value;
    };
    let mut value = value;
    let found = value
        .as_object_mut()
        .and_then(|it| it.remove(field.json_name()));
    found.unwrap_or_else(|| {
        if field.is_list() {
            Value::Array(Vec::new())
        } else {
            Value::Null
        }
    })
}

fn copy_request_id(from: &HeaderMap, to: &mut HeaderMap) {
    if let Some(id) = from.get("x-request-id") {
        to.insert("x-request-id", id.clone());
    }
}
