//{% capture source %}§{% raw %}
//! How an order is kept: its columns and its filters. What a store does with it is
//! tested in `crates/store`.
#![allow(clippy::unwrap_used, reason = "tests")]

mod mapping;
mod samples;
#[cfg(feature = "postgres")]
#[path = "../support/skip.rs"]
mod skip;
#[cfg(feature = "postgres")]
#[path = "../support/postgres.rs"]
mod support;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
