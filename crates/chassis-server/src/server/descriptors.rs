//! How many connections the process may have descriptors for.
//!
//! Where connections took the last of them, neither the admin port nor the store
//! could open another: the process would be silent, and be killed for it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For all but connections of the gRPC port: the admin port, the store,
/// upstreams, telemetry.
const RESERVE: u64 = 512;

/// Raises the limit of open files to what `connections` need, or as far as it
/// may be raised; for how many there are descriptors then.
pub(super) fn room_for(connections: u32) -> u32 {
    let needed = u64::from(connections) + RESERVE;
    let limit = raised(needed);
    let most = room(limit, connections);
    if most < connections {
        tracing::warn!(
            limit,
            connections = most,
            "the limit of open files lets in fewer connections than --max-connections; raise the \
             former (ulimit -n, LimitNOFILE) or lower the latter"
        );
    }
    most
}

/// The limit, raised if it was less than `needed`.
fn raised(needed: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (now, most) = (current.unwrap_or(u64::MAX), maximum.unwrap_or(u64::MAX));
    let next = needed.min(most);
    if next <= now {
        return now;
    }
    let current = Some(next);
    match setrlimit(Resource::Nofile, Rlimit { current, maximum }) {
        Ok(()) => next,
        Err(error) => {
            tracing::warn!(%error, limit = now, "the limit of open files cannot be raised");
            now
        }
    }
}

/// For how many of `connections` there are descriptors.
fn room(limit: u64, connections: u32) -> u32 {
    let room = limit.saturating_sub(RESERVE).max(limit / 2).max(1);
    u32::try_from(room).map_or(connections, |room| room.min(connections))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_kept_for_the_rest_of_the_process() {
        assert_eq!(room(u64::MAX, 10_000), 10_000);
        assert_eq!(room(10_512, 10_000), 10_000);
        assert_eq!(room(10_511, 10_000), 9_999);
        assert_eq!(room(2048, 10_000), 1_536);
        assert_eq!(room(1024, 100), 100);
        assert_eq!(room(256, 10_000), 128);
        assert_eq!(room(0, 10_000), 1);
    }
}
