//! The sample's messages, and what checks them by the rules of the .proto.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use contract::Protos;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let protos = Protos::all("proto")?;
    // Of the chassis nothing else is needed.
    let code = protos.validators()?;
    let code = code.replace("::chassis::validate", "::chassis_validate");
    fs::write(out.join("validators.rs"), code)?;
    prost_build::Config::new()
        .include_file("proto.rs")
        .compile_fds(protos.code())?;
    Ok(())
}
