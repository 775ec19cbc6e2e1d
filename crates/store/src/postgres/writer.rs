//! Changes wait for each other and are stored together: a commit costs one sync
//! of the database's disk, however many changes it holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::deadline::Deadline;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::connections::Connections;
use super::sql::Sql;
use super::write::{Change, Stored, notify};
use super::{Options, current_deadline, listener};
use crate::error::Error;
use crate::event::Position;
use crate::observer::ObserverSlot;

/// One change and who waits for it.
struct Waiting<C: Change> {
    change: C,
    deadline: Option<Deadline>,
    reply: Reply<C>,
}

type Reply<C> = oneshot::Sender<Result<<C as Change>::Answer, Error>>;

impl<C: Change> Waiting<C> {
    /// Drops what nobody waits for any more, before it costs anything.
    fn unless_late(self) -> Option<Self> {
        if self.deadline.is_some_and(Deadline::has_passed) {
            // Whoever asked may have left.
            let _ = self.reply.send(Err(Error::DeadlineExceeded));
            return None;
        }
        (!self.reply.is_closed()).then_some(self)
    }
}

/// The end for those who ask.
pub(super) struct Writer<C: Change> {
    sender: mpsc::Sender<Waiting<C>>,
    observer: ObserverSlot,
}

impl<C: Change> Writer<C> {
    /// Starts the tasks that store; they end at `closing`, after all that waits.
    pub(super) fn start(
        options: &Options,
        (connections, sql, published): &(Connections, Arc<Sql>, Arc<watch::Sender<Position>>),
        observer: &ObserverSlot,
        closing: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let (sender, inbox) = mpsc::channel(options.queue.max(1));
        let inbox = Arc::new(Mutex::new(inbox));
        for _ in 0..options.writers.max(1) {
            let batcher = Batcher {
                inbox: Arc::clone(&inbox),
                together: options.together.max(1),
                connections: connections.clone(),
                sql: Arc::clone(sql),
                published: Arc::clone(published),
                observer: observer.clone(),
                closing: closing.clone(),
            };
            tasks.spawn(batcher.run());
        }
        Self {
            sender,
            observer: observer.clone(),
        }
    }

    /// Stores `change` and returns the answer; waits no longer than the call that
    /// this task works for.
    pub(super) async fn store(&self, change: C) -> Result<C::Answer, Error> {
        let deadline = current_deadline()?;
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting {
            change,
            deadline,
            reply,
        };
        // Counted before it can be taken.
        self.observer.tell(|observer| observer.queued(1));
        self.sender.try_send(waiting).map_err(|error| {
            self.observer.tell(|observer| observer.taken(1));
            match error {
                mpsc::error::TrySendError::Full(_) => Error::Busy,
                mpsc::error::TrySendError::Closed(_) => Error::closed(),
            }
        })?;
        let answer = async { answer.await.unwrap_or_else(|_| Err(Error::closed())) };
        match deadline {
            None => answer.await,
            Some(deadline) => tokio::time::timeout_at(deadline.instant(), answer)
                .await
                .unwrap_or(Err(Error::DeadlineExceeded)),
        }
    }
}

struct Batcher<C: Change> {
    inbox: Arc<Mutex<mpsc::Receiver<Waiting<C>>>>,
    together: usize,
    connections: Connections,
    sql: Arc<Sql>,
    published: Arc<watch::Sender<Position>>,
    observer: ObserverSlot,
    closing: watch::Receiver<bool>,
}

impl<C: Change> Batcher<C> {
    async fn run(mut self) {
        loop {
            let waiting = self.next().await;
            if waiting.is_empty() {
                return;
            }
            self.observer.tell(|observer| observer.taken(waiting.len()));
            let waiting = waiting.into_iter().filter_map(Waiting::unless_late);
            self.store(waiting.collect()).await;
        }
    }

    /// All that waits, at least one; none when there is no more.
    async fn next(&mut self) -> Vec<Waiting<C>> {
        let mut waiting = Vec::new();
        let mut inbox = self.inbox.lock().await;
        tokio::select! {
            biased;
            _ = self.closing.wait_for(|closing| *closing) => inbox.close(),
            _ = inbox.recv_many(&mut waiting, self.together) => return waiting,
        }
        inbox.recv_many(&mut waiting, self.together).await;
        waiting
    }

    async fn store(&self, waiting: Vec<Waiting<C>>) {
        let deadline = latest(waiting.iter().map(|waiting| waiting.deadline));
        let (changes, replies): (Vec<_>, Vec<_>) = (waiting.into_iter())
            .map(|waiting| (waiting.change, waiting.reply))
            .unzip();
        let Some(failed) = self.attempt(&changes, deadline, replies).await else {
            return;
        };
        // One that cannot be stored must not take the others with it.
        if changes.len() > 1 && matches!(failed.error, Error::Internal(_)) {
            for (change, reply) in changes.iter().zip(failed.replies) {
                let alone = std::slice::from_ref(change);
                if let Some(failed) = self.attempt(alone, deadline, vec![reply]).await {
                    failed.answer();
                }
            }
        } else {
            failed.answer();
        }
    }

    /// Stores and answers all, or returns those who wait.
    async fn attempt(
        &self,
        changes: &[C],
        deadline: Option<Deadline>,
        replies: Vec<Reply<C>>,
    ) -> Option<Failed<C>> {
        if changes.is_empty() {
            return None;
        }
        let started = Instant::now();
        let stored = async {
            let mut connection = self.connections.lend_until(deadline).await?;
            let stored = C::store(&mut connection, &self.sql, changes).await?;
            Ok((connection, stored))
        };
        let (mut connection, Stored { answers, last }) = match stored.await {
            Ok(stored) => stored,
            Err(error) => return Some(Failed { error, replies }),
        };
        let took = started.elapsed();
        (self.observer).tell(|observer| observer.committed(changes.len(), took));
        if let Some(last) = last {
            listener::publish(&self.published, last);
        }
        for (reply, answer) in replies.into_iter().zip(answers) {
            // A caller that left does not need the answer.
            let _ = reply.send(answer);
        }
        if let Some(last) = last {
            // Others ask now and then, so that they learn of it anyway.
            let _ = notify(&mut connection, &self.sql, last).await;
        }
        None
    }
}

/// Nothing was stored.
struct Failed<C: Change> {
    error: Error,
    replies: Vec<Reply<C>>,
}

impl<C: Change> Failed<C> {
    fn answer(self) {
        for reply in self.replies {
            // Whoever asked may have left.
            let _ = reply.send(Err(self.error.copy()));
        }
    }
}

/// The latest of the deadlines: `None` if one has none.
fn latest(mut deadlines: impl Iterator<Item = Option<Deadline>>) -> Option<Deadline> {
    let least = Deadline::after(Duration::ZERO);
    deadlines.try_fold(least, |latest, deadline| Some(latest.max(deadline?)))
}
