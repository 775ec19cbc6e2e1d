//! Messages and validators of the .proto files in `proto`, and which of their
//! rules are refused.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use contract::Protos;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let protos = Protos::all("proto")?;
    let made = contract::validate::validators(&protos);
    let mut code = made.code;
    code.push_str("pub fn check(name: &str, bytes: &[u8]) -> crate::Outcome { match name {\n");
    for (name, path) in &made.messages {
        let refused: Vec<_> = (made.problems.iter())
            .filter(|(message, _)| message == name)
            .map(|(_, problem)| problem.to_string())
            .collect();
        if refused.is_empty() {
            writeln!(code, "{name:?} => crate::check::<{path}>(bytes),")?;
        } else {
            let refused = refused.join("\n");
            writeln!(code, "{name:?} => crate::Outcome::Refused({refused:?}),")?;
        }
    }
    code.push_str("_ => crate::Outcome::Unknown } }\n");
    code.push_str("pub const KNOWN: &[&str] = &[\n");
    for message in protos.pool().all_messages() {
        writeln!(code, "{:?},", message.full_name())?;
    }
    code.push_str("];\n");
    fs::write(out.join("validators.rs"), code)?;
    prost_build::Config::new()
        .include_file("proto.rs")
        .compile_fds(protos.code())?;
    Ok(())
}
