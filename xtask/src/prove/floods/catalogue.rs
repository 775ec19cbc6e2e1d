//! All floods.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::attack::calls::{
    header_bomb, large_body, made_you_reset, rapid_reset, slow_body, slow_reader,
};
use super::attack::connections::{idle, slow_preface};
use super::attack::frames::{change, continuation, empty_data, ping, priority, unread, update};
use super::attack::{Attacker, repeat};

type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One way to flood.
pub(super) struct Flood {
    pub(super) name: &'static str,
    /// What it does, and where it is known from.
    pub(super) what: &'static str,
    pub(super) connections: usize,
    pub(super) run: fn(Arc<Attacker>) -> Run,
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
];
