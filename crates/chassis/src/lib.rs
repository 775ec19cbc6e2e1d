//! Everything a gRPC service needs that is not its domain.
//!
//! A facade: each part is a crate of its own, and imports point one way.
//!
//! - [`boot`]: the boot sequence of a service, from settings to drain
//! - [`server`], [`admin`], [`health`], [`limits`], [`ending`]: the gRPC port and the
//!   admin port (`chassis-server`)
//! - [`client`]: calls to upstreams (`chassis-client`)
//! - [`mesh`], [`tls`], [`jwt`]: who calls, and how that is proven (`chassis-identity`)
//! - [`telemetry`]: traces, metrics and logs (`chassis-telemetry`)
//! - [`status`], [`attempt`]: what gRPC says on the wire (`chassis-grpc`)
//! - [`contract`], [`rpc`], [`deadline`], [`exit`], [`listener`], [`shutdown`] and the
//!   rest: what all of them share (`chassis-core`)
//! - [`settings`]: the flags and variables of all
//!
//! # A server with one service
//!
//! It has deadlines, limits, load shedding, health, reflection, telemetry, an admin
//! port and a drain. Any generated service goes where health's goes here.
//!
//! ```no_run
//! use chassis::admin::{Admin, BuildInfo};
//! use chassis::health::{Health, HealthService};
//! use chassis::telemetry::{self, TelemetrySettings, rpc::ServerLayer};
//! use chassis::{exit::Fatal, listener::Listener, server::Server, settings, shutdown::Shutdown};
//!
//! #[derive(clap::Parser)]
//! struct Settings {
//!     #[command(flatten)]
//!     server: settings::ServerSettings,
//!     #[command(flatten)]
//!     admin: settings::AdminSettings,
//! }
//!
//! # const BUILD: BuildInfo =
//! #     BuildInfo { name: "demo", version: "1.0.0", commit: None, rustc: "", profile: "" };
//! # static CONTRACTS: [chassis::contract::Service; 0] = [];
//! async fn serve(Settings { server, admin }: Settings) -> Result<(), Fatal> {
//!     server.validate()?;
//!     let telemetry = telemetry::init(&TelemetrySettings::default(), "demo", "1.0.0")
//!         .map_err(|error| Fatal::usage(error.to_string()))?;
//!     let (health, shutdown) = (Health::new(), Shutdown::on_signals()?);
//!     let routes = telemetry.admin_routes();
//!     let _admin = Admin::start(&admin, server.mesh, health.clone(), BUILD, routes).await?;
//!     let listener = Listener::bind("--listen", server.listen).await?;
//!     Server::new(&server, &CONTRACTS, &health)?
//!         .add_service(HealthService::server(health.clone()))
//!         .metrics(telemetry.metrics())
//!         .layer(ServerLayer::new(&telemetry, &CONTRACTS))
//!         .serve(listener, shutdown)
//!         .await
//! }
//! ```

pub mod boot;

pub use chassis_client as client;
pub use chassis_core::{
    call_info, contract, exit, file, listener, peer, printable, random, rpc, shutdown,
};
pub use chassis_grpc::{attempt, status};
pub use chassis_identity::jwt;
#[cfg(feature = "rates")]
pub use chassis_identity::rate;
pub use chassis_server::{admin, ending, limits, server};
pub use chassis_telemetry as telemetry;

/// Requests are checked by the rules of the .proto before a handler sees them.
pub mod validate {
    pub use chassis_grpc::validated::{Codec, MOST_VIOLATIONS, invalid_fields};
    pub use chassis_validate::*;
}

/// How long a call may take: the shorter of what its caller allows and what the
/// contract or the settings allow.
pub mod deadline {
    pub use chassis_core::deadline::{Deadline, HEADER, Malformed, current, format, parse, scope};
    pub use chassis_grpc::deadline::BoundBody;
    pub use chassis_server::deadline::{BoundFuture, Deadlines, DeadlinesLayer};
}

/// Whether the process can serve: what readiness is made of, and `grpc.health.v1`.
pub mod health {
    pub use chassis_core::health::{Dependency, DependencyState, Health, State};
    pub use chassis_server::health::HealthService;
}

/// The mesh the process runs in, and who its proxies, or certificates, say is
/// calling.
pub mod mesh {
    pub use chassis_core::mesh::{Caller, Provider, ServiceAccount, TrustDomain};
    pub use chassis_identity::accounts::Accounts;
    pub use chassis_identity::roles::Roles;
}

/// For whom a call is, where one deployment serves many.
pub mod tenant {
    pub use chassis_identity::tenant::{
        HEADER, Tenant, TenantBy, TenantSettings, Tenants, current, scope,
    };

    /// The tenant that `request` is for; `None` where there are none. A service that is
    /// told who says so (`--tenant`) has refused all others before.
    #[must_use]
    pub fn of<T>(request: &tonic::Request<T>) -> Option<&Tenant> {
        request.extensions().get()
    }
}

/// TLS where no mesh does it.
pub mod tls {
    pub use chassis_client::tls::{secured, secured_to_self};
    pub use chassis_core::peer::Security;
}

/// Flags and variables, each documented with the crate that reads it and nowhere
/// else.
///
/// The service flattens these `clap::Args` into its own settings and calls
/// [`settings::ServerSettings::validate`] once.
pub mod settings {
    pub use chassis_client::tls::ClientTlsSettings;
    pub use chassis_client::{ClientSettings, UpstreamRetries};
    pub use chassis_core::values::{SecretUrl, bytes, duration, positive_duration, size};
    pub use chassis_identity::jwt::JwtSettings;
    pub use chassis_identity::tls::{TlsMode, TlsSettings, TlsVersion};
    pub use chassis_server::admin::AdminSettings;
    pub use chassis_server::server::{
        Compression, ConcurrencySettings, ConnectionSettings, MessageSettings, Runtime,
        ServerSettings,
    };
}
