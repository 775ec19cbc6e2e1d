//{% capture source %}§{% raw %}
//! What the shared crates promise, seen on this service. It is not generated: a
//! team's service is tested for what the team wrote.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics to fail"
)]

#[cfg(feature = "nats")]
#[path = "../support/nats.rs"]
mod broker;
mod cancel;
#[cfg(any(feature = "nats", feature = "tls"))]
#[path = "../support/certificates.rs"]
mod certificates;
mod circles;
mod commands;
mod create;
mod emitted;
mod get;
#[path = "../api/helpers.rs"]
mod helpers;
mod hostile;
mod inventory;
#[cfg(feature = "jwt")]
mod jwt;
mod lifecycle;
mod list;
mod metrics;
mod observe;
mod old;
mod owner;
#[cfg(feature = "postgres")]
#[path = "../support/pgbouncer.rs"]
mod pgbouncer;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "nats")]
mod relay;
#[allow(dead_code, reason = "the rest is for tests/store")]
#[path = "../store/samples.rs"]
mod samples;
mod secrets;
mod settings;
#[cfg(any(feature = "nats", feature = "postgres"))]
#[path = "../support/skip.rs"]
mod skip;
#[cfg(feature = "postgres")]
#[path = "../support/postgres.rs"]
mod support;
mod tenant;
#[cfg(feature = "tls")]
mod tls;
mod trace;
mod update;
mod watch;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
