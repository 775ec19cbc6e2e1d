//! .proto files to Rust, descriptor set and contract table.
fn main() {}
