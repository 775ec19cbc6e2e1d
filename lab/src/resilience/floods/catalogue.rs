//! All floods.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::attack::calls::{
    header_bomb, large_body, made_you_reset, rapid_reset, slow_body, slow_reader,
};
use super::attack::connections::{half_request, idle, idle_tls, one_peer, slow_preface};
use super::attack::exempt::{endless_checks, strangers_streams};
use super::attack::frames::{change, continuation, empty_data, ping, priority, unread, update};
use super::attack::messages::{decoded_size, full_windows};
use super::attack::{Attacker, repeat};

type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One way to flood.
pub(super) struct Flood {
    pub(super) name: &'static str,
    /// What it does, and where it is known from.
    pub(super) what: &'static str,
    pub(super) connections: u32,
    pub(super) run: fn(Arc<Attacker>) -> Run,
}

/// KiB that an idle connection costs, most of them HTTP/2's buffers.
const CONNECTION: u32 = 20;
/// And under TLS, whose buffers and keys come on top.
const CONNECTION_UNDER_TLS: u32 = 28;

impl Flood {
    /// What the server is told besides its defaults.
    pub(super) fn args(&self) -> &'static [&'static str] {
        match self.name {
            "one peer" => &["--max-connections-per-peer", "2000"],
            _ => &[],
        }
    }

    /// Whether the server speaks TLS.
    pub(super) fn is_under_tls(&self) -> bool {
        self.name == "idle TLS"
    }

    /// What the connections themselves may cost that it holds open, in MiB.
    pub(super) fn cost_of_connections(&self) -> f64 {
        let (open, kib) = match self.name {
            "one peer" => (2_000, CONNECTION),
            "idle TLS" => (self.connections, CONNECTION_UNDER_TLS),
            // They never speak HTTP/2, and have none of its buffers.
            "slow preface" | "admin port" => (0, CONNECTION),
            _ => (self.connections, CONNECTION),
        };
        f64::from(open) * f64::from(kib) / 1024.0
    }
}

pub(super) const FLOODS: &[Flood] = &[
    Flood {
        name: "rapid reset",
        what: "calls, each reset at once (CVE-2023-44487)",
        connections: 8,
        run: |it| Box::pin(repeat(it, rapid_reset)),
    },
    Flood {
        name: "made you reset",
        what: "calls, each with an error that makes the server reset it (CVE-2025-8671)",
        connections: 8,
        run: |it| Box::pin(repeat(it, made_you_reset)),
    },
    Flood {
        name: "continuation",
        what: "a header block that never ends (CVE-2024-24549 and its kin)",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| continuation(it, wire, 16 << 10))),
    },
    Flood {
        name: "empty continuation",
        what: "the same, of frames without content",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| continuation(it, wire, 0))),
    },
    Flood {
        name: "settings",
        what: "SETTINGS, whose acknowledgements are not read (CVE-2019-9515)",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| unread(it, wire, change))),
    },
    Flood {
        name: "ping",
        what: "PING, whose answers are not read (CVE-2019-9512)",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| unread(it, wire, ping))),
    },
    Flood {
        name: "empty data",
        what: "DATA without content, for ever (CVE-2019-9518)",
        connections: 8,
        run: |it| Box::pin(repeat(it, empty_data)),
    },
    Flood {
        name: "header bomb",
        what: "one byte for each 4 KiB of headers, out of the table (CVE-2016-6581)",
        connections: 8,
        run: |it| Box::pin(repeat(it, header_bomb)),
    },
    Flood {
        name: "slow reader",
        what: "calls whose answers have no room: a window of 0 (CVE-2019-9511, CVE-2019-9517)",
        connections: 64,
        run: |it| Box::pin(repeat(it, slow_reader)),
    },
    Flood {
        name: "window update",
        what: "WINDOW_UPDATE by one byte",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| unread(it, wire, update))),
    },
    Flood {
        name: "priority",
        what: "priorities of streams that are not there, over and over (CVE-2019-9513)",
        connections: 8,
        run: |it| Box::pin(repeat(it, |it, wire| unread(it, wire, priority))),
    },
    Flood {
        name: "slow body",
        what: "calls whose message never ends",
        connections: 64,
        run: |it| Box::pin(repeat(it, slow_body)),
    },
    Flood {
        name: "large body",
        what: "calls that send a message of 4 MiB, but for its last byte",
        connections: 64,
        run: |it| Box::pin(large_body(it)),
    },
    Flood {
        name: "decoded size",
        what: "calls whose messages are lists of nothing: two bytes each, and dozens once decoded",
        connections: 64,
        run: |it| Box::pin(decoded_size(it)),
    },
    Flood {
        name: "full windows",
        what: "watches and lists of large orders by readers that grant all room and take nothing",
        connections: 64,
        run: |it| Box::pin(full_windows(it)),
    },
    Flood {
        name: "slow preface",
        what: "connections that begin a byte at a time",
        connections: 2_000,
        run: |it| Box::pin(slow_preface(it)),
    },
    Flood {
        name: "idle",
        what: "ten thousand connections that do nothing",
        connections: 10_000,
        run: |it| Box::pin(idle(it)),
    },
    Flood {
        name: "exempt calls",
        what: "health checks whose message never ends, without a token",
        connections: 120,
        run: |it| Box::pin(repeat(it, endless_checks)),
    },
    Flood {
        name: "exempt streams",
        what: "streams of health and reflection, without a token",
        connections: 40,
        run: |it| Box::pin(repeat(it, strangers_streams)),
    },
    Flood {
        name: "admin port",
        what: "half-sent requests to the admin port",
        connections: 2_000,
        run: |it| Box::pin(half_request(it)),
    },
    Flood {
        name: "one peer",
        what: "one peer that opens three times the connections that it may have",
        connections: 6_000,
        run: |it| Box::pin(one_peer(it)),
    },
    Flood {
        name: "idle TLS",
        what: "two thousand connections that do nothing, under TLS",
        connections: 2_000,
        run: |it| Box::pin(idle_tls(it)),
    },
];
