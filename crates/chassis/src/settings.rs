//! Flags and variables of the chassis, each documented where it is used and
//! nowhere else.
//!
//! The service flattens these `clap::Args` into its own settings and calls
//! [`ServerSettings::validate`] once.

pub use crate::admin::AdminSettings;
pub use crate::client::{ClientSettings, UpstreamRetries};
pub use crate::jwt::JwtSettings;
pub use crate::server::{Compression, Runtime, ServerSettings};
pub use crate::tls::{ClientTlsSettings, TlsMode, TlsSettings, TlsVersion};
pub use crate::values::{SecretUrl, bytes, duration, positive_duration, size};
