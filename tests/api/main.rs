//{% capture source %}§{% raw %}
//! The service as its callers see it: the real binary on a real port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics to fail"
)]

#[allow(dead_code, reason = "the template's own tests need the rest")]
mod helpers;
mod inventory;
mod rules;
mod smoke;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
