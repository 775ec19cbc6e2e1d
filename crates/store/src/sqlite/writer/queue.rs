//! What waits for the writer.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use chassis::deadline::Deadline;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::event::Position;
use crate::observer::{Observer, ObserverSlot};
use crate::sqlite::write::{Change, Outcome};
use crate::table::Table;

/// What the writer can be asked.
pub(in super::super) enum Job<R: Table> {
    /// To store.
    Change(Box<Waiting<R>>),
    /// To save up to where events were published.
    Checkpoint(Position, oneshot::Sender<Result<(), Error>>),
    /// Whether it could store.
    Probe(oneshot::Sender<Result<(), Error>>),
    /// To finish what came before and to close.
    Close(oneshot::Sender<()>),
}

/// One change and who waits for it.
pub(in super::super) struct Waiting<R: Table> {
    pub(in super::super) change: Change<R>,
    pub(in super::super) deadline: Option<Deadline>,
    pub(in super::super) reply: Reply<R>,
}

/// The end for the answer.
pub(in super::super) type Reply<R> = oneshot::Sender<Result<Outcome<R>, Error>>;

impl<R: Table> Waiting<R> {
    /// Drops what nobody waits for any more, before it costs anything.
    pub(super) fn unless_late(self) -> Option<(Change<R>, Reply<R>)> {
        if self.deadline.is_some_and(Deadline::has_passed) {
            // Whoever asked may have left.
            let _ = self.reply.send(Err(Error::DeadlineExceeded));
            return None;
        }
        (!self.reply.is_closed()).then_some((self.change, self.reply))
    }
}

/// A queue of at most `capacity` jobs.
pub(in super::super) fn queue<R: Table>(capacity: usize) -> (Sender<R>, Receiver<Job<R>>) {
    let (sender, receiver) = sync_channel(capacity.max(1));
    let observed = ObserverSlot::default();
    (Sender { sender, observed }, receiver)
}

/// The end for those who ask.
pub(in super::super) struct Sender<R: Table> {
    sender: SyncSender<Job<R>>,
    observed: ObserverSlot,
}

impl<R: Table> Sender<R> {
    /// Never waits.
    pub(in super::super) fn send(&self, job: Job<R>) -> Result<(), Error> {
        // Counted before it can be taken.
        let changes = usize::from(matches!(job, Job::Change(_)));
        self.observed.tell(|observer| observer.queued(changes));
        self.sender.try_send(job).map_err(|error| {
            self.observed.tell(|observer| observer.taken(changes));
            match error {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::closed(),
            }
        })
    }

    /// What the writer tells of.
    pub(in super::super) fn observed(&self) -> ObserverSlot {
        self.observed.clone()
    }

    /// The first one stays.
    pub(in super::super) fn observe(&self, observer: Arc<dyn Observer>) {
        self.observed.admit(observer);
    }

    /// Waits for a place in the queue; an error if the writer is gone.
    pub(in super::super) async fn send_when_free(&self, job: Job<R>) -> Result<(), Error> {
        let sender = self.sender.clone();
        match tokio::task::spawn_blocking(move || sender.send(job)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Error::closed()),
        }
    }
}
