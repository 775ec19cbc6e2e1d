//! Where what stands in a rewritten text stood before: what is wrong is told where its
//! writer sees it.

use std::ops::Range;

use protox::prost_reflect::prost_types::FileDescriptorProto;

/// What was put for what, each by its bytes; every line begins where it began.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Shifts {
    /// In the new text and in the old one, in their sequence.
    edits: Vec<(Range<usize>, Range<usize>)>,
    /// Where lines begin.
    new: Vec<usize>,
    old: Vec<usize>,
}

impl Shifts {
    pub(super) fn new(edits: Vec<(Range<usize>, Range<usize>)>, new: &str, old: &str) -> Self {
        let lines = |text: &str| {
            let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(breaks).collect()
        };
        Self {
            edits,
            new: lines(new),
            old: lines(old),
        }
    }

    /// The old column of a place in the new text; both begin with 0.
    pub(crate) fn column(&self, line: usize, column: usize) -> usize {
        let (Some(new), Some(old)) = (self.new.get(line), self.old.get(line)) else {
            return column;
        };
        let at = new + column;
        let before = self.edits.iter().rev().find(|(new, _)| new.start <= at);
        let was = match before {
            Some((new, old)) if at < new.end => old.start,
            Some((new, old)) => old.end + (at - new.end),
            None => at,
        };
        was.saturating_sub(*old)
    }

    /// Corrects the places in a descriptor of the new text.
    pub(crate) fn correct(&self, file: &mut FileDescriptorProto) {
        let places = file.source_code_info.iter_mut();
        for place in places.flat_map(|it| &mut it.location) {
            let moved = |line: i32, column: i32| {
                let number = |it| usize::try_from(it).unwrap_or_default();
                let moved = self.column(number(line), number(column));
                i32::try_from(moved).unwrap_or(column)
            };
            match &mut place.span[..] {
                [line, from, to] => (*from, *to) = (moved(*line, *from), moved(*line, *to)),
                [begins, from, ends, to] => {
                    (*from, *to) = (moved(*begins, *from), moved(*ends, *to));
                }
                _ => {}
            }
        }
    }
}
