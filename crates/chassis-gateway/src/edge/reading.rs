//! Who takes nothing of an answer loses it: `--send-timeout`.
//!
//! hyper asks an answer's body for more only where its reader grants room. One that
//! grants none would hold its call, and the permit that it has, for as long as its
//! connection lasts: no layer is asked again. Over HTTP/2 the call's task is, and ends;
//! over HTTP/1.1 what waits is the write ([`Lent`](super::lent::Lent)).

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body as Answer;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio::time::{Sleep, sleep};

/// What a reader takes at once: less than that within the time counts as nothing.
const PIECE: usize = 16 << 10;

/// What a call was seen to wait for when it was last asked.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waits {
    /// Its reader, who has something to take.
    Reader,
    /// What makes the answer.
    Answer,
}

thread_local! {
    static SEEN: Cell<Option<Waits>> = const { Cell::new(None) };
}

pin_project_lite::pin_project! {
    /// An answer's body, in pieces, that says whom it waits for.
    #[derive(Debug)]
    pub(super) struct Taken {
        #[pin]
        body: Answer,
        rest: Bytes,
    }
}

impl Taken {
    /// Of an answer that is ready: from now on its reader is waited for.
    pub(super) fn new(body: Answer) -> Self {
        SEEN.set(Some(Waits::Reader));
        let rest = Bytes::new();
        Self { body, rest }
    }
}

impl Body for Taken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        if this.rest.is_empty() {
            SEEN.set(Some(Waits::Answer));
            let frame = ready!(this.body.poll_frame(context));
            SEEN.set(Some(Waits::Reader));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => *this.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        SEEN.set(Some(Waits::Reader));
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest + body.lower());
        if let Some(upper) = body.upper() {
            hint.set_upper(rest + upper);
        }
        hint
    }
}

/// Spawns the tasks of a connection's calls over HTTP/2.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallExecutor {
    /// How long a reader may take nothing.
    pub(super) send_timeout: Duration,
}

impl<F> Executor<F> for CallExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        tokio::spawn(Task {
            call,
            send_timeout: self.send_timeout,
            stalls: None,
        });
    }
}

pin_project_lite::pin_project! {
    struct Task<F> {
        #[pin]
        call: F,
        send_timeout: Duration,
        // While its reader is waited for.
        #[pin]
        stalls: Option<Sleep>,
    }
}

impl<F: Future<Output = ()>> Future for Task<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        SEEN.set(None);
        if this.call.poll(context).is_ready() {
            return Poll::Ready(());
        }
        match SEEN.take() {
            Some(Waits::Reader) => this.stalls.set(Some(sleep(*this.send_timeout))),
            Some(Waits::Answer) => this.stalls.set(None),
            // Not asked: as before.
            None => {}
        }
        if let Some(stalls) = this.stalls.as_pin_mut() {
            ready!(stalls.poll(context));
            // The stream is reset when it is dropped.
            tracing::debug!("a caller does not take its answer");
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
