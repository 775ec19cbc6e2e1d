//{% capture source %}§{% raw %}
//! The service as its callers see it: the real binary on a real port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics to fail"
)]

mod cancel;
mod create;
mod get;
mod helpers;
mod inventory;
mod list;
mod owner;
#[cfg(feature = "postgres")]
#[path = "../support/skip.rs"]
mod skip;
mod smoke;
#[cfg(feature = "postgres")]
#[path = "../support/postgres.rs"]
mod support;
mod update;
mod watch;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
