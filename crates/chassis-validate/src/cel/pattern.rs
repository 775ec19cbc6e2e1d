//! Regular expressions. `contract` has compiled each before, in the form that
//! is given here.

use std::sync::LazyLock;

use regex::Regex;

/// A regular expression that is compiled when it is first used.
pub struct Pattern(LazyLock<Option<Regex>, fn() -> Option<Regex>>);

impl Pattern {
    /// Compiles by `compile` when it is first used.
    #[must_use]
    pub const fn new(compile: fn() -> Option<Regex>) -> Self {
        Self(LazyLock::new(compile))
    }

    /// What [`Pattern::new`] takes.
    #[must_use]
    pub fn compile(pattern: &str) -> Option<Regex> {
        Regex::new(pattern).ok()
    }

    /// Whether it is found in `text`; what was no expression is found nowhere.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|it| it.is_match(text))
    }
}

/// So many of certain ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Which: bit n is character n.
    pub of: u128,
    /// At least so many.
    pub least: usize,
    /// At most so many.
    pub most: usize,
}

/// Whether `text` is these pieces, each as long as can be.
#[must_use]
pub fn consists_of(text: &str, pieces: &[Piece]) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0_usize;
    for piece in pieces {
        let end = bytes.len().min(at.saturating_add(piece.most));
        let from = at;
        while at < end && bytes[at] < 128 && piece.of >> bytes[at] & 1 == 1 {
            at += 1;
        }
        if at - from < piece.least {
            return false;
        }
    }
    at == bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_one_after_the_other() {
        let digits = (b'0'..=b'9').fold(0, |of, it| of | 1_u128 << it);
        let pieces = [
            Piece {
                of: 1 << b'a',
                least: 1,
                most: 1,
            },
            Piece {
                of: digits,
                least: 1,
                most: 3,
            },
        ];
        for right in ["a1", "a123"] {
            assert!(consists_of(right, &pieces), "{right}");
        }
        for wrong in ["", "a", "b1", "a1234", "a1é", "1"] {
            assert!(!consists_of(wrong, &pieces), "{wrong}");
        }
    }
}
