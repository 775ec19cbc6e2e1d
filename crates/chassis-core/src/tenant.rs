//! For whom a call is, where one deployment serves many who must not learn of each other:
//! its tenant.
//!
//! Once it is known it travels with the task, as the deadline does: see [`current`]. Calls
//! to upstreams carry it in [`HEADER`], which an upstream believes of callers that it
//! names and of nobody else.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::task::futures::TaskLocalFuture;

/// In which one service tells another for whom it calls.
pub const HEADER: &str = "x-tenant";

tokio::task_local! {
    static CURRENT: Option<Tenant>;
}

/// Whom a call is for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// Most bytes of a name.
    pub const MAX_LEN: usize = 128;

    /// One of that name: letters, digits, `-`, `.`, `_`, `:`.
    ///
    /// # Errors
    /// What is wrong with it, in words that do not repeat it.
    pub fn parse(name: &str) -> Result<Self, &'static str> {
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
        if name.is_empty() || name.len() > Self::MAX_LEN || !name.bytes().all(allowed) {
            return Err("must be 1 to 128 letters, digits, `-`, `.`, `_` and `:`");
        }
        Ok(Self(name.into()))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tenant").field(&self.as_str()).finish()
    }
}

/// The tenant that this task works for, if it has one.
///
/// Tasks that a call spawns do not inherit it: hand it over with [`scope`].
#[must_use]
pub fn current() -> Option<Tenant> {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// A future for a tenant as [`current`] says it.
pub type Scoped<F> = TaskLocalFuture<Option<Tenant>, F>;

/// Runs `future` for `tenant` as [`current`] says it: what is done later, without a
/// caller, is done for whom it was asked. Whoever says `None` works for nobody.
pub fn scope<F: Future>(tenant: Option<Tenant>, future: F) -> Scoped<F> {
    CURRENT.scope(tenant, future)
}

/// As [`scope`], for what does not wait.
pub fn scope_sync<T>(tenant: Option<Tenant>, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(tenant, work)
}
