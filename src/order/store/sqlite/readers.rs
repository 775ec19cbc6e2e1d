//{% capture source %}{% raw %}
//! Connections that read beside the writer.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::connection;
use crate::order::error::Error;
use crate::order::store::fault::closed;

/// Opens connections as needed and keeps some of them for the next read.
pub(super) struct Readers {
    path: PathBuf,
    /// Most connections to keep.
    keep: usize,
    /// `None` when closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: &Path, keep: usize) -> Self {
        Self {
            path: path.to_owned(),
            keep,
            idle: Mutex::new(Some(Vec::with_capacity(keep))),
        }
    }

    /// Lends a connection to `read`.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let idle = self.idle(|idle| idle.as_mut().map(Vec::pop));
        let mut connection = match idle.ok_or_else(closed)? {
            Some(connection) => connection,
            None => connection::reader(&self.path)?,
        };
        let result = read(&mut connection);
        // What it read of a damaged file stays in its memory.
        let sound = !matches!(result, Err(Error::Internal(_) | Error::StoreUnavailable(_)));
        self.idle(|idle| match idle {
            Some(idle) if sound && idle.len() < self.keep => idle.push(connection),
            _ => {}
        });
        result
    }

    pub(super) fn closed(&self) -> bool {
        self.idle(|idle| idle.is_none())
    }

    /// Closes those that are idle at once and the others after their read.
    pub(super) fn close(&self) {
        self.idle(Option::take);
    }

    fn idle<T>(&self, f: impl FnOnce(&mut Option<Vec<Connection>>) -> T) -> T {
        f(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
