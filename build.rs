//! .proto files to Rust, reflection's descriptors and the contract's table.

fn main() {
    contract::build(|protos, out| {
        // Its servers check each request by the rules of the .proto.
        contract::code::generate(protos, tonic_prost_build::configure(), out)
    });
}
