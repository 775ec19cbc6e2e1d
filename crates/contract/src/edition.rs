//! Edition 2023, which protox does not know, as the proto3 that is the same on
//! the wire and in Rust: fields whose presence is tracked become `optional`,
//! `features` go. A file with what proto3 cannot say (defaults, required fields,
//! closed enumerations, extensions) becomes proto2, if all of its fields track
//! presence. What neither can say (delimited messages, implicit presence beside what
//! proto3 cannot say) is marked, and put into the descriptor that is made of the text.

mod features;
mod marks;
mod rewrite;
mod said;
mod shifts;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use marks::Marks;
use rewrite::{Rewrite, Syntax};
use shifts::Shifts;
use tokens::tokens;

/// Why a file cannot be read: line, column, and what is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) reason: String,
}

/// A file of an edition, in words that protox knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lowered {
    pub(crate) text: String,
    /// Where what is in it stood.
    pub(crate) shifts: Shifts,
    /// What the text cannot say, if there is something.
    pub(crate) marks: Option<Marks>,
}

/// The words of a .proto, each with where it begins, in bytes: names with their dots,
/// numbers, texts in quotes and signs. Comments are left out.
#[must_use]
pub fn words(text: &str) -> Vec<(usize, &str)> {
    let tokens = tokens(text).into_iter();
    tokens.map(|it| (it.start, it.text)).collect()
}

/// `text` as proto3, else as proto2, else with marks, if it declares an edition; every
/// line stays where it is.
///
/// # Errors
///
/// If the edition or a feature is not understood.
pub(crate) fn lowered(text: &str) -> Result<Option<Lowered>, Refusal> {
    let tokens = tokens(text);
    if !tokens.iter().any(|it| it.text == "edition") {
        return Ok(None);
    }
    let rewritten = |syntax| Rewrite::new(text, &tokens, syntax).run();
    rewritten(Syntax::Proto3)
        .or_else(|_: Refusal| rewritten(Syntax::Proto2))
        .or_else(|_: Refusal| rewritten(Syntax::Marked))
}
