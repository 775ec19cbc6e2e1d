//! What is known of a call before anything of it is read.

use crate::deadline::Deadline;
use crate::peer::Peer;
use crate::rpc::Rpc;

/// In the extensions of every request that came in. One value, since each is memory
/// of its own and a place in a table.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallInfo {
    /// Which rpc it calls.
    pub rpc: Rpc,
    /// Who is at the other end of its connection.
    pub peer: Peer,
    /// By when it must be done; known once the layer for deadlines has had it.
    pub deadline: Option<Deadline>,
}
