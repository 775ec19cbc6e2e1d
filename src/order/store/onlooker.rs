//{% capture source %}§{% raw %}
//! Who wants to know of a store's queue and commits, if anyone.

use std::sync::{Arc, OnceLock};

use super::Observer;

/// A place for one observer, shared by all that have something to tell.
#[derive(Clone, Default)]
pub(super) struct Onlooker(Arc<OnceLock<Arc<dyn Observer>>>);

impl Onlooker {
    /// The first one stays.
    pub(super) fn admit(&self, observer: Arc<dyn Observer>) {
        let _ = self.0.set(observer);
    }

    pub(super) fn tell(&self, what: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = self.0.get() {
            what(observer.as_ref());
        }
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
