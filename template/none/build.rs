//! .proto files to Rust, reflection's descriptors and the contract's table.

fn main() {
    contract::build(|protos, out| {
        let code = contract::WELL_KNOWN
            .into_iter()
            .fold(tonic_prost_build::configure(), |code, (proto, rust)| {
                code.extern_path(proto, rust)
            })
            // They are the paths above.
            .compile_well_known_types(true)
            // A client's `connect` would take the name from an rpc.
            .build_transport(false);
        // Its servers check each request by the rules of the .proto.
        contract::code::generate(protos, code, out)
    });
}
