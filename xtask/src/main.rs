//! The template's own tooling.
fn main() {}
