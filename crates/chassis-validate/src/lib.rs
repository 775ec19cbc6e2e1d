//! What validators are made of that `contract` generates from the rules in a
//! .proto: `buf.validate` (protovalidate) and `google.api.field_behavior`.
//!
//! - [`Validate`]: a message that can be checked; [`validate`] does it
//! - [`Path`], [`Field`], [`Subscript`]: where in a message something is
//! - [`Rule`], [`Violation`], [`Found`]: what is wrong with it
//! - [`cel`]: the functions of the Common Expression Language, as protovalidate has them
//! - [`text`]: addresses, hosts and identifiers

pub mod cel;
mod found;
mod known;
mod path;
pub mod text;

pub use found::{Found, Rule, Violation};
pub use path::{Element, Field, Key, Path, Subscript};

/// A message whose rules are known.
pub trait Validate {
    /// The package that declares it, as in the .proto.
    const PACKAGE: &'static str;

    /// Notes in `found` what is wrong with the message, which stands at `at`;
    /// looks no further once `found` is full.
    fn check(&self, at: &Path<'_>, found: &mut Found);
}

/// What is wrong with `message`: the first `most` violations.
pub fn validate<M: Validate>(message: &M, most: usize) -> Found {
    let mut found = Found::new(most);
    message.check(&Path::root(), &mut found);
    found
}
