//! A request's messages on their way to the service: each is judged and weighed
//! before any of it is decoded.
//!
//! Whatever a service sets for itself, what is too large is refused here, on
//! every message of a stream; and so is what would grow in memory: two bytes on
//! the wire can be an element of hundreds. What is on its way and what it is
//! decoded to count together, until the call is answered.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chassis_core::contract::{Scale, Shape};
use chassis_core::rpc::Rpc;
use chassis_grpc::status;
use http_body::{Body, Frame, SizeHint};
use tonic::{Code, Status};

use super::gzip::{Fault, Inflate};
use super::memory::{MemoryBudget, Reservation};
use crate::server::ServerSettings;

/// What gRPC puts before each message.
const HEAD: usize = 5;

/// What requests may weigh; clones share the room.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    message: usize,
    /// What a message may take, once decoded, beyond twice its size.
    decoded: usize,
    budget: MemoryBudget,
}

impl Bounds {
    pub(super) fn new(settings: &ServerSettings, budget: MemoryBudget) -> Self {
        Self {
            message: settings.messages.max_request_bytes,
            decoded: settings.messages.max_decoded_bytes,
            budget,
        }
    }

    /// The room for all requests.
    pub(super) fn budget(&self) -> MemoryBudget {
        self.budget.clone()
    }

    /// What one call takes of the room.
    pub(super) fn reserve(&self) -> Arc<Reservation> {
        Arc::new(self.budget.reserve())
    }

    /// What a message of `len` bytes may take once it is decoded: together there
    /// is room for both.
    fn decoded(&self, len: usize) -> usize {
        let grown = (2 * len).saturating_add(self.decoded);
        grown.min(self.budget.most().saturating_sub(len))
    }
}

/// A request's body whose messages are judged.
#[derive(Debug)]
pub(super) struct Received<B> {
    body: B,
    bounds: Bounds,
    shape: Option<&'static Shape>,
    /// Whether messages are let go before the call is answered.
    streams: bool,
    /// Whether messages may be compressed: `grpc-encoding`.
    gzip: bool,
    reservation: Arc<Reservation>,
    head: [u8; HEAD],
    have: usize,
    message: Message,
    /// What the messages that are whole take decoded.
    decoded: usize,
    /// What was compressed.
    inflated: VecDeque<Bytes>,
    failed: bool,
}

/// The message that is on its way.
#[derive(Debug, Default)]
struct Message {
    len: usize,
    left: usize,
    scale: Option<Scale>,
    inflate: Option<Inflate>,
}

impl<B> Received<B> {
    pub(super) fn new(
        body: B,
        rpc: Rpc,
        gzip: bool,
        bounds: Bounds,
        reservation: Arc<Reservation>,
    ) -> Self {
        Self {
            body,
            bounds,
            shape: rpc.method.and_then(|method| method.request),
            streams: rpc.method.is_some_and(|method| method.client_streaming),
            gzip,
            reservation,
            head: [0; HEAD],
            have: 0,
            message: Message::default(),
            decoded: 0,
            inflated: VecDeque::new(),
            failed: false,
        }
    }

    /// Judges what came; returns it if it goes on as it is.
    fn take(&mut self, data: Bytes) -> Result<Option<Bytes>, Status> {
        if self.streams {
            // Whoever asks for more has taken what was there.
            self.decoded = 0;
        }
        let mut whole = 0;
        let mut at = 0;
        while at < data.len() {
            if self.have < HEAD {
                let taken = (HEAD - self.have).min(data.len() - at);
                self.head[self.have..self.have + taken].copy_from_slice(&data[at..at + taken]);
                self.have += taken;
                at += taken;
                if self.have == HEAD {
                    self.begin()?;
                }
            } else {
                let taken = self.message.left.min(data.len() - at);
                self.pass(&data, at, taken)?;
                at += taken;
            }
            if self.have == HEAD && self.message.left == 0 {
                self.end()?;
                whole = whole.max(self.message.len);
            }
        }
        self.hold(whole)?;
        Ok((!self.gzip).then_some(data))
    }

    /// A message begins.
    fn begin(&mut self) -> Result<(), Status> {
        let [flag, a, b, c, d] = self.head;
        let len = u32::from_be_bytes([a, b, c, d]) as usize;
        if len > self.bounds.message {
            return Err(self.too_large(&format!("{len} bytes")));
        }
        let compressed = match flag {
            0 => false,
            1 if self.gzip => true,
            // The specification of gRPC's compression asks for this code.
            1 => {
                return Err(status::error(
                    Code::Internal,
                    status::DOMAIN,
                    "MALFORMED_MESSAGE",
                    "the message has its Compressed-Flag set, but the call has no grpc-encoding \
                     other than identity; send the header, or the message as it is",
                ));
            }
            _ => {
                return Err(malformed(
                    "the message's Compressed-Flag is neither 0 nor 1",
                ));
            }
        };
        self.message = Message {
            len,
            left: len,
            scale: (self.shape.filter(|_| !compressed)).map(|shape| Scale::new(shape, len)),
            inflate: compressed.then(|| Inflate::new(self.bounds.message)),
        };
        if self.gzip && !compressed {
            self.inflated.push_back(Bytes::copy_from_slice(&self.head));
        }
        Ok(())
    }

    /// A piece of the message.
    fn pass(&mut self, data: &Bytes, at: usize, len: usize) -> Result<(), Status> {
        let piece = &data[at..at + len];
        self.message.left -= len;
        if let Some(inflate) = &mut self.message.inflate {
            inflate.add(piece).map_err(|fault| self.fault(&fault))?;
            return Ok(());
        }
        if self.gzip {
            self.inflated.push_back(data.slice(at..at + len));
        }
        if let Some(scale) = &mut self.message.scale {
            scale.add(piece);
            let weight = scale.weight();
            self.bear(weight, self.message.len)?;
        }
        Ok(())
    }

    /// The message is whole.
    fn end(&mut self) -> Result<(), Status> {
        self.have = 0;
        if let Some(inflate) = self.message.inflate.take() {
            let pieces = inflate.end().map_err(|fault| self.fault(&fault))?;
            let len = pieces.iter().map(Bytes::len).sum();
            let mut scale = self.shape.map(|shape| Scale::new(shape, len));
            if let Some(scale) = &mut scale {
                for piece in &pieces {
                    scale.add(piece);
                }
                self.bear(scale.weight(), len)?;
            }
            let [a, b, c, d] = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
            let head = Bytes::copy_from_slice(&[0, a, b, c, d]);
            self.inflated.push_back(head);
            self.inflated.extend(pieces);
            (self.message.len, self.message.scale) = (len, scale);
        }
        let scale = self.message.scale.take();
        self.decoded += scale.map_or(self.message.len, |scale| scale.weight());
        Ok(())
    }

    /// Refuses what would take too much once it is decoded.
    fn bear(&self, weight: usize, len: usize) -> Result<(), Status> {
        if weight > self.bounds.decoded(len) {
            return Err(self.too_large(&format!(
                "{len} bytes, but more than {} once its many parts are decoded",
                self.bounds.decoded(len),
            )));
        }
        Ok(())
    }

    /// Counts what is here, of which a message of `whole` bytes is about to be
    /// decoded.
    fn hold(&self, whole: usize) -> Result<(), Status> {
        let message = &self.message;
        let begun = if self.have == 0 {
            0
        } else {
            message.len - message.left
        };
        let inflated = message.inflate.as_ref().map_or(0, Inflate::len);
        let growing = message.scale.as_ref().map_or(0, Scale::weight);
        let received = whole.max(begun) + inflated;
        self.reservation.hold(received + growing + self.decoded)
    }

    fn too_large(&self, what: &str) -> Status {
        let message = format!(
            "the message has {what}; at most {} are taken: send less at a time",
            self.bounds.message
        );
        let (code, reason) = (Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
        status::error(code, status::DOMAIN, reason, &message)
    }

    fn fault(&self, fault: &Fault) -> Status {
        match fault {
            Fault::TooLarge => self.too_large("more bytes once inflated"),
            Fault::Broken => malformed("the message is not compressed as grpc-encoding says"),
        }
    }
}

fn malformed(message: &str) -> Status {
    let (code, reason) = (Code::InvalidArgument, "MALFORMED_MESSAGE");
    status::error(code, status::DOMAIN, reason, message)
}

impl<B> Body for Received<B>
where
    B: Body<Data = Bytes, Error = Status> + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        loop {
            if let Some(piece) = self.inflated.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if self.failed {
                return Poll::Ready(None);
            }
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                other => return Poll::Ready(other),
            };
            let data = match frame.into_data() {
                Ok(data) => data,
                Err(frame) => return Poll::Ready(Some(Ok(frame))),
            };
            match self.take(data) {
                Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(None) => {}
                Err(status) => {
                    self.failed = true;
                    self.inflated.clear();
                    return Poll::Ready(Some(Err(status)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failed || (self.inflated.is_empty() && self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        if self.gzip {
            SizeHint::new()
        } else {
            self.body.size_hint()
        }
    }
}

impl<B> Drop for Received<B> {
    fn drop(&mut self) {
        // What was received is let go; what it was decoded to lives on.
        let _ = self.reservation.hold(self.decoded);
    }
}
