//! What makes the repository a template: generating from it, the markers in its
//! files, and the one command that runs every check. Builds without the product,
//! so that it also works while that does not compile. Nothing of it reaches a
//! generated service; proofs and measurements are in `lab/`.

#![expect(clippy::must_use_candidate, reason = "nobody but lab/ uses it")]

pub mod generate;
pub mod graph;
pub mod markers;
pub mod names;
pub mod nouns;
pub mod owned;
pub mod parts;
#[path = "../../tests/support/postgres.rs"]
mod postgres;
#[path = "../../tests/support/skip.rs"]
mod skip;
mod supply;
pub mod test;
pub mod tools;
pub mod tree;
pub mod updates;
