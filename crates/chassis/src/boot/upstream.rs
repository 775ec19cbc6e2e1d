//! Calls to another service, with all that the chassis has for them.

use tonic::{Code, Status};

use super::CommonSettings;
use crate::client::{Channel, Client, Upstream};
use crate::contract::Service;
use crate::exit::Fatal;
use crate::settings::SecretUrl;
use crate::status;
use crate::telemetry::Telemetry;
use crate::telemetry::rpc::{ClientLayer, ClientService};

/// The reason in the answer's `ErrorInfo`.
const REASON: &str = "UPSTREAM_NOT_SET";

/// What a generated client of an upstream is made over. The caller's deadline,
/// retries by the contract, trace context, balancing, TLS and telemetry are in it;
/// clones share the connection.
pub type UpstreamChannel = Client<ClientService<Channel>>;

/// The upstream at `endpoint`, as set by `flag`, called as the contract of the
/// service `name` (one of `upstreams`) says. Connects when first used; must be
/// called within a tokio runtime.
///
/// # Errors
/// [`Fatal::usage`] that names `flag` if `endpoint` cannot be one, or the file if
/// TLS is asked for and its certificates cannot be used; [`Fatal::software`] if no
/// .proto declares `name`.
pub fn upstream(
    flag: &str,
    endpoint: &SecretUrl,
    upstreams: &'static [Service],
    name: &str,
    settings: &CommonSettings,
    telemetry: &Telemetry,
) -> Result<UpstreamChannel, Fatal> {
    let contract = upstreams.iter().find(|it| it.name == name);
    let contract = contract.ok_or_else(|| {
        Fatal::software(format!(
            "{name} is called, and no .proto declares it as an upstream: correct the name where \
             it is connected, or take it out of proto/offered.conf"
        ))
    })?;
    let upstream = Upstream::new(flag, endpoint.expose(), contract, &settings.client)?
        .mesh(settings.server.mesh);
    let server = Some(upstream.host_and_port());
    let layer = ClientLayer::new(telemetry, std::slice::from_ref(contract), server);
    Ok(upstream.layer(layer).connect_lazily())
}

/// `UNAVAILABLE`: what an rpc answers that needs an upstream whose `flag` is not
/// set.
#[must_use]
pub fn not_set(flag: &str) -> Status {
    status::error(
        Code::Unavailable,
        status::DOMAIN,
        REASON,
        &format!("this needs an upstream, and {flag} is not set"),
    )
}
