//! The stream of a watch.

use std::collections::VecDeque;
use std::pin::Pin;

use chassis::ending::Ending;
use futures_util::stream::{self, Stream};
use store::Event;
use tonic::Status;

use super::status::{Answers, status};
use crate::watch::Watch;

/// What a watch answers.
pub type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

struct Streaming<R: Answers, T> {
    watch: Watch<R>,
    ending: Ending,
    encode: fn(Option<Event<R>>, String) -> T,
    ready: VecDeque<T>,
}

/// A bookmark, then every event; ends when its connection does. `encode` makes a
/// response of an event, or of none: a bookmark, and the token to resume from.
pub fn responses<R: Answers, T: Send + 'static>(
    watch: Watch<R>,
    ending: Ending,
    encode: fn(Option<Event<R>>, String) -> T,
) -> Responses<T> {
    let ready = VecDeque::from([encode(None, watch.token())]);
    let streaming = Streaming {
        watch,
        ending,
        encode,
        ready,
    };
    // The state is gone after an error: the stream ends with it.
    Box::pin(stream::unfold(Some(streaming), async |streaming| {
        let mut streaming = streaming?;
        match streaming.next().await {
            Ok(response) => Some((Ok(response), Some(streaming))),
            Err(status) => Some((Err(status), None)),
        }
    }))
}

impl<R: Answers, T> Streaming<R, T> {
    async fn next(&mut self) -> Result<T, Status> {
        loop {
            if let Some(response) = self.ready.pop_front() {
                return Ok(response);
            }
            let events = tokio::select! {
                biased;
                status = self.ending.wait() => return Err(status),
                events = self.watch.next() => events.map_err(status::<R>)?,
            };
            let events = events.ok_or_else(chassis::status::draining)?;
            if events.is_empty() {
                // Nothing matched: only the place moves on, so that a rare
                // filter does not resume from expired history.
                let bookmark = (self.encode)(None, self.watch.token());
                self.ready.push_back(bookmark);
            }
            for event in events {
                let token = self.watch.token_at(event.position);
                self.ready.push_back((self.encode)(Some(event), token));
            }
        }
    }
}
