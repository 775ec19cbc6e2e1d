//{% capture source %}§{% raw %}
//! What the .proto says may happen to each rpc: one constant per service, and
//! the lists [`SERVICES`] (offered) and [`UPSTREAMS`] (called).
#![allow(
    clippy::duration_suboptimal_units,
    reason = "generated: all in milliseconds"
)]

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
