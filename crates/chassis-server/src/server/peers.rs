//! How many connections each peer holds.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::server::ServerSettings;

/// Counts the connections of each peer, and lets in so many; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Peers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bound: Bound,
    held: Mutex<HashMap<IpAddr, u32>>,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    None,
    /// For those that are not this machine: its sidecars and gateways bring the
    /// connections of many.
    Others(u32),
    All(u32),
}

/// One connection of a peer; no longer when it is dropped.
#[derive(Debug)]
pub(super) struct PeerPlace {
    peers: Peers,
    key: Option<IpAddr>,
}

impl Peers {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        let bound = match settings.connections.max_connections_per_peer {
            Some(most) => Bound::All(most),
            None if settings.mesh.is_there() => Bound::None,
            None => Bound::Others((settings.connections.max_connections / 2).max(1)),
        };
        let held = Mutex::default();
        Self(Arc::new(Shared { bound, held }))
    }

    /// A place for one more of `peer`, if there is any.
    pub(super) fn take(&self, peer: IpAddr) -> Option<PeerPlace> {
        let peer = peer.to_canonical();
        let (key, most) = match self.0.bound {
            Bound::All(most) => (Some(network(peer)), most),
            Bound::Others(most) if !peer.is_loopback() => (Some(network(peer)), most),
            Bound::Others(_) | Bound::None => (None, 0),
        };
        if let Some(key) = key {
            let mut held = self.held();
            let held = held.entry(key).or_insert(0);
            if *held >= most {
                return None;
            }
            *held += 1;
        }
        let peers = self.clone();
        Some(PeerPlace { peers, key })
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PeerPlace {
    fn drop(&mut self) {
        let Some(key) = self.key else {
            return;
        };
        let mut all = self.peers.held();
        if let Some(held) = all.get_mut(&key) {
            *held -= 1;
            if *held == 0 {
                all.remove(&key);
            }
        }
    }
}

/// Who counts as one peer: an IPv4 address, or the /64 that one IPv6 host has.
fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(bound: Bound) -> Peers {
        let held = Mutex::default();
        Peers(Arc::new(Shared { bound, held }))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_peer_has_its_own_and_gives_back() {
        let peers = peers(Bound::Others(2));
        let one = address("10.0.0.1");
        let held = (peers.take(one), peers.take(one));
        assert!(held.0.is_some() && held.1.is_some());
        assert!(peers.take(one).is_none());
        assert!(peers.take(address("10.0.0.2")).is_some());
        drop(held);
        assert!(peers.take(one).is_some());
        assert!(peers.held().is_empty());
    }

    #[test]
    fn a_host_is_a_peer_whatever_it_calls_itself() {
        let peers = peers(Bound::Others(1));
        let first = peers.take(address("2001:db8::1"));
        assert!(first.is_some());
        assert!(peers.take(address("2001:db8::2")).is_none());
        assert!(peers.take(address("2001:db8:0:1::1")).is_some());
        let mapped = peers.take(address("10.0.0.1"));
        assert!(mapped.is_some());
        assert!(peers.take(address("::ffff:10.0.0.1")).is_none());
    }

    #[test]
    fn this_machine_is_bound_only_if_asked_for() {
        for loopback in ["127.0.0.6", "::1"] {
            let loopback = address(loopback);
            let others = peers(Bound::Others(1));
            let held = (others.take(loopback), others.take(loopback));
            assert!(held.0.is_some() && held.1.is_some());
            let all = peers(Bound::All(1));
            let held = all.take(loopback);
            assert!(held.is_some() && all.take(loopback).is_none());
        }
    }
}
