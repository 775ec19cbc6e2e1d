//{% capture source %}§{% raw %}
//! What is offered: one module per service.

mod order_service;

use chassis::boot::Boot;

/// Adds each service to the server.
#[must_use]
pub fn add(boot: Boot<'_>) -> Boot<'_> {
    boot.add_service(
        crate::proto::acme::order::v1::order_service_server::OrderServiceServer::new(
            order_service::Api,
        ),
    )
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
