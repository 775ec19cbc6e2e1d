//! Requests of HTTP/1.1 that are answered before they were read to their end.
//!
//! Whoever is refused may still be sending, and two things would become of what nobody
//! reads: hyper closes the connection, on which its caller has sent the next request by
//! then; and what comes to a closed connection is answered by a reset, upon which the
//! answer is lost that its caller has not read yet. So the rest of a body is read and
//! dropped ([`Wanted`]), an answer says that its connection ends if that may be too much
//! ([`Unread::announce`]), and what still comes then is dropped after it
//! ([`Lender`](super::lent::Lender)).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::runtime::Handle;

/// What is read of a body that nobody wants, so that its connection can be called on
/// again.
const MOST: u64 = 1 << 20;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is not read yet of a connection's request: so many bytes, or an unknown number.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicU64>);

const UNKNOWN: u64 = u64::MAX;

impl Unread {
    /// Something came, which is part of the next request unless it is one of this.
    pub(super) fn came(&self) {
        let (relaxed, none) = (Ordering::Relaxed, 0);
        // As many as before if there are some.
        let _ = (self.0).compare_exchange(none, UNKNOWN, relaxed, relaxed);
    }

    /// Whether there is some.
    pub(super) fn is_some(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// Has an answer say that its connection ends, where more may be left of the request
    /// than is read for the next one's sake.
    pub(super) fn announce(&self, headers: &mut HeaderMap) {
        if self.0.load(Ordering::Relaxed) > MOST {
            let close = HeaderValue::from_static("close");
            headers.insert(header::CONNECTION, close);
        }
    }
}

/// A request's body, of which the rest is read when it is dropped.
#[derive(Debug)]
pub(super) struct Wanted {
    body: Option<Counted>,
    /// Whether the caller sends nothing before somebody asks for it.
    waits: bool,
}

impl Wanted {
    /// The body of a request with these headers.
    pub(super) fn new(body: Incoming, headers: &HeaderMap, unread: Unread) -> Self {
        let waits = headers.contains_key(header::EXPECT);
        let body = Counted { body, unread };
        if waits {
            body.unread.set(UNKNOWN);
        } else {
            body.count();
        }
        let body = Some(body);
        Self { body, waits }
    }
}

impl Body for Wanted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let body = self.body.take();
        let body = body.filter(|body| !self.waits && !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (body, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(PATIENCE, read(body)));
        }
    }
}

/// Reads the rest, unless it is too much.
async fn read(mut body: Counted) {
    let mut left = MOST;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(less) = left.checked_sub(size as u64) else {
            return;
        };
        left = less;
    }
}

/// A body that tells how much of it is not read.
#[derive(Debug)]
struct Counted {
    body: Incoming,
    unread: Unread,
}

impl Counted {
    fn count(&self) {
        let ended = self.body.is_end_stream();
        let rest = self.body.size_hint().exact();
        self.unread
            .set(if ended { 0 } else { rest.unwrap_or(UNKNOWN) });
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match frame {
            Some(Ok(_)) => self.count(),
            Some(Err(_)) => {}
            None => self.unread.set(0),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
