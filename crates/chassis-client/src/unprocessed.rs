//! Failures that leave no doubt: the upstream did nothing.

use std::error::Error as StdError;

use h2::Reason;

/// Whether the upstream never began with the call. So it is when a connection
/// ends, for its age or because its server stops, just as a call is given to it.
pub(super) fn is(error: &(dyn StdError + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(error) = source {
        let unsent = error.downcast_ref().is_some_and(hyper::Error::is_canceled);
        if unsent || error.downcast_ref().is_some_and(is_refused) {
            return true;
        }
        source = error.source();
    }
    false
}

/// What HTTP/2 says of streams that were not processed (RFC 9113, 8.7).
fn is_refused(error: &h2::Error) -> bool {
    error.is_remote()
        && match error.reason() {
            Some(Reason::REFUSED_STREAM) => error.is_reset(),
            // Streams up to the last one that counts go on, and do not fail.
            Some(Reason::NO_ERROR) => error.is_go_away(),
            _ => false,
        }
}
