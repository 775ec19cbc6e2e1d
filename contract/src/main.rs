//! `cargo contract`
fn main() {}
