//{% capture source %}§{% raw %}
//! Calls to a running server, for trying an installation.

use chassis::boot::{CommonSettings, Target};
use chassis::exit::Fatal;
use chassis::printable::printable;
use uuid::Uuid;

use crate::proto::acme::order::v1 as pb;
use crate::proto::google::r#type::Money;

/// Creates one order, reads it back and cancels it.
///
/// # Errors
/// [`Fatal::unavailable`] if one of these fails.
pub async fn create_and_read(settings: &CommonSettings, target: &Target) -> Result<(), Fatal> {
    let connection = target.connect(settings).await?;
    let failed = |status| connection.failed(&status);
    let (channel, with_token) = (connection.channel.clone(), connection.with_token());
    let mut client =
        pb::order_service_client::OrderServiceClient::with_interceptor(channel, with_token);
    let request = pb::CreateOrderRequest {
        order: Some(pb::Order {
            customer: "smoke-test".to_owned(),
            items: vec![pb::LineItem {
                sku: "smoke-test".to_owned(),
                quantity: 1,
                unit_price: Some(Money {
                    currency_code: "EUR".to_owned(),
                    units: 1,
                    nanos: 0,
                }),
            }],
            ..Default::default()
        }),
        request_id: Uuid::new_v4().to_string(),
    };
    let created = client.create_order(request).await.map_err(failed)?;
    let created = created.into_inner();
    let name = created.name.clone();
    let get = pb::GetOrderRequest { name };
    let read = client.get_order(get).await.map_err(failed)?.into_inner();
    if read != created {
        return Err(Fatal::unavailable(format!(
            "{} answered {} differently when asked again",
            connection.address, read.name
        )));
    }
    let cancel = pb::CancelOrderRequest {
        name: created.name,
        etag: created.etag,
    };
    let cancelled = client.cancel_order(cancel).await.map_err(failed)?;
    let name = cancelled.into_inner().name;
    println!("created, read and cancelled {}", printable(&name));
    Ok(())
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
