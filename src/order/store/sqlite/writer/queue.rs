//{% capture source %}§{% raw %}
//! What waits for the writer.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use chassis::deadline::Deadline;
use tokio::sync::oneshot;

use crate::order::error::Error;
use crate::order::event::Position;
use crate::order::store::Observer;
use crate::order::store::fault::closed;
use crate::order::store::onlooker::Onlooker;
use crate::order::store::sqlite::write::{Change, Outcome};

/// What the writer can be asked.
pub(in super::super) enum Job {
    /// To store.
    Change(Box<Waiting>),
    /// To keep up to where events were published.
    Published(Position, oneshot::Sender<Result<(), Error>>),
    /// Whether it could store.
    Probe(oneshot::Sender<Result<(), Error>>),
    /// To finish what came before and to close.
    Close(oneshot::Sender<()>),
}

/// One change and who waits for it.
pub(in super::super) struct Waiting {
    pub(in super::super) change: Change,
    pub(in super::super) deadline: Option<Deadline>,
    pub(in super::super) reply: Reply,
}

/// The end for the answer.
pub(in super::super) type Reply = oneshot::Sender<Result<Outcome, Error>>;

impl Waiting {
    /// Drops what nobody waits for any more, before it costs anything.
    pub(super) fn unless_late(self) -> Option<(Change, Reply)> {
        if self.deadline.is_some_and(Deadline::has_passed) {
            // Whoever asked may have left.
            let _ = self.reply.send(Err(Error::DeadlineExceeded));
            return None;
        }
        (!self.reply.is_closed()).then_some((self.change, self.reply))
    }
}

/// A queue of at most `capacity` jobs.
pub(in super::super) fn queue(capacity: usize) -> (Sender, Receiver<Job>) {
    let (sender, receiver) = sync_channel(capacity.max(1));
    let observed = Onlooker::default();
    (Sender { sender, observed }, receiver)
}

/// The end for those who ask.
pub(in super::super) struct Sender {
    sender: SyncSender<Job>,
    observed: Onlooker,
}

impl Sender {
    /// Never waits.
    pub(in super::super) fn send(&self, job: Job) -> Result<(), Error> {
        // Counted before it can be taken.
        let changes = usize::from(matches!(job, Job::Change(_)));
        self.observed.tell(|observer| observer.queued(changes));
        self.sender.try_send(job).map_err(|error| {
            self.observed.tell(|observer| observer.taken(changes));
            match error {
                TrySendError::Full(_) => Error::StoreBusy,
                TrySendError::Disconnected(_) => closed(),
            }
        })
    }

    /// What the writer tells of.
    pub(in super::super) fn observed(&self) -> Onlooker {
        self.observed.clone()
    }

    /// The first one stays.
    pub(in super::super) fn observe(&self, observer: Arc<dyn Observer>) {
        self.observed.admit(observer);
    }

    /// Waits for a place in the queue; an error if the writer is gone.
    pub(in super::super) async fn send_when_free(&self, job: Job) -> Result<(), Error> {
        let sender = self.sender.clone();
        match tokio::task::spawn_blocking(move || sender.send(job)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(closed()),
        }
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
