//{% capture source %}{% raw %}
//! Orders: types, states and rules. Knows neither transport nor storage.
//!
//! - [`model`]: what an instance is, and how it may change
//! - [`item`], [`money`], [`text`]: the values it is made of; none can be built wrong
//! - [`owner`]: whose it is, and who may see it
//! - [`query`], [`token`]: what a list or a watch asks for, and where it left off
//! - [`event`]: what happened, in sequence
//! - [`service`]: the use cases; [`store`] and [`stock`] are what they need
//! - [`publish`]: where events go besides
//! - [`error`]: all that can go wrong
//! - [`grpc`]: the adapter between messages and these types

pub mod error;
pub mod event;
pub mod grpc;
pub mod item;
pub mod model;
pub mod money;
pub mod owner;
pub mod publish;
pub mod query;
pub mod service;
pub mod stock;
pub mod store;
pub mod text;
pub mod token;

pub use error::Error;
pub use model::{Draft, Order, OrderId, State};
pub use service::Orders;
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
