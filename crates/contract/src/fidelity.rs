//! What each mesh and each client can say of a contract, and what it cannot.
//!
//! The one place this is written; `docs/contract.md` shows it.

use std::fmt::Write as _;

/// How far one of them carries out one part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fidelity {
    /// As written; the text says by what.
    Full(&'static str),
    /// With a difference; the text says which.
    Partly(&'static str),
    /// Not at all; the text says what happens instead.
    No(&'static str),
}

use Fidelity::{Full, No, Partly};

/// A table: its title, its columns and its rows.
struct Table<const N: usize> {
    title: &'static str,
    columns: [&'static str; N],
    rows: &'static [(&'static str, [Fidelity; N])],
}

const MESHES: Table<4> = Table {
    title: "In the mesh",
    columns: ["istio", "istio-ambient", "linkerd", "none"],
    rows: &[
        (
            "total timeout",
            [
                Full("VirtualService `timeout`"),
                Full("VirtualService on the waypoint"),
                Full("`timeout.linkerd.io/request`"),
                Full("the server's own deadline"),
            ],
        ),
        (
            "no timeout on streams",
            [
                Full("`timeout: 0s`"),
                Full("`timeout: 0s`"),
                Full("a route without annotations"),
                Full("no deadline is set"),
            ],
        ),
        (
            "attempts",
            [
                Full("`attempts`, one less"),
                Full("`attempts`, one less"),
                Full("`retry.linkerd.io/limit`, one less"),
                Full("the client's service config"),
            ],
        ),
        (
            "never retried",
            [
                Full("`attempts: 0`; silence would mean two retries"),
                Full("`attempts: 0`; silence would mean two retries"),
                Full("a route without annotations"),
                Full("no policy in the service config"),
            ],
        ),
        (
            "time of one attempt",
            [
                Full("`perTryTimeout`"),
                Full("`perTryTimeout`"),
                Full("`retry.linkerd.io/timeout`"),
                No("gRPC's service config has no such field"),
            ],
        ),
        (
            "codes",
            [
                Partly("`retryOn`; only responses without a message (trailers-only)"),
                Partly("`retryOn`; only responses without a message (trailers-only)"),
                Full("`retry.linkerd.io/grpc`"),
                Full("the client's service config"),
            ],
        ),
        (
            "initial backoff",
            [
                Full("`backoff`"),
                Full("`backoff`"),
                No("retries at once"),
                Full("the client's service config"),
            ],
        ),
        (
            "longest backoff",
            [
                No("ten times the initial backoff"),
                No("ten times the initial backoff"),
                No("retries at once"),
                Full("the client's service config"),
            ],
        ),
        (
            "backoff multiplier",
            [
                No("always 2"),
                No("always 2"),
                No("retries at once"),
                Full("the client's service config"),
            ],
        ),
        (
            "retry budget",
            [
                No("none is set: DestinationRule's counts a share of active requests, not tokens"),
                No("none is set: DestinationRule's counts a share of active requests, not tokens"),
                No("routes have none; only the legacy ServiceProfile does"),
                Full("the client's service config"),
            ],
        ),
        (
            "requests of any size retried",
            [
                Partly("up to the proxy's buffer"),
                Partly("up to the waypoint's buffer"),
                Partly("up to 64 KiB"),
                Partly("up to the client's buffer"),
            ],
        ),
        (
            "allowed callers",
            [
                Full("AuthorizationPolicy by path and principal"),
                Full("AuthorizationPolicy on the waypoint"),
                Full("AuthorizationPolicy on a GRPCRoute"),
                Partly("in the server, from client certificates"),
            ],
        ),
        (
            "`request_id`: one act per value",
            [
                Full("the server"),
                Full("the server"),
                Full("the server"),
                Full("the server"),
            ],
        ),
    ],
};

const CLIENTS: Table<6> = Table {
    title: "In a client, from the service config",
    columns: [
        "Go",
        "Java",
        "Python, C++, Ruby",
        "Node",
        ".NET",
        "Rust (tonic)",
    ],
    rows: &[
        (
            "attempts, backoffs, codes",
            [
                Full("`retryPolicy`"),
                Full("`retryPolicy`"),
                Full("`retryPolicy`"),
                Full("`retryPolicy`, grpc-js 1.8 or later"),
                Full("`retryPolicy`"),
                No("tonic reads none; the chassis' client retries by the same contract"),
            ],
        ),
        (
            "retry budget",
            [
                Full("`retryThrottling`"),
                Full("`retryThrottling`"),
                Full("`retryThrottling`"),
                Full("`retryThrottling`"),
                Full("`retryThrottling`"),
                No("the chassis' client has one"),
            ],
        ),
        (
            "total timeout",
            [
                Full("`timeout`"),
                Full("`timeout`"),
                No("fires far too early: use the config without timeouts, pass one per call"),
                Full("`timeout`"),
                No("ignored: pass a deadline per call"),
                No("the chassis' client sets one"),
            ],
        ),
        (
            "time of one attempt",
            [
                No("no such field"),
                No("no such field"),
                No("no such field"),
                No("no such field"),
                No("no such field"),
                No("the chassis' client has one"),
            ],
        ),
    ],
};

/// Both tables, in Markdown.
#[must_use]
pub fn tables() -> String {
    format!("{}\n{}", MESHES.markdown(), CLIENTS.markdown())
}

impl<const N: usize> Table<N> {
    fn markdown(&self) -> String {
        let mut out = format!("### {}\n\n", self.title);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| | {} |", self.columns.join(" | "));
        let _ = writeln!(out, "|---|{}", "---|".repeat(N));
        for (part, cells) in self.rows {
            let cells = cells.map(|it| match it {
                Full(by) => format!("yes: {by}"),
                Partly(how) => format!("partly: {how}"),
                No(instead) => format!("**no**: {instead}"),
            });
            let _ = writeln!(out, "| {part} | {} |", cells.join(" | "));
        }
        out
    }
}
