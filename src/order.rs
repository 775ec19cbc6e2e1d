//{% capture source %}§{% raw %}
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
