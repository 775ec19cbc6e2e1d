//! Who calls, and how that is proven: what a mesh does where there is one.
//!
//! - [`tls`]: TLS of the gRPC port, from files that are read anew when they change
//! - [`jwt`]: tokens that callers show
//! - [`roles`]: which accounts have the roles that the contract names
//!
//! Without the cargo features `tls` and `jwt` the settings refuse what they cannot
//! do.

pub mod jwt;
pub mod roles;
pub mod tls;
