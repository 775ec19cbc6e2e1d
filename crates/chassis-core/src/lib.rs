//! What the other crates of the chassis share. It names no transport: neither
//! tonic nor hyper, so that a store or a domain's adapter can depend on it alone.
//!
//! - [`exit`]: how the process ends, one line for a person and one code for a script
//! - [`contract`], [`rpc`]: what the .proto says may happen to each rpc, and which
//!   one a request calls
//! - [`call_info`]: what each request brings of that, and of what follows
//! - [`deadline`], [`tenant`]: how long a call may take, and for whom it is
//! - [`mesh`], [`peer`]: the mesh the process runs in, who it says is calling, and
//!   what protects the connection
//! - [`health`]: what readiness is made of
//! - [`shutdown`]: when the process is asked to stop
//! - [`listener`]: a bound port
//! - [`reload`]: hot reload of what is made of files
//! - [`values`]: how the values of settings are written
//! - [`mod@file`], [`printable`], [`hex`], [`random`]: files that settings name, text
//!   of others, digits, numbers for jitter

pub mod call_info;
pub mod contract;
pub mod deadline;
pub mod exit;
pub mod file;
pub mod health;
pub mod hex;
pub mod listener;
pub mod mesh;
pub mod peer;
pub mod printable;
pub mod random;
pub mod reload;
pub mod rpc;
pub mod shutdown;
pub mod tenant;
pub mod values;
