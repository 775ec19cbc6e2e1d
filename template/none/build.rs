//! .proto files to Rust, reflection's descriptors and the contract's table.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs, process};

use contract::{Protos, rust};

fn main() {
    if let Err(error) = generate() {
        // One line per finding, each readable; a panic would bury them.
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
        process::exit(1);
    }
}

fn generate() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let protos = Protos::compile("proto")?;
    fs::write(out.join("contract.rs"), rust::table(&protos.contract()?))?;
    fs::write(out.join("descriptor.bin"), protos.reflection()?)?;
    // Clients and servers of every service: tests stand in for the upstreams.
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
        .compile_fds(protos.code())?;
    build_info()
}

/// What /buildinfo tells besides the package's own data.
fn build_info() -> Result<(), Box<dyn Error>> {
    let rustc = process::Command::new(env::var("RUSTC")?)
        .arg("--version")
        .output()?;
    let rustc = String::from_utf8(rustc.stdout)?;
    println!("cargo::rustc-env=RUSTC_VERSION={}", rustc.trim());
    println!("cargo::rustc-env=PROFILE={}", env::var("PROFILE")?);
    println!("cargo::rerun-if-env-changed=GIT_COMMIT");
    Ok(())
}
