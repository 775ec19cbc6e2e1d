//! What the protocol's own suites call, to Rust.

fn main() {
    contract::build(|protos, out| {
        let code = contract::WELL_KNOWN
            .into_iter()
            .fold(tonic_prost_build::configure(), |code, (proto, rust)| {
                code.extern_path(proto, rust)
            })
            .compile_well_known_types(true)
            .build_transport(false);
        contract::code::generate(protos, code, out)
    });
}
