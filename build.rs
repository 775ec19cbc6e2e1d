//! .proto files to Rust, reflection's descriptors and the contract's table.

fn main() {
    contract::build(|protos, _| {
        tonic_prost_build::configure()
            .include_file("proto.rs")
            .emit_rerun_if_changed(false)
            .compile_fds(protos.code())
    });
}
