//! Idempotency keys.

use uuid::Uuid;

use crate::error::Error;
use crate::resource::Resource;

/// What makes a create safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey<C> {
    /// Who asks; two callers never share a request id.
    pub caller: String,
    /// The caller's name for the request.
    pub request_id: Uuid,
    /// What was asked for: the same key with other content is refused. Compared
    /// as a value and never as text, so that versions that store differently, or
    /// know of more fields, take each other's requests for the same.
    pub content: C,
}

impl<C: PartialEq> RequestKey<C> {
    /// `earlier`, which the key led to, if it is what is asked for now.
    pub(crate) fn answer<R: Resource<Content = C>>(&self, earlier: R) -> Result<R, Error> {
        if *earlier.content() == self.content {
            Ok(earlier)
        } else {
            Err(Error::RequestIdReused(self.request_id))
        }
    }
}
