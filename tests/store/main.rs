//{% capture source %}§{% raw %}
//! Stores: the rules that each of them keeps, and what is special to one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod old;
#[cfg(feature = "postgres")]
#[path = "../support/pgbouncer.rs"]
mod pgbouncer;
#[cfg(feature = "postgres")]
mod postgres;
mod rules;
mod samples;
#[cfg(feature = "postgres")]
#[path = "../support/skip.rs"]
mod skip;
mod sqlite;
#[cfg(feature = "postgres")]
#[path = "../support/postgres.rs"]
mod support;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
