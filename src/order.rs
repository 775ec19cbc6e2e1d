//{% capture source %}§{% raw %}
//! Orders: types, states and rules. Knows neither transport nor storage.
//!
//! - [`model`]: what an instance is, and how it may change
//! - [`id`], [`item`], [`money`], [`text`]: the values it is made of; none can be built
//!   wrong
//! - [`owner`]: whose it is, and who may see it
//! - [`query`], [`token`]: what a list or a watch asks for, and where it left off
//! - [`change`], [`event`]: what happened, in sequence
//! - [`service`]: the use cases; [`storage`] and [`stock`] are what they need
//! - [`error`]: all that can go wrong
//! - [`grpc`]: the adapter between messages and these types; [`table`]: the one between
//!   rows and them

pub mod change;
pub mod error;
pub mod event;
pub mod grpc;
pub mod id;
pub mod item;
pub mod model;
pub mod money;
pub mod owner;
pub mod query;
pub mod service;
pub mod stock;
pub mod storage;
mod table;
pub mod text;
pub mod token;

pub use error::OrderError;
pub use id::OrderId;
pub use model::{Order, OrderDraft, OrderState};
pub use service::Orders;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
