//! `cargo contract`.

use std::process::ExitCode;

fn main() -> ExitCode {
    contract::cli::main(std::env::args().skip(1))
}
