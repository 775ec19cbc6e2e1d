//{% capture source %}§{% raw %}
//! What happened, in sequence.

pub use store::{Position as EventPosition, Trace as EventTrace};

use super::model::Order;

/// One change, with the order as it was right afterwards.
pub type OrderEvent = store::Event<Order>;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
