//! Ports for programs that cannot be told to choose one themselves.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Result;

/// A port of the loopback interface that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    let [port] = free_ports()?;
    Ok(port)
}

/// As many of them, all different.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    // All are held until the last is known, so that none comes twice.
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
