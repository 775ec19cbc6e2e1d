//! Who calls, and how that is proven: what a mesh does where there is one.
//!
//! - [`tls`]: TLS of the gRPC port, from files that are read anew when they change
//! - [`jwt`]: tokens that callers show
//! - [`roles`]: which accounts have the roles that the contract names; [`accounts`]: some
//!   that a setting names
//! - [`tenant`]: for whom a call is, where one deployment serves many
//! - `rate`: how often one may call (cargo feature `rates`)
//!
//! Without the cargo features `tls`, `jwt` and `rates` the settings refuse what they cannot
//! do.

pub mod accounts;
pub mod jwt;
#[cfg(feature = "rates")]
pub mod rate;
pub mod roles;
pub mod tenant;
pub mod tls;
