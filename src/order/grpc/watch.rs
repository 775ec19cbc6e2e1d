//{% capture source %}§{% raw %}
//! The stream of a watch.

use std::collections::VecDeque;
use std::pin::Pin;

use chassis::ending::Ending;
use futures_util::stream::{self, Stream};
use tonic::Status;

use super::{encode, status};
use crate::order::service::OrderWatch;
use crate::proto::acme::order::v1::WatchOrdersResponse;

pub(super) type Responses = Pin<Box<dyn Stream<Item = Result<WatchOrdersResponse, Status>> + Send>>;

struct Watching {
    watch: OrderWatch,
    ending: Ending,
    ready: VecDeque<WatchOrdersResponse>,
}

/// A bookmark, then every event; ends when its connection does.
pub(super) fn responses(watch: OrderWatch, ending: Ending) -> Responses {
    let ready = VecDeque::from([encode::bookmark(watch.token())]);
    let watching = Watching {
        watch,
        ending,
        ready,
    };
    // The state is gone after an error: the stream ends with it.
    Box::pin(stream::unfold(Some(watching), async |watching| {
        let mut watching = watching?;
        match watching.next().await {
            Ok(response) => Some((Ok(response), Some(watching))),
            Err(status) => Some((Err(status), None)),
        }
    }))
}

impl Watching {
    async fn next(&mut self) -> Result<WatchOrdersResponse, Status> {
        loop {
            if let Some(response) = self.ready.pop_front() {
                return Ok(response);
            }
            let events = tokio::select! {
                biased;
                status = self.ending.wait() => return Err(status),
                events = self.watch.next() => events.map_err(status::of)?,
            };
            let events = events.ok_or_else(chassis::status::draining)?;
            if events.is_empty() {
                // Nothing matched: only the place moves on, so that a rare
                // filter does not resume from expired history.
                self.ready.push_back(encode::bookmark(self.watch.token()));
            }
            for event in events {
                let token = self.watch.token_at(event.position);
                self.ready.push_back(encode::event(event, token));
            }
        }
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
