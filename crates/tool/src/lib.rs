//! What `cargo xtask` of a service runs: makes code from .proto files, completes
//! it when they grow, and checks what follows from them.
//!
//! A service's own `xtask` is one line:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     tool::main()
//! }
//! ```
//!
//! Nothing that a person wrote is changed: files are added, and what is new is
//! appended where it belongs, found by syntax tree.

mod add;
mod adopt;
mod check;
mod cli;
mod clients;
mod complete;
mod error;
mod generated;
mod handler;
mod imports;
mod plan;
mod policy;
mod project;
mod size;
mod source;
mod staging;
mod stub;
mod update;

pub use cli::main;
pub use error::Error;
pub use project::Project;

/// The commands, for those who do not come by the command line.
pub mod command {
    pub use crate::add::{
        Added, add_resource, add_resource_of, add_rpc, add_service, add_upstream,
    };
    pub use crate::adopt::{Adoption, adopt};
    pub use crate::check::{Findings, check};
    pub use crate::clients::{Language, Made, Packages, clients};
    pub use crate::complete::complete;
    pub use crate::size::{Load, Size, Store};
    pub use crate::update::{Options, Report, abort, update};
}
