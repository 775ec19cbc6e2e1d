//{% capture source %}{% raw %}
//! What the .proto says may happen to each rpc: one constant per service, and
//! the lists [`SERVICES`] (offered) and [`UPSTREAMS`] (called).
#![allow(
    clippy::duration_suboptimal_units,
    reason = "generated: all in milliseconds"
)]

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
