//! Holds: what is claimed elsewhere for a resource may differ from what it needs.
//!
//! Who wants to change such a claim, at another service, takes a hold first and
//! stores the change with it. The newest counts, here and there; one that is left
//! over is [owed](crate::Store::owed) to whoever settles.

use uuid::Uuid;

/// Which of several that want to change one claim is the newest: grows with each,
/// and is never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// The right to change what is claimed for one resource, until somebody takes a
/// newer one. While the store keeps it, what is claimed may differ from what is
/// needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// For which.
    pub id: Uuid,
    /// Of several, which.
    pub ticket: Ticket,
    /// Nobody had one before that has not ended.
    pub first: bool,
}

/// What becomes of a hold with a change that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: nothing is claimed.
    None,
    /// What is claimed is to be settled: see [`owed`](crate::Store::owed).
    Owed,
    /// As well, and only if this is the newest.
    Held(Ticket),
}
