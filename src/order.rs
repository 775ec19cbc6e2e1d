//{% capture source %}§{% raw %}
//! Orders: types, states and rules. Knows neither transport nor storage.
//!
//! - [`model`]: what an instance is, and how it may change
//! - [`item`], [`money`], [`text`]: the values it is made of; none can be built wrong
//! - [`change`]: what happens; [`error`]: what can go wrong
//! - [`resource`]: what the standard methods ask of it; [`stock`]: what is reserved for it
//! - [`grpc`]: the adapter between messages and these types; [`table`]: the one between
//!   rows and them

pub mod change;
pub mod error;
pub mod grpc;
pub mod item;
pub mod model;
pub mod money;
pub mod resource;
pub mod stock;
mod table;
pub mod text;

pub use error::{OrderError, OrderFault};
pub use model::{Order, OrderDraft, OrderId, OrderState};
pub use resource::{OrderStore, Orders};
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
