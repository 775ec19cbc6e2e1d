//! `cargo xtask`: this repository's own commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    tool::main()
}
