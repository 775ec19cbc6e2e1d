//! The Common Expression Language, compiled to Rust: what an expression means is
//! known when the service is built, and what is wrong with it is an error there.

mod call;
mod constant;
mod emit;
mod literal;
mod operator;
mod parse;
mod pattern;
mod token;
mod value;

pub(super) use constant::constant;
pub(super) use emit::{Emitter, is_not_zero, is_set};
pub(super) use parse::{Expr, parse};
pub(crate) use pattern::translated;
pub(super) use value::{Elem, Store, Ty, Val};
