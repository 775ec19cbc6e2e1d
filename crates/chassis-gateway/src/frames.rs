//! Messages in a body of gRPC or Connect: five bytes before each, four of them its
//! size.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use chassis::status;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::{Code, Status};

const PREFIX: usize = 5;

/// `ErrorInfo.reason` of what is larger than it may be.
pub(crate) const TOO_LARGE: &str = "MESSAGE_TOO_LARGE";

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    /// Bit 0: compressed; bit 1: the end of a Connect stream.
    pub(crate) flags: u8,
    pub(crate) bytes: Bytes,
}

/// The messages of a body, one after the other.
#[derive(Debug)]
pub(crate) struct Messages {
    body: Body,
    read: BytesMut,
    most: usize,
    trailers: Option<HeaderMap>,
}

impl Messages {
    /// Of `body`; none larger than `most` bytes.
    pub(crate) fn new(body: Body, most: usize) -> Self {
        Self {
            body,
            read: BytesMut::new(),
            most,
            trailers: None,
        }
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// If the body breaks off, or a message is too large.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            let Some(frame) = self.body.frame().await else {
                return if self.read.is_empty() {
                    Ok(None)
                } else {
                    Err(broken_off())
                };
            };
            match frame?.into_data() {
                Ok(data) => self.read.extend_from_slice(&data),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
    }

    /// What came after the last message, however often it is asked for.
    pub(crate) fn trailers(&self) -> HeaderMap {
        self.trailers.clone().unwrap_or_default()
    }

    fn take(&mut self) -> Result<Option<Message>, Status> {
        let Some(&[flags, a, b, c, d]) = self.read.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let size = u32::from_be_bytes([a, b, c, d]) as usize;
        if size > self.most {
            return Err(too_large(self.most));
        }
        if self.read.len() < PREFIX + size {
            return Ok(None);
        }
        self.read.advance(PREFIX);
        let bytes = self.read.split_to(size).freeze();
        Ok(Some(Message { flags, bytes }))
    }
}

/// A message with its prefix.
pub(crate) fn framed(flags: u8, message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(PREFIX + message.len());
    out.put_u8(flags);
    // Larger ones are refused before.
    out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    out.put_slice(message);
    out.freeze()
}

/// `RESOURCE_EXHAUSTED`, as gRPC says of messages over the limit.
pub(crate) fn too_large(most: usize) -> Status {
    status::error(
        Code::ResourceExhausted,
        status::DOMAIN,
        TOO_LARGE,
        &format!("a message may have {most} bytes; send less in one"),
    )
}

fn broken_off() -> Status {
    status::error(
        Code::InvalidArgument,
        status::DOMAIN,
        "MESSAGE_BROKEN_OFF",
        "the body ends within a message",
    )
}
