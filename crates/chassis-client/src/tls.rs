//! TLS to upstreams.

#[cfg(feature = "tls")]
mod files;
#[cfg(not(feature = "tls"))]
mod none;
mod settings;

#[cfg(feature = "tls")]
pub(crate) use files::{ClientTls, Renewals};
#[cfg(feature = "tls")]
pub use files::{secured, secured_to_self};
#[cfg(not(feature = "tls"))]
pub(crate) use none::{ClientTls, Renewals};
#[cfg(not(feature = "tls"))]
pub use none::{secured, secured_to_self};
pub use settings::ClientTlsSettings;
