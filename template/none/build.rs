//! .proto files to Rust, reflection's descriptors and the contract's table.

fn main() {
    contract::build(|protos| {
        let code = contract::WELL_KNOWN
            .into_iter()
            .fold(tonic_prost_build::configure(), |code, (proto, rust)| {
                code.extern_path(proto, rust)
            });
        code.include_file("proto.rs")
            // They are the paths above.
            .compile_well_known_types(true)
            .emit_rerun_if_changed(false)
            // A client's `connect` would take the name from an rpc.
            .build_transport(false)
            .compile_fds(protos)
    });
}
