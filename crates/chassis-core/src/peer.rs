//! Who is at the other end of a connection, and what protects it.

use std::net::SocketAddr;

/// What protects a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// Nothing that this process sees.
    #[default]
    None,
    /// TLS; the caller showed no certificate.
    Tls,
    /// TLS with certificates on both sides.
    MutualTls,
}

/// Who is at the other end of a connection of the gRPC port:
/// [`CallInfo`](crate::call_info::CallInfo) has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Peer {
    /// Its address, where there is one.
    pub address: Option<SocketAddr>,
    /// What protects this connection itself.
    pub security: Security,
}

/// Who sends a request to the admin port; in its extensions.
#[derive(Debug, Clone, Copy)]
pub struct AdminPeer(pub SocketAddr);
