//! How much a store holds, and how much it may.

/// How much a store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of all that is stored.
    pub bytes: u64,
    /// Bytes from which on changes are refused, if there is a limit.
    pub limit: Option<u64>,
    /// Events that are kept.
    pub events: u64,
    /// [Holds](crate::Hold) that have not ended, calls under way included; counted up
    /// to 10,000.
    pub holds: u64,
}

impl Usage {
    /// No change may be stored.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.limit.is_some_and(|limit| self.bytes >= limit)
    }

    /// Nine tenths of what there may be: what need not be kept goes.
    #[must_use]
    pub fn is_crowded(self) -> bool {
        self.limit
            .is_some_and(|limit| self.bytes >= limit - limit / 10)
    }
}
