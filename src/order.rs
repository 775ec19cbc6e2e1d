//{% capture source %}§{% raw %}
//! Orders: types, states and rules. Knows neither transport nor storage.
//!
//! - [`model`]: what an instance is, and how it may change
//! - [`item`], [`money`]: the values it is made of
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

pub use error::{OrderError, OrderFault};
pub use model::{Order, OrderDraft, OrderId, OrderState};
pub use resource::{OrderStore, Orders};
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
