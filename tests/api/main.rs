//{% capture source %}§{% raw %}
//! The service as its callers see it: the real binary on a real port.

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
mod create;
mod emitted;
mod get;
mod helpers;
mod hostile;
mod inventory;
#[cfg(feature = "jwt")]
mod jwt;
mod lifecycle;
mod list;
mod metrics;
mod owner;
#[cfg(feature = "postgres")]
#[path = "../support/pgbouncer.rs"]
mod pgbouncer;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "nats")]
mod relay;
mod secrets;
mod settings;
#[cfg(any(feature = "nats", feature = "postgres"))]
#[path = "../support/skip.rs"]
mod skip;
mod smoke;
#[cfg(feature = "postgres")]
#[path = "../support/postgres.rs"]
mod support;
#[cfg(feature = "tls")]
mod tls;
mod trace;
mod update;
mod watch;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
