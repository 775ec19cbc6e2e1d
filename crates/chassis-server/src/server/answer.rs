//! An answer on its way out of the service: within its limit, in the encoding
//! that was asked for, and no sooner than there is room for it.
//!
//! What a unary call answers is encoded as soon as it is there: then it is known
//! how much it takes, and what finds no room is refused while that can still be
//! said. A stream is not asked for more until there is room.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use chassis_core::call_info::CallInfo;
use chassis_core::rpc::{Kind, Rpc};
use chassis_grpc::status;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};

use super::encoding::Encodings;
use super::memory::{MemoryBudget, Queued};
use super::sending::SMALL;
use super::{fault, gzip};
use crate::server::ServerSettings;

/// What gRPC puts before each message.
const HEAD: usize = 5;

/// How answers are sent; clones share the room.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    limit: usize,
    budget: MemoryBudget,
    encodings: Encodings,
}

/// How one call is answered.
#[derive(Debug)]
pub struct Manner {
    answers: Answers,
    unary: bool,
    gzip: bool,
}

impl Answers {
    pub(super) fn new(settings: &ServerSettings, budget: MemoryBudget) -> Self {
        Self {
            limit: settings.messages.max_response_bytes,
            budget,
            encodings: Encodings::new(settings),
        }
    }

    /// How to answer `request`.
    ///
    /// # Errors
    /// `UNIMPLEMENTED` if its messages are compressed in an unknown way,
    /// `RESOURCE_EXHAUSTED` if too many answers wait to be taken.
    pub(super) fn manner(&self, request: &Request<Body>) -> Result<Manner, Status> {
        self.encodings.check(request.headers())?;
        let rpc =
            (request.extensions().get::<CallInfo>()).map_or_else(Rpc::default, |info| info.rpc);
        let kind = rpc.kind();
        if kind != Kind::Health && self.budget.is_overfull() {
            return Err(self.full());
        }
        let method = rpc.method;
        Ok(Manner {
            answers: self.clone(),
            unary: method.is_some_and(|method| !method.server_streaming),
            gzip: self.encodings.send(request.headers()),
        })
    }

    fn full(&self) -> Status {
        let message = "too many answers wait to be taken by their callers; try again later";
        self.budget.refusal(message)
    }

    fn too_large(&self, len: usize) -> Status {
        let message = format!(
            "the answer has {len} bytes, and at most {} are sent; ask for less at a time",
            self.limit
        );
        let (code, reason) = (Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
        status::error(code, status::DOMAIN, reason, &message)
    }
}

/// A response's body.
#[derive(Debug)]
pub struct Answer {
    /// `None` if all is here, or nothing more is sent.
    body: Option<Body>,
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
    /// `None` for what is sent as it is: it is no message.
    manner: Option<Manner>,
    queued: Option<Queued>,
}

impl Answer {
    /// A response that has its status in its headers, or none.
    pub(super) fn plain(response: Response<Body>) -> Response<Self> {
        response.map(|body| Self {
            body: Some(body),
            data: None,
            trailers: None,
            manner: None,
            queued: None,
        })
    }

    /// What a service answered.
    pub(super) fn new(
        response: Response<Body>,
        manner: Manner,
        cx: &mut Context<'_>,
    ) -> Response<Self> {
        // A status in the headers is an error: successes have theirs in trailers.
        if response.headers().contains_key(Status::GRPC_STATUS) {
            return Self::plain(fault::attribute(response));
        }
        let (mut head, body) = response.into_parts();
        if manner.gzip {
            Encodings::say(&mut head.headers);
        }
        let unary = manner.unary;
        let mut answer = Self {
            body: Some(body),
            data: None,
            trailers: None,
            manner: Some(manner),
            queued: None,
        };
        if unary && let Err(status) = answer.encode(cx) {
            return Self::plain(status.into_http());
        }
        Response::from_parts(head, answer)
    }

    /// Takes what there is of a unary answer, which is all of it.
    fn encode(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        let (Some(body), Some(manner)) = (&mut self.body, &self.manner) else {
            return Ok(());
        };
        match Pin::new(&mut *body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    let data = manner.message(data)?;
                    let answers = &manner.answers;
                    if data.len() > SMALL && answers.budget.lacks(data.len()) {
                        return Err(answers.full());
                    }
                    self.data = Some(data);
                }
                Err(frame) => self.trailers = frame.into_trailers().ok().map(fault::mend),
            },
            Poll::Ready(Some(Err(status))) => return Err(status),
            Poll::Ready(None) => self.body = None,
            Poll::Pending => return Ok(()),
        }
        if let Some(body) = &mut self.body
            && self.trailers.is_none()
            && let Poll::Ready(Some(Ok(frame))) = Pin::new(body).poll_frame(cx)
        {
            self.trailers = frame.into_trailers().ok().map(fault::mend);
        }
        if self.trailers.is_some() {
            // What it was encoded from is let go.
            self.body = None;
        }
        Ok(())
    }

    /// Ends with `status`.
    fn end(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.body = None;
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers)?;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}

impl Manner {
    /// The messages of `data`, in the encoding that was asked for.
    fn message(&self, data: Bytes) -> Result<Bytes, Status> {
        let mut rest = data.as_ref();
        let mut large = false;
        while let Some((_, len)) = head(rest) {
            if len > self.answers.limit {
                return Err(self.answers.too_large(len));
            }
            large |= len >= gzip::LEAST;
            rest = rest.get(HEAD + len..).unwrap_or_default();
        }
        Ok(if self.gzip && large {
            deflated(&data)
        } else {
            data
        })
    }
}

/// Flag and length of the message that begins here.
fn head(bytes: &[u8]) -> Option<(u8, usize)> {
    let [flag, a, b, c, d] = *bytes.first_chunk::<HEAD>()?;
    Some((flag, u32::from_be_bytes([a, b, c, d]) as usize))
}

/// The same messages, those in gzip that are worth it.
fn deflated(data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len() / 2);
    let mut rest = data;
    while let Some((flag, len)) = head(rest) {
        let (whole, after) = rest.split_at((HEAD + len).min(rest.len()));
        rest = after;
        let smaller = (flag == 0 && len >= gzip::LEAST)
            .then(|| gzip::deflate(&whole[HEAD..]))
            .flatten()
            .and_then(|small| Some((u32::try_from(small.len()).ok()?, small)))
            .filter(|(_, small)| small.len() < len);
        if let Some((len, small)) = smaller {
            out.put_u8(1);
            out.put_u32(len);
            out.extend_from_slice(&small);
        } else {
            out.extend_from_slice(whole);
        }
    }
    out.extend_from_slice(rest);
    out.freeze()
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if let Some(data) = this.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(trailers) = this.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let Some(manner) = &this.manner else {
            return Pin::new(body).poll_frame(cx);
        };
        let budget = &manner.answers.budget;
        if !manner.unary && budget.lacks(1) {
            ready!(this.queued.get_or_insert_with(|| budget.queue()).poll(cx));
        }
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if this.queued.take().is_some() {
            budget.tell_next();
        }
        let frame = match frame {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        match frame.into_data() {
            Ok(data) => match manner.message(data) {
                Ok(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
                Err(status) => this.end(&status),
            },
            Err(frame) => {
                let trailers = frame.into_trailers().map(fault::mend);
                Poll::Ready(trailers.ok().map(|trailers| Ok(Frame::trailers(trailers))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
            && self.trailers.is_none()
            && (self.body.as_ref()).is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) if self.manner.is_none() => body.size_hint(),
            _ => SizeHint::new(),
        }
    }
}
