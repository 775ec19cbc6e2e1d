//{% capture source %}§{% raw %}
//! What happens, as it is published: what a watch of everything tells, as an event by
//! `CloudEvents`.

use prost::Message as _;
use relay::CloudEvent;

use crate::order::change::{OrderChange, OrderEvent};
use crate::order::grpc;

/// `told` as it is published. Its id is the name and version of what changed, so that
/// it is the same whenever and by whomever it is published.
#[must_use]
pub fn encode(told: &OrderEvent) -> CloudEvent {
    let order = &told.resource;
    let extension = (!order.owner.is_nobody()).then(|| ("owner", order.owner.as_str().to_owned()));
    CloudEvent {
        id: format!("{}.{}", order.id.0, order.version.0),
        source: concat!("/", env!("CARGO_PKG_NAME")).to_owned(),
        kind: kind(told.change).to_owned(),
        subject: order.id.to_string(),
        time: order.updated,
        content_type: "application/protobuf",
        extensions: extension.into_iter().collect(),
        payload: grpc::published(told.clone()).encode_to_vec(),
    }
}

fn kind(change: OrderChange) -> &'static str {
    match change {
        OrderChange::Created => "acme.order.v1.created",
        OrderChange::Updated => "acme.order.v1.updated",
        OrderChange::Cancelled => "acme.order.v1.cancelled",
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
