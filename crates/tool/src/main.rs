//! The same commands for a service that has no `cargo xtask` yet.

use std::process::ExitCode;

fn main() -> ExitCode {
    tool::main()
}
