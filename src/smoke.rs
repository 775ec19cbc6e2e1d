//{% capture source %}§{% raw %}
//! Calls to a running server, for probes and for trying an installation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use chassis::exit::Fatal;
use chassis::printable::printable;
use chassis::settings::SecretUrl;
use chassis::tls;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use uuid::Uuid;

use crate::proto::acme::order::v1 as pb;
use crate::proto::google::r#type::Money;
use crate::settings::{Settings, Target};

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks whether the server serves.
///
/// # Errors
/// [`Fatal::unavailable`] if it does not, or cannot be reached.
pub async fn health(settings: &Settings, target: &Target) -> Result<(), Fatal> {
    let (address, channel) = connect(settings, target).await?;
    let mut client = HealthClient::new(channel);
    let asked = client.check(HealthCheckRequest::default());
    let answer = asked.await.map_err(|status| failed(&address, &status))?;
    match answer.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        status => Err(Fatal::unavailable(format!(
            "{address} is {}: see /readyz on its admin port",
            status.as_str_name()
        ))),
    }
}

/// Creates one order, reads it back and cancels it.
///
/// # Errors
/// [`Fatal::unavailable`] if one of these fails.
pub async fn create_and_read(settings: &Settings, target: &Target) -> Result<(), Fatal> {
    let (address, channel) = connect(settings, target).await?;
    let failed = |status| failed(&address, &status);
    let with_token = |mut request: Request<()>| {
        if let Some(token) = &target.bearer_token {
            let metadata = request.metadata_mut();
            metadata.insert("authorization", token.clone());
        }
        Ok(request)
    };
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
            "{address} answered {} differently when asked again",
            read.name
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

/// The address itself: in an empty image nothing resolves "localhost".
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn connect(settings: &Settings, target: &Target) -> Result<(SecretUrl, Channel), Fatal> {
    let (own, client) = (&settings.server.tls, &settings.client.tls);
    let scheme = if own.is_on() { "https" } else { "http" };
    let here = || format!("{scheme}://{}", reachable(settings.server.listen)).into();
    let address = target.endpoint.clone().unwrap_or_else(here);
    let endpoint = Endpoint::from_shared(address.expose().to_owned())
        .map_err(|error| Fatal::usage(format!("--endpoint {address}: {error}")))?
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE);
    let endpoint = match target.endpoint {
        Some(_) => tls::secured(endpoint, client)?,
        None => tls::secured_to_self(endpoint, client, own)?,
    };
    let channel = endpoint.connect().await.map_err(|error| {
        Fatal::unavailable(format!(
            "{address} cannot be reached ({}): is it running?",
            cause(&error)
        ))
    })?;
    Ok((address, channel))
}

/// The innermost error: those around it say only that something failed.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}

fn failed(address: &SecretUrl, status: &tonic::Status) -> Fatal {
    let (code, message) = (status.code(), status.message());
    Fatal::unavailable(format!("{address} answered {code:?}: {message}"))
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
