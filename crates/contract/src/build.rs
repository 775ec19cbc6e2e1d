//! What a service's `build.rs` does.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use crate::{Protos, rust};

/// Writes into `OUT_DIR` what the service includes of the files in `proto/`: the
/// contract's table (`contract.rs`), what reflection answers from (`descriptor.bin`), the
/// same with comments, for a gateway and its document (`api.bin`), and
/// by `code`, which is given the files and `OUT_DIR`, the messages, clients and servers:
/// [`code::generate`](crate::code::generate) makes servers that enforce the rules of the
/// .proto. Sets what `chassis::build_info!` reads.
///
/// Ends the build with one line for each finding, if there are some.
pub fn build<E: Into<Box<dyn Error>>>(code: impl FnOnce(&Protos, &Path) -> Result<(), E>) {
    if let Err(error) = generate(code) {
        // Each line can be read; a panic would bury them.
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
        process::exit(1);
    }
}

fn generate<E: Into<Box<dyn Error>>>(
    code: impl FnOnce(&Protos, &Path) -> Result<(), E>,
) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let protos = Protos::compile("proto")?;
    fs::write(out.join("contract.rs"), rust::table(&protos.contract()?))?;
    fs::write(out.join("descriptor.bin"), protos.reflection()?)?;
    fs::write(out.join("api.bin"), protos.documented()?)?;
    // Clients and servers of every service: tests stand in for the upstreams.
    code(&protos, &out).map_err(Into::into)?;
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
