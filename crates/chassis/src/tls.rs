//! TLS without a mesh, from files that are read anew when they change.
//!
//! Without the cargo feature `tls` only plain streams are left, and the
//! settings refuse what they cannot do.

#[cfg(feature = "tls")]
mod certificate;
#[cfg(feature = "tls")]
mod client;
#[cfg(feature = "tls")]
mod failure;
#[cfg(feature = "tls")]
mod files;
#[cfg(not(feature = "tls"))]
mod none;
#[cfg(feature = "tls")]
mod server;
mod settings;
mod stream;
#[cfg(feature = "tls")]
mod voucher;

use crate::mesh::Caller;
use crate::peer::Security;

#[cfg(feature = "tls")]
pub(crate) use client::{ClientTls, Renewals};
#[cfg(feature = "tls")]
pub use client::{secured, secured_to_self};
#[cfg(not(feature = "tls"))]
pub(crate) use none::{Acceptor, ClientTls, Renewals, ServerTls, Voucher};
#[cfg(not(feature = "tls"))]
pub use none::{secured, secured_to_self};
#[cfg(feature = "tls")]
pub(crate) use server::{Acceptor, ServerTls};
pub use settings::{ClientTlsSettings, TlsMode, TlsSettings, TlsVersion};
pub(crate) use stream::Stream;
#[cfg(feature = "tls")]
pub(crate) use voucher::Voucher;

/// A connection that may begin HTTP/2.
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    pub(crate) security: Security,
    /// Who its certificate says it is.
    pub(crate) caller: Option<Caller>,
    /// How long that holds.
    pub(crate) voucher: Option<Voucher>,
}

impl Accepted {
    pub(crate) fn plain(stream: tokio::net::TcpStream) -> Self {
        Self {
            stream: Stream::Plain(stream),
            security: Security::None,
            caller: None,
            voucher: None,
        }
    }
}
