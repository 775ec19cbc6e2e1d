//! What telemetry emits, over real ports: processes that serve and call each
//! other, and a collector that takes what they export.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed step fails the test"
)]

mod calls;
#[cfg(feature = "tls")]
#[path = "../common/certificates.rs"]
mod certificates;
mod collector;
mod demo;
mod descriptors;
#[path = "../common/direct.rs"]
mod direct;
mod documented;
mod environment;
#[cfg(feature = "jwt")]
mod jwt;
mod logs;
mod metrics;
mod outage;
mod process;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "jwt")]
#[expect(dead_code, reason = "other tests need the rest of it")]
#[path = "../common/tokens.rs"]
mod tokens;
mod traces;
#[cfg(feature = "tls")]
mod vouched;

/// Not a test: the process that the tests start, with variables of its own.
#[test]
#[ignore = "started by the other tests"]
fn demo_process() {
    if std::env::var_os(process::MARK).is_some() {
        demo::run();
    }
}
