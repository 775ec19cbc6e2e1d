//! Answers until they are sent: what is made ahead of a reader is bounded, and
//! a reader that takes nothing is ended.
//!
//! Bytes that hyper was handed lie in the buffers of HTTP/2 until the client
//! grants room and takes them. So each piece counts until it is dropped there,
//! which is when it was written to the socket. What a call answers in little is
//! handed over at once and watched by its connection ([`Line`]); more goes in
//! pieces, no more ahead than a window is wide, watched by the call's task
//! ([`Unsent`]).

mod line;
mod unsent;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::executor;
use super::memory::MemoryBudget;
use line::Little;
use unsent::{Much, Piece, Unsent};

pub(super) use line::{Line, Stalls};
pub(super) use unsent::Progress;

/// An answer up to this size is handed over whole.
pub(super) const SMALL: usize = 16 << 10;
/// How much of one call is handed over ahead of its reader.
const AHEAD: usize = 64 << 10;
/// As much of a stream, whose messages come one by one.
const AHEAD_OF_STREAM: usize = 16 << 10;
/// How long a reader may take nothing while there is no room for others.
const UNDER_PRESSURE: Duration = Duration::from_secs(1);
/// How often readers are looked at who have something to take.
const TICK: Duration = Duration::from_secs(1);

/// What is watched of those who read answers.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    budget: MemoryBudget,
    patience: Duration,
}

impl Readers {
    /// Each takes something within `patience`, and sooner where there is no
    /// `room` for others.
    pub(super) fn new(budget: MemoryBudget, patience: Duration) -> Self {
        Self { budget, patience }
    }

    /// Whether one is to be ended who has taken nothing since then.
    fn bear(&self, since: Instant) -> bool {
        let patience = if self.budget.lacks(SMALL) {
            self.patience.min(UNDER_PRESSURE)
        } else {
            self.patience
        };
        since.elapsed() < patience
    }
}

pin_project_lite::pin_project! {
    /// A response's body that counts until it is sent.
    #[derive(Debug)]
    pub struct Sending<B> {
        #[pin]
        body: B,
        stream: bool,
        line: Arc<Line>,
        readers: Readers,
        unsent: Option<Arc<Unsent>>,
        // What is cut into pieces.
        rest: Bytes,
    }
}

impl<B> Sending<B> {
    pub(super) fn new(body: B, stream: bool, line: Arc<Line>, readers: Readers) -> Self {
        Self {
            body,
            stream,
            line,
            readers,
            unsent: None,
            rest: Bytes::new(),
        }
    }
}

impl<B: Body<Data = Bytes>> Body for Sending<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        loop {
            if let Some(unsent) = this.unsent {
                // The end waits for the rest: a call that is not over can be
                // ended.
                let most = match (this.rest.is_empty(), *this.stream) {
                    (false, _) => AHEAD,
                    (true, true) => AHEAD_OF_STREAM,
                    (true, false) => 1,
                };
                ready!(unsent.poll_below(most, cx));
                if !this.rest.is_empty() {
                    let piece = this.rest.split_to(this.rest.len().min(SMALL));
                    let piece = Piece::hand_over(piece, unsent);
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
            }
            let frame = match ready!(this.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                other => return Poll::Ready(other),
            };
            let data = match frame.into_data() {
                Ok(data) => data,
                Err(frame) => return Poll::Ready(Some(Ok(frame))),
            };
            let budget = &this.readers.budget;
            if data.len() <= SMALL && !*this.stream && this.unsent.is_none() {
                let little = Little::hand_over(data, this.line, budget);
                return Poll::Ready(Some(Ok(Frame::data(little))));
            }
            if this.unsent.is_none() {
                let unsent = Arc::default();
                executor::watch(Progress::new(&unsent, this.readers));
                *this.unsent = Some(unsent);
            }
            *this.rest = Much::whole(data, budget);
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
