//! What expressions are made of that are compiled to Rust (the Common
//! Expression Language). Numbers do not overflow, they fail.

mod convert;
mod format;
mod number;
mod pattern;
mod time;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;

pub use convert::{
    bool_of_text, double_of_text, int_of_double, int_of_text, int_of_uint, text_of_bytes,
    uint_of_double, uint_of_int, uint_of_text,
};
pub use format::{Arg, format, text_of};
pub use number::{Whole, quotient, remainder};
pub use pattern::{Class, Pattern, Piece, consists_of};
pub use time::{Duration, Timestamp, Unit};

/// Why an expression has no value for what a message has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed(pub &'static str);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Failed {}

/// Characters of a text.
#[inline]
#[must_use]
pub fn size(text: &str) -> i64 {
    // Most are ASCII, and many bytes are tested for that at once.
    if text.is_ascii() {
        length(text.len())
    } else {
        length(text.chars().count())
    }
}

/// A length as a number.
#[inline]
#[must_use]
pub fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Whether `part` is within `bytes`.
#[must_use]
pub fn has_bytes(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|it| it == part)
}

/// The value of a key that is a number, of whatever width the map has it.
#[must_use]
pub fn find<K, T, V, S>(map: &HashMap<K, V, S>, key: T) -> Option<&V>
where
    K: TryFrom<T> + Hash + Eq,
    S: std::hash::BuildHasher,
{
    map.get(&K::try_from(key).ok()?)
}

/// Whether no two are the same.
pub fn unique<T: Hash + Eq>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|it| seen.insert(it))
}

/// A number as it is told from others: 0 and -0 are the same, what is no number
/// is the same as nothing, itself included.
#[must_use]
pub fn told_apart(number: f64, place: usize) -> (u64, usize) {
    if number.is_nan() {
        (0, place + 1)
    } else {
        ((number + 0.0).to_bits(), 0)
    }
}

/// `a && b`, where one that is false outweighs one that fails.
///
/// # Errors
///
/// If one fails and the other is not false.
pub fn and(
    a: impl FnOnce() -> Result<bool, Failed>,
    b: impl FnOnce() -> Result<bool, Failed>,
) -> Result<bool, Failed> {
    match a() {
        Ok(false) => Ok(false),
        Ok(true) => b(),
        Err(why) => match b() {
            Ok(false) => Ok(false),
            _ => Err(why),
        },
    }
}

/// `a || b`, where one that is true outweighs one that fails.
///
/// # Errors
///
/// If one fails and the other is not true.
pub fn or(
    a: impl FnOnce() -> Result<bool, Failed>,
    b: impl FnOnce() -> Result<bool, Failed>,
) -> Result<bool, Failed> {
    and(|| a().map(|it| !it), || b().map(|it| !it)).map(|it| !it)
}

/// Whether `test` holds for all: one for which it does not outweighs one for
/// which it fails.
///
/// # Errors
///
/// If it fails for one and holds for all others.
pub fn all<T>(
    items: impl Iterator<Item = T>,
    mut test: impl FnMut(T) -> Result<bool, Failed>,
) -> Result<bool, Failed> {
    let mut failed = None;
    for item in items {
        match test(item) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(why) => failed = failed.or(Some(why)),
        }
    }
    failed.map_or(Ok(true), Err)
}

/// Whether `test` holds for one: that outweighs those for which it fails.
///
/// # Errors
///
/// If it fails for one and holds for none.
pub fn exists<T>(
    items: impl Iterator<Item = T>,
    mut test: impl FnMut(T) -> Result<bool, Failed>,
) -> Result<bool, Failed> {
    all(items, |item| test(item).map(|it| !it)).map(|it| !it)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHY: Failed = Failed("why");

    #[test]
    fn what_decides_outweighs_what_fails() {
        assert_eq!(and(|| Err(WHY), || Ok(false)), Ok(false));
        assert_eq!(and(|| Err(WHY), || Ok(true)), Err(WHY));
        assert_eq!(or(|| Err(WHY), || Ok(true)), Ok(true));
        assert_eq!(or(|| Ok(false), || Err(WHY)), Err(WHY));
        let test = |it: i64| if it == 0 { Err(WHY) } else { Ok(it > 1) };
        assert_eq!(all([0, 1].into_iter(), test), Ok(false));
        assert_eq!(all([0, 2].into_iter(), test), Err(WHY));
        assert_eq!(exists([0, 2].into_iter(), test), Ok(true));
        assert_eq!(exists([0, 1].into_iter(), test), Err(WHY));
    }

    #[test]
    fn doubles_are_told_apart_as_numbers_are() {
        let apart = |numbers: &[f64]| {
            let told = numbers.iter().enumerate();
            unique(told.map(|(place, it)| told_apart(*it, place)))
        };
        assert!(apart(&[f64::NAN, f64::NAN, 1.0]));
        assert!(!apart(&[0.0, -0.0]));
    }
}
