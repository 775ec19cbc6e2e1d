//! Edition 2023, which protox does not know, as the proto3 that is the same on
//! the wire and in Rust: fields whose presence is tracked become `optional`,
//! `features` go. A file with what proto3 cannot say (defaults, required fields,
//! closed enumerations, extensions) becomes proto2, if all of its fields track
//! presence. What neither can say is refused.

mod rewrite;
#[cfg(test)]
mod tests;
mod tokens;

use rewrite::{Rewrite, Syntax};
use tokens::tokens;

/// Why a file cannot be read: line, column, and what is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) reason: String,
}

/// `text` as proto3, else as proto2, if it declares an edition; every line stays where
/// it is.
///
/// # Errors
///
/// If neither can say the same.
pub(crate) fn as_syntax(text: &str) -> Result<Option<String>, Refusal> {
    let tokens = tokens(text);
    if !tokens.iter().any(|it| it.text == "edition") {
        return Ok(None);
    }
    let rewritten = |syntax| Rewrite::new(text, &tokens, syntax).run();
    rewritten(Syntax::Proto3).or_else(|_: Refusal| rewritten(Syntax::Proto2))
}
