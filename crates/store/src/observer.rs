//! Who wants to know of a store's queue and commits, if anyone.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::usage::Usage;

/// Who is told what goes on inside a store.
pub trait Observer: Send + Sync {
    /// So many more changes wait to be stored.
    fn queued(&self, changes: usize);

    /// So many wait no longer.
    fn taken(&self, changes: usize);

    /// So many were stored in one transaction, which took so long.
    fn committed(&self, changes: usize, took: Duration);

    /// A read has waited so long for its thread or connection.
    fn waited(&self, waited: Duration);

    /// So much is stored; told now and then.
    fn used(&self, usage: Usage);
}

/// A place for one observer, shared by all that have something to tell.
#[derive(Clone, Default)]
pub(crate) struct ObserverSlot(Arc<OnceLock<Arc<dyn Observer>>>);

impl ObserverSlot {
    /// The first one stays.
    pub(crate) fn admit(&self, observer: Arc<dyn Observer>) {
        let _ = self.0.set(observer);
    }

    pub(crate) fn tell(&self, what: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = self.0.get() {
            what(observer.as_ref());
        }
    }
}
