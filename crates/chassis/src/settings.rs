//! Flags and variables of the chassis, each documented here and nowhere else.
//!
//! The service flattens these `clap::Args` into its own settings and calls
//! [`ServerSettings::validate`] once.

mod admin;
mod client;
mod jwt;
mod secret;
mod server;
mod tls;
mod value;

pub use admin::AdminSettings;
pub use client::{ClientSettings, UpstreamRetries};
pub use jwt::JwtSettings;
pub use secret::SecretUrl;
pub use server::{Compression, Runtime, ServerSettings};
pub use tls::{ClientTlsSettings, TlsMode, TlsSettings, TlsVersion};
pub use value::{bytes, duration, positive_duration, size};
