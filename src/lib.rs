//{% capture source %}{% raw %}
//! The order service.
//!
//! - [`order`]: the domain, its adapter to gRPC and its stores
//! - [`inventory`]: the upstream that stock is reserved at
//! - [`readiness`]: what the store says, for probes
//! - [`relay`]: publishes what happens
//! - [`settler`]: makes exact what is reserved
//! - [`settings`]: every flag and variable
//! - [`smoke`]: calls to a running server
//! - [`proto`], [`contract`]: what the build made of the .proto files

pub mod contract;
pub mod inventory;
pub mod order;
pub mod proto;
pub mod readiness;
pub mod relay;
pub mod settings;
pub mod settler;
pub mod smoke;
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
