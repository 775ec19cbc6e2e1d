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

/// Some ASCII characters.
#[derive(Debug, PartialEq, Eq)]
pub struct Class([bool; 256]);

impl Class {
    /// Those whose bits are set: bit n is character n.
    #[must_use]
    pub const fn new(bits: u128) -> Self {
        let mut of = [false; 256];
        let mut at = 0;
        while at < 128 {
            of[at] = bits >> at & 1 == 1;
            at += 1;
        }
        Self(of)
    }

    #[inline]
    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }
}

/// So many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Which.
    pub of: &'static Class,
    /// At least so many.
    pub least: usize,
    /// At most so many.
    pub most: usize,
}

/// Whether `text` is these pieces, each as long as can be.
#[inline]
#[must_use]
pub fn consists_of(text: &str, pieces: &[Piece]) -> bool {
    let mut rest = text.as_bytes();
    for piece in pieces {
        let length = if piece.least == piece.most {
            let Some(part) = rest.get(..piece.most) else {
                return false;
            };
            // No branch for each: a wrong one is rare.
            if !part.iter().fold(true, |all, it| all & piece.of.has(*it)) {
                return false;
            }
            piece.most
        } else {
            let part = &rest[..rest.len().min(piece.most)];
            let length = part.iter().position(|it| !piece.of.has(*it));
            let length = length.unwrap_or(part.len());
            if length < piece.least {
                return false;
            }
            length
        };
        rest = &rest[length..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_one_after_the_other() {
        static LETTER: Class = Class::new(1 << b'a');
        static DIGITS: Class = Class::new(0x3ff << b'0');
        let pieces = [
            Piece {
                of: &LETTER,
                least: 1,
                most: 1,
            },
            Piece {
                of: &DIGITS,
                least: 1,
                most: 3,
            },
        ];
        for right in ["a1", "a123"] {
            assert!(consists_of(right, &pieces), "{right}");
        }
        for wrong in ["", "a", "b1", "a1234", "a1é", "é1", "1"] {
            assert!(!consists_of(wrong, &pieces), "{wrong}");
        }
    }
}
