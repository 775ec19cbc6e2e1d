//{% capture source %}§{% raw %}
//! What the .proto says may happen to each rpc: one constant per service, and
//! the lists [`SERVICES`] (offered) and [`UPSTREAMS`] (called).
#![allow(
    clippy::duration_suboptimal_units,
    reason = "generated: all in milliseconds"
)]

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
