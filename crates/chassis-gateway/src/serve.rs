//! From settings and descriptors to a gateway that serves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chassis::admin::Admin;
use chassis::boot::{CommonSettings, Program};
use chassis::client::Upstream as Calling;
use chassis::deadline::DeadlinesLayer;
use chassis::exit::Fatal;
use chassis::health::{Health, HealthService};
use chassis::jwt::Issuer;
use chassis::listener::Listener;
use chassis::rate::{RateLimit, Refusal};
use chassis::rpc::Contracts;
use chassis::shutdown::Shutdown;
use chassis::telemetry::rpc::{ClientLayer, ServerLayer};
use chassis::telemetry::{self, Telemetry};
use chassis::tenant::TenantBy;
use http::HeaderValue;
use tokio::sync::Semaphore;
use tonic::service::Routes;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};

use crate::bodies::Bodies;
use crate::calls::{self, Calls, Guard, Upstreams};
use crate::connect::Connect;
use crate::dispatch::{self, Dispatch};
use crate::edge::Edge;
use crate::fault::Details;
use crate::files::Files;
use crate::rest::Rest;
use crate::rpcs::Rpcs;
use crate::settings::GatewaySettings;
use crate::{headers, openapi, unused};

/// What telemetry may take to send what it holds, of a pod's last seconds.
const FLUSH: Duration = Duration::from_secs(3);

/// What a caller is told that has no call left.
const TOO_OFTEN: Refusal = Refusal {
    reason: "RATE_LIMITED",
    message: "this caller calls too often; wait as long as RetryInfo says",
};

/// How long a browser remembers what CORS allows.
const CORS_AGE: Duration = Duration::from_hours(1);

/// What the build made of the .proto files.
#[derive(Debug, Clone, Copy)]
pub struct Gateway {
    /// Its name, the services that are exposed, and what reflection answers from.
    pub program: Program,
    /// The same services with the comments of their .proto: what REST and `OpenAPI` are
    /// made from. An encoded `FileDescriptorSet`.
    pub api: &'static [u8],
}

impl Gateway {
    /// Checks what the .proto files say of paths, and makes the `OpenAPI` document.
    ///
    /// # Errors
    /// [`Fatal::software`] with all that is wrong.
    pub fn openapi(&self) -> Result<serde_json::Value, Fatal> {
        let rpcs = self.rpcs()?;
        Ok(openapi::document(&rpcs, &self.program.build, false))
    }

    fn rpcs(&self) -> Result<Rpcs, Fatal> {
        Rpcs::new(self.api, self.program.services)
            .map_err(|why| Fatal::software(format!("google.api.http in proto/: {why}")))
    }

    /// Serves until the process is asked to stop, then drains. `routes` are served
    /// beside the rpcs, where they name the same path before them.
    ///
    /// # Errors
    /// [`Fatal`] if a setting is wrong, a port cannot be had, or an annotation of a
    /// .proto has no meaning.
    pub async fn serve(
        &self,
        common: &CommonSettings,
        settings: &GatewaySettings,
        routes: Router,
    ) -> Result<(), Fatal> {
        check(common)?;
        settings.validate(self.program.services)?;
        let rpcs = self.rpcs()?;
        let build = self.program.build;
        let telemetry = telemetry::init(&common.telemetry, build.name, build.version)
            .map_err(|error| Fatal::usage(error.to_string()))?;
        // On the heap: it holds all that a gateway is made of.
        let served = Box::pin(self.run(common, settings, routes, rpcs, &telemetry)).await;
        telemetry.shutdown(FLUSH).await;
        served
    }

    async fn run(
        &self,
        common: &CommonSettings,
        settings: &GatewaySettings,
        routes: Router,
        rpcs: Rpcs,
        telemetry: &Telemetry,
    ) -> Result<(), Fatal> {
        let (server, build) = (&common.server, self.program.build);
        // From here on a stop signal drains.
        let shutdown = Shutdown::on_signals()?;
        let health = Health::new();
        let listener = Listener::bind("--listen", server.listen).await?;
        let admin = telemetry.admin_routes();
        let admin = Admin::start(&common.admin, server.mesh, health.clone(), build, admin).await?;
        tracing::info!(grpc = %listener.local_addr(), admin = %admin.local_addr(), "listening");

        let tokens = Issuer::load(&server.jwt)?
            .map(|issuer| issuer.start(&telemetry.metrics(), health.dependency("keys")));
        let (draining, ends) = Shutdown::manual();
        let concurrency = &server.concurrency;
        let permits = [
            concurrency.max_concurrent_requests,
            concurrency.max_open_streams,
        ];
        let burst = |rate| settings.rate_burst.unwrap_or(rate);
        let guard = Guard {
            contracts: Contracts::new(self.program.services),
            tokens,
            rate: (settings.rate_limit).map(|rate| RateLimit::new(rate, burst(rate), TOO_OFTEN)),
            tenants: server.tenants(),
            permits: permits.map(|most| Arc::new(Semaphore::new(most as usize))),
            draining: ends,
        };
        let stack = calls::stack(
            &ServerLayer::new(telemetry, self.program.services),
            guard,
            DeadlinesLayer::new(server.request_timeout),
            self.upstreams(common, settings, telemetry, &health)?,
        );
        let document = openapi::document(&rpcs, &build, server.jwt.is_on());
        let app = router(server, settings, routes, rpcs, stack, &document);
        let edge = Edge {
            settings: server,
            health: &health,
            shutdown,
            router: app,
            draining,
        };
        edge.serve(listener).await;
        // Probes are answered until the drain is over.
        drop(admin);
        Ok(())
    }

    fn upstreams(
        &self,
        common: &CommonSettings,
        settings: &GatewaySettings,
        telemetry: &Telemetry,
        health: &Health,
    ) -> Result<Upstreams, Fatal> {
        let environment: HashMap<_, _> = std::env::vars().collect();
        let mut by_service = HashMap::new();
        for service in self.program.services {
            let (url, setting) = settings.address(service.name, &environment);
            health.add_service(service.name);
            let upstream = match url {
                None => {
                    tracing::warn!(service = service.name, "{setting} is not set");
                    calls::Upstream::NotSet(setting)
                }
                Some(url) => {
                    let upstream = Calling::new(&setting, url.expose(), service, &common.client)?;
                    let upstream = upstream.mesh(common.server.mesh);
                    let host = Some(upstream.host_and_port());
                    let layer = ClientLayer::new(telemetry, std::slice::from_ref(service), host);
                    calls::Upstream::Channel(upstream.layer(layer).connect_lazily())
                }
            };
            by_service.insert(service.name, upstream);
        }
        let mut built_in = Routes::new(HealthService::server(health.clone()));
        if common.server.reflection {
            built_in = self.reflection(built_in, health)?;
        }
        let most = common.server.messages.max_request_bytes;
        Ok(Upstreams::new(by_service, built_in, most))
    }

    fn reflection(&self, routes: Routes, health: &Health) -> Result<Routes, Fatal> {
        let builder = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(self.program.descriptors)
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        };
        let wrong =
            |error| Fatal::software(format!("the descriptor set cannot be decoded: {error}"));
        let v1 = builder().build_v1().map_err(wrong)?;
        let v1alpha = builder().build_v1alpha().map_err(wrong)?;
        health.add_service("grpc.reflection.v1.ServerReflection");
        health.add_service("grpc.reflection.v1alpha.ServerReflection");
        Ok(routes.add_service(v1).add_service(v1alpha))
    }
}

/// Refuses what a gateway does not do.
fn check(common: &CommonSettings) -> Result<(), Fatal> {
    if common.server.tls.is_on() {
        return Err(Fatal::usage(
            "--tls-cert: the gateway's port speaks plain HTTP, so that TLS can end where \
             certificates are kept, at the ingress or the mesh; leave the setting out",
        ));
    }
    if common.server.caller_roles.is_some() {
        return Err(Fatal::usage(
            "--caller-roles: whoever calls a gateway comes from outside of the mesh and has no \
             account there; ask for tokens (--jwt-issuer), or let the mesh say which proxies may \
             call",
        ));
    }
    let told = match common.server.tenants.tenant {
        Some(TenantBy::Namespace) => Some(("namespace", "has no namespace there")),
        Some(TenantBy::Header) => Some(("header", "may not speak for tenants")),
        Some(TenantBy::Claim(_)) | None => None,
    };
    if let Some((setting, why)) = told {
        return Err(Fatal::usage(format!(
            "--tenant {setting}: whoever calls a gateway comes from outside of the mesh and {why}; \
             let a claim of tokens say for whom it calls (--tenant claim:NAME)",
        )));
    }
    unused::refuse(&common.server)
}

fn router(
    server: &chassis::settings::ServerSettings,
    settings: &GatewaySettings,
    routes: Router,
    rpcs: Rpcs,
    stack: calls::Stack,
    document: &serde_json::Value,
) -> Router {
    let details = Details::new(&rpcs.pool);
    let calls = Calls::new(stack.clone(), server.messages.max_response_bytes);
    let bodies = Bodies::new(&server.messages);
    let policy = &settings.content_security_policy;
    let files = (settings.static_dir.as_ref()).map(|dir| Files::new(dir, policy.clone()));
    let dispatch = Dispatch {
        rpcs: Arc::new(rpcs),
        web: dispatch::web(&stack),
        stack,
        rest: Rest {
            calls: calls.clone(),
            details: details.clone(),
            bodies: bodies.clone(),
            heartbeat: settings.event_heartbeat,
        },
        connect: Connect {
            calls,
            details,
            bodies,
        },
        document: document.to_string(),
        trusted_proxies: settings.trusted_proxies,
        files,
    };
    let dispatch = Arc::new(dispatch);
    let all = routes.fallback(move |request| Arc::clone(&dispatch).serve(request));
    match cors(&settings.cors_origins) {
        Some(cors) => all.layer(cors),
        None => all,
    }
}

fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    let any = origins.iter().any(|origin| origin == "*");
    let allowed = match origins {
        [] => return None,
        _ if any => AllowOrigin::any(),
        some => AllowOrigin::list(some.iter().cloned()),
    };
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods(AllowMethods::mirror_request())
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(ExposeHeaders::list(headers::exposed()))
            .max_age(CORS_AGE),
    )
}
