//! Clients of the shop's services, and servers that stand in for them, from their .proto files.

use std::error::Error;

const PROTOS: [&str; 4] = [
    "acme/inventory/v1/inventory.proto",
    "acme/inventory/v1/stock.proto",
    "acme/order/v1/order.proto",
    "acme/payment/v1/payment.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    println!("cargo::rerun-if-changed=../proto");
    let files = protox::compile(PROTOS, ["proto", "../proto", "../crates/contract/protos"])?;
    tonic_prost_build::configure()
        .include_file("proto.rs")
        .compile_fds(files)?;
    Ok(())
}
