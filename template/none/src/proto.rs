//{% capture source %}§{% raw %}
//! Messages, clients and servers, generated from `proto/`.
//!
//! One module per package: `acme.order.v1` is `acme::order::v1`.
#![allow(
    missing_docs,
    unreachable_pub,
    deprecated,
    clippy::all,
    clippy::pedantic,
    rustdoc::all,
    reason = "generated: names and comments are the .proto's"
)]

include!(concat!(env!("OUT_DIR"), "/proto.rs"));

/// What server reflection answers from.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
