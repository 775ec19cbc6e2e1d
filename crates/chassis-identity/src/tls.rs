//! TLS of the gRPC port without a mesh, from files that are read anew when they
//! change.
//!
//! Without the cargo feature `tls` only plain streams are left, and the
//! settings refuse what they cannot do.

#[cfg(feature = "tls")]
mod certificate;
#[cfg(feature = "tls")]
mod failure;
#[cfg(not(feature = "tls"))]
mod none;
#[cfg(feature = "tls")]
mod server;
mod settings;
mod stream;
#[cfg(feature = "tls")]
mod voucher;

use chassis_core::mesh::Caller;
use chassis_core::peer::Security;

#[cfg(feature = "tls")]
pub use certificate::name;
#[cfg(not(feature = "tls"))]
pub use none::{Acceptor, ServerTls, Voucher};
#[cfg(feature = "tls")]
pub use server::{Acceptor, ServerTls};
pub use settings::{TlsMode, TlsSettings, TlsVersion};
pub use stream::Stream;
#[cfg(feature = "tls")]
pub use voucher::Voucher;

/// A connection that may begin HTTP/2.
pub struct Accepted {
    /// Its bytes.
    pub stream: Stream,
    /// What protects it.
    pub security: Security,
    /// Who its certificate says it is.
    pub caller: Option<Caller>,
    /// How long that holds.
    pub voucher: Option<Voucher>,
}

impl Accepted {
    /// A connection without TLS.
    #[must_use]
    pub fn plain(stream: tokio::net::TcpStream) -> Self {
        Self {
            stream: Stream::Plain(stream),
            security: Security::None,
            caller: None,
            voucher: None,
        }
    }
}
