//! Makes exact what is reserved, after calls that released or that did not end: what
//! one needs that is needy, and nothing for others.
//!
//! Whatever a call leaves behind, its hold is in the store, so that this goes on
//! after a crash. The upstream may be away for as long as it likes. Every process
//! settles; each takes other holds.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use chassis::tenant::{self, Tenant};
use store::{Hold, Store};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::{Keeper, Reserved};
use crate::error::Error;
use crate::model::Id;
use crate::owner::OwnerName;

/// Most holds taken at once.
const BATCH: usize = 64;
/// Failures after which the upstream counts as away until the next attempt.
const FAILURES: usize = 4;
/// How often to look for what others left.
const INTERVAL: Duration = Duration::from_secs(1);
/// What the call under way may still take when all is at its end.
const LAST: Duration = Duration::from_secs(1);

/// What settles, until it is stopped.
pub struct Settler {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Settler {
    /// Starts to settle what `store` says at `keeper`: what is `owed` at once, what
    /// calls left behind when it is older than `age`.
    #[must_use]
    pub fn start<R: Reserved>(
        store: Arc<dyn Store<R>>,
        keeper: Arc<dyn Keeper<R>>,
        owed: Arc<Notify>,
        age: Duration,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let settling = Settling {
            store,
            keeper,
            owed,
            age,
            stopped,
            failures: 0,
        };
        let task = tokio::spawn(settling.run());
        Self { stop, task }
    }

    /// Ends after the call that is under way; before, if that takes too long: then
    /// it is settled again.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(LAST, &mut self.task).await.is_err() {
            self.task.abort();
            // A panic there was reported there.
            let _ = self.task.await;
        }
    }
}

struct Settling<R: Reserved> {
    store: Arc<dyn Store<R>>,
    keeper: Arc<dyn Keeper<R>>,
    owed: Arc<Notify>,
    age: Duration,
    stopped: watch::Receiver<bool>,
    /// All so far.
    failures: usize,
}

impl<R: Reserved> Settling<R> {
    async fn run(mut self) {
        let mut told = String::new();
        loop {
            let why = match self.step().await {
                // There may be more.
                Ok(BATCH) => continue,
                Ok(_) => String::new(),
                Err(error) => cause(&error),
            };
            // Once for each cause, not for each attempt.
            if why != told {
                if !why.is_empty() {
                    tracing::error!(error = %why, "what is reserved is not settled; trying again");
                }
                told = why;
            }
            tokio::select! {
                _ = self.stopped.wait_for(|stopped| *stopped) => return,
                () = self.owed.notified() => {}
                () = tokio::time::sleep(INTERVAL.min(self.age)) => {}
            }
        }
    }

    /// Settles some; returns how many it took, or the first failure.
    ///
    /// One that is refused for good blocks no other at the head of the line: those behind
    /// it are tried, too, and where too many fail, others are first at the next attempt.
    async fn step(&mut self) -> Result<usize, Error<R::Fault>> {
        let mut holds = self.store.owed(self.age, BATCH).await?;
        let first = self.failures.checked_rem(holds.len()).unwrap_or_default();
        holds.rotate_left(first);
        let mut failed = Vec::new();
        for hold in &holds {
            if *self.stopped.borrow() {
                return Ok(0);
            }
            failed.extend(settle(&self.store, self.keeper.as_ref(), *hold).await.err());
            if failed.len() == FAILURES {
                break;
            }
        }
        self.failures = self.failures.wrapping_add(failed.len());
        failed.into_iter().next().map_or(Ok(holds.len()), Err)
    }
}

/// Lets the reservation of `hold` be what `store` says, and ends the hold.
pub(super) async fn settle<R: Reserved>(
    store: &Arc<dyn Store<R>>,
    keeper: &dyn Keeper<R>,
    hold: Hold,
) -> Result<(), Error<R::Fault>> {
    // Nobody else can change now what it needs and keep the newest hold.
    let resource = store.get(hold.id).await?;
    let tenant = match &resource {
        Some(resource) => resource.owner().tenant(),
        None => asked_by(store, hold).await?,
    };
    let needs = resource
        .filter(Reserved::is_needy)
        .map(|resource| R::needs(resource.content()));
    let settling = async {
        match needs {
            Some(needs) => keeper.reserve(hold, &needs).await,
            None => keeper.release(hold).await,
        }
    };
    // Nobody waits for it any more, but it is still done for whom it was asked.
    match tenant::scope(tenant, settling).await {
        // Whoever overtook this one settles.
        Ok(()) | Err(Error::Overtaken) => Ok(store.settled(hold).await?),
        Err(Error::Refused(fault)) if R::is_lacking(&fault) => {
            let id = Id::<R>::from(hold.id);
            tracing::error!(error = %fault, %id, "the upstream has less than is needed");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// The tenant of what was never stored: of who asked for it.
async fn asked_by<R: Reserved>(
    store: &Arc<dyn Store<R>>,
    hold: Hold,
) -> Result<Option<Tenant>, Error<R::Fault>> {
    let caller = store.held_for(hold).await?;
    let owner = caller.and_then(|caller| OwnerName::parse(&caller).ok());
    Ok(owner.and_then(|owner| owner.tenant()))
}

/// With what is behind it: this goes to the log alone.
fn cause<F: std::error::Error + 'static>(error: &Error<F>) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
