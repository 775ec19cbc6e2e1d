//{% capture source %}{% raw %}
//! Messages, clients and servers, generated from `proto/`.
//!
//! One module per package: `acme.order.v1.Order` is [`acme::order::v1::Order`].
#![allow(missing_docs, unreachable_pub, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/proto.rs"));

/// What server reflection answers from.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
