//! The publish checkpoint: where publishing goes on.

use crate::event::Position;

/// Up to where events were published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The next one is behind this.
    pub position: Position,
    /// How many were forgotten unpublished, because nothing was to be published
    /// for longer than events are kept.
    pub missed: u64,
}

/// From what is known: what was said last, the oldest event there is, and the last
/// number that was given to one. The first time it begins with the oldest.
pub(crate) fn resume(said: Option<u64>, oldest: Option<u64>, last: u64) -> Checkpoint {
    let before = oldest.map_or(last, |oldest| oldest.saturating_sub(1));
    let said = said.unwrap_or(before);
    Checkpoint {
        position: Position(said.max(before)),
        missed: before.saturating_sub(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_where_it_ended_or_with_what_is_left() {
        let at = |position, missed| Checkpoint {
            position: Position(position),
            missed,
        };
        for (said, oldest, last, expected) in [
            (None, None, 0, at(0, 0)),
            (None, Some(1), 9, at(0, 0)),
            (None, Some(5), 9, at(4, 0)),
            (Some(7), Some(5), 9, at(7, 0)),
            (Some(2), Some(5), 9, at(4, 2)),
            (Some(2), None, 9, at(9, 7)),
            (Some(9), None, 9, at(9, 0)),
        ] {
            assert_eq!(resume(said, oldest, last), expected);
        }
    }
}
