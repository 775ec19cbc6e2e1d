//! What an rpc answers until somebody writes it.

use tonic::{Code, Status};

use crate::status;

/// The reason in the answer's `ErrorInfo`.
const REASON: &str = "NOT_WRITTEN";

/// `UNIMPLEMENTED`, which names the file to edit (`file!()`).
#[must_use]
pub fn unwritten(rpc: &str, file: &str) -> Status {
    status::error(
        Code::Unimplemented,
        status::DOMAIN,
        REASON,
        &format!("{rpc} is still to be written: edit {file}"),
    )
}
