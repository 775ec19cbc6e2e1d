//! The boot sequence of a service, once: settings, runtime, telemetry, signals,
//! ports, service; then drain, and telemetry's end.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use chassis::boot::{self, CommonSettings, Program};
//! use chassis::exit::Fatal;
//! use clap::Parser;
//!
//! #[derive(Parser)]
//! struct Settings {
//!     #[command(flatten)]
//!     common: CommonSettings,
//! }
//!
//! // What the build made of the .proto files.
//! const PROGRAM: Program = Program {
//!     build: chassis::build_info!(),
//!     services: &[],
//!     descriptors: &[],
//! };
//!
//! fn main() -> ExitCode {
//!     boot::main(boot::parse, run)
//! }
//!
//! async fn run(settings: Settings) -> Result<(), Fatal> {
//!     boot::serve(&PROGRAM, &settings.common, async |boot| {
//!         // Here goes: boot.add_service(ThingServer::new(thing))
//!         boot.serve().await
//!     })
//!     .await
//! }
//! ```

mod intercepted;
mod settings;
mod target;
mod unwritten;
mod upstream;

use std::process::ExitCode;
use std::time::Duration;

use tonic::server::NamedService;

use crate::admin::{Admin, BuildInfo};
use crate::contract;
use crate::exit::Fatal;
use crate::health::Health;
use crate::limits::ConcurrencyLimit;
use crate::listener::Listener;
use crate::server::{GrpcService, Server};
use crate::shutdown::Shutdown;
use crate::telemetry::rpc::ServerLayer;
use crate::telemetry::{self, Telemetry};

pub use intercepted::{Interceptable, Intercepted};
pub use settings::{CommonSettings, from_words, parse};
pub use target::{Connection, Target};
pub use unwritten::unwritten;
pub use upstream::{UpstreamChannel, not_set, upstream};

/// What telemetry may take to send what it holds, of a pod's last seconds.
const FLUSH: Duration = Duration::from_secs(3);

/// What the build says of the package that calls it: a [`BuildInfo`].
///
/// The package's build script sets the variables `RUSTC_VERSION` and `PROFILE`.
#[macro_export]
macro_rules! build_info {
    () => {
        $crate::admin::BuildInfo {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            commit: option_env!("GIT_COMMIT"),
            rustc: match option_env!("RUSTC_VERSION") {
                Some(version) => version,
                None => "unknown",
            },
            profile: match option_env!("PROFILE") {
                Some(profile) => profile,
                None => "unknown",
            },
        }
    };
}

/// What the build made of a service.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name and version.
    pub build: BuildInfo,
    /// What is offered, and what may happen to each rpc of it.
    pub services: &'static [contract::Service],
    /// What reflection answers from: an encoded `FileDescriptorSet`.
    pub descriptors: &'static [u8],
}

/// Reads settings, carries out `run` with them, and says how the process ends.
pub fn main<S>(
    settings: impl FnOnce() -> Result<S, Fatal>,
    run: impl AsyncFnOnce(S) -> Result<(), Fatal>,
) -> ExitCode {
    let ended = settings().and_then(|settings| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Fatal::software(format!("cannot start the runtime: {error}")))?;
        runtime.block_on(run(settings))
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(fatal) => {
            eprintln!("{fatal}");
            fatal.into()
        }
    }
}

/// Boots and hands over to `serve`, which opens what is its own, adds its
/// services and ends with [`Boot::serve`]. Telemetry outlives it, however it
/// ends.
///
/// # Errors
/// [`Fatal`] if a setting is wrong, a port cannot be had, or `serve` fails.
pub async fn serve(
    program: &Program,
    settings: &CommonSettings,
    serve: impl AsyncFnOnce(Boot<'_>) -> Result<(), Fatal>,
) -> Result<(), Fatal> {
    let build = program.build;
    let telemetry = telemetry::init(&settings.telemetry, build.name, build.version)
        .map_err(|error| Fatal::usage(error.to_string()))?;
    // On the heap: it holds all that a service is made of.
    let served = Box::pin(async {
        let boot = Boot::start(program, settings, &telemetry).await?;
        serve(boot).await
    });
    let served = served.await;
    telemetry.shutdown(FLUSH).await;
    served
}

/// Carries out a command that may take long: it logs as a service does, and a stop
/// signal ends it, also as the first process of a container.
///
/// # Errors
/// As `command`; [`Fatal::unavailable`] if it was stopped, [`Fatal`] if telemetry
/// cannot start.
pub async fn command(
    program: &Program,
    settings: &CommonSettings,
    command: impl Future<Output = Result<(), Fatal>>,
) -> Result<(), Fatal> {
    let build = program.build;
    let telemetry = telemetry::init(&settings.telemetry, build.name, build.version)
        .map_err(|error| Fatal::usage(error.to_string()))?;
    let shutdown = Shutdown::on_signals()?;
    let done = tokio::select! {
        done = command => done,
        () = shutdown.drain() => Err(Fatal::unavailable(
            "stopped by a signal before it was done; run it again",
        )),
    };
    telemetry.shutdown(FLUSH).await;
    done
}

/// A service whose ports are bound and which does not serve yet.
#[derive(Debug)]
pub struct Boot<'a> {
    /// For layers of clients, and for metrics of one's own.
    pub telemetry: &'a Telemetry,
    /// To say what readiness depends on.
    pub health: Health,
    /// To stop waiting when the process is asked to.
    pub shutdown: Shutdown,
    program: Program,
    /// Apart, so that a `Boot` is small: a future has room for the one before each service
    /// that is added and the one after.
    server: Box<Server>,
    added: Vec<&'static str>,
    listener: Listener,
    admin: Admin,
}

impl<'a> Boot<'a> {
    async fn start(
        program: &Program,
        settings: &CommonSettings,
        telemetry: &'a Telemetry,
    ) -> Result<Self, Fatal> {
        let CommonSettings { server, admin, .. } = settings;
        // From here on a stop signal drains.
        let shutdown = Shutdown::on_signals()?;
        let health = Health::new();
        let listener = Listener::bind("--listen", server.listen).await?;
        let routes = telemetry.admin_routes();
        let admin = Admin::start(admin, server.mesh, health.clone(), program.build, routes).await?;
        tracing::info!(grpc = %listener.local_addr(), admin = %admin.local_addr(), "listening");
        let server = Box::new(Server::new(server, program.services, &health)?);
        Ok(Self {
            telemetry,
            health,
            shutdown,
            program: *program,
            server,
            added: Vec::new(),
            listener,
            admin,
        })
    }

    /// The permits of unary calls: to be told how long calls wait in queues of
    /// the service's own.
    #[must_use]
    pub fn concurrency_limit(&self) -> ConcurrencyLimit {
        self.server.concurrency_limit()
    }

    /// Adds a service, as tonic generates it.
    #[must_use]
    pub fn add_service<S: GrpcService + NamedService>(mut self, service: S) -> Self {
        self.added.push(S::NAME);
        self.server = Box::new(self.server.add_service(service));
        self
    }

    /// Adds a service that something stands around, such as a tonic interceptor
    /// (`ThingServer::with_interceptor(thing, check)`). Its future is boxed for
    /// each call.
    #[must_use]
    pub fn add_intercepted<S: Interceptable>(self, service: S) -> Self {
        self.add_service(Intercepted::new(service))
    }

    /// As [`Server::plain_errors`]: for an API whose errors have no details.
    #[must_use]
    pub fn plain_errors(mut self) -> Self {
        self.server = Box::new(self.server.plain_errors());
        self
    }

    /// Serves until the process is asked to stop, then drains.
    ///
    /// # Errors
    /// [`Fatal::software`] if what was added is not what is offered; as
    /// [`Server::serve`] else.
    pub async fn serve(self) -> Result<(), Fatal> {
        agree(self.program.services, &self.added)?;
        let served = self
            .server
            .metrics(self.telemetry.metrics())
            .reflection(self.program.descriptors)?
            .layer(ServerLayer::new(self.telemetry, self.program.services))
            .serve(self.listener, self.shutdown)
            .await;
        // Probes are answered until the drain is over.
        drop(self.admin);
        served
    }
}

/// What is offered has a contract, and what is promised is there.
fn agree(offered: &[contract::Service], added: &[&str]) -> Result<(), Fatal> {
    for service in offered {
        if !added.contains(&service.name) {
            return Err(Fatal::software(format!(
                "{} is offered but was never added: add it where the server is made, or take it \
                 out of proto/offered.conf",
                service.name
            )));
        }
    }
    for name in added {
        if !offered.iter().any(|service| service.name == *name) {
            return Err(Fatal::software(format!(
                "{name} was added but is not offered, so it has neither contract nor reflection: \
                 name it in proto/offered.conf"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const THING: contract::Service = contract::Service {
        name: "demo.v1.Thing",
        retry_throttling: None,
        methods: &[],
    };

    /// clippy refuses a future of 16 KiB, and one that adds a dozen services has two each.
    #[test]
    fn many_services_can_be_added() {
        assert!(size_of::<Boot<'_>>() <= 512, "{}", size_of::<Boot<'_>>());
    }

    #[test]
    fn what_is_added_is_what_is_offered() {
        assert!(agree(&[THING], &["demo.v1.Thing"]).is_ok());
        let never = agree(&[THING], &[]).map_err(|it| it.to_string());
        assert!(never.is_err_and(|it| it.contains("demo.v1.Thing is offered but was never added")));
        let unknown = agree(&[THING], &["demo.v1.Thing", "demo.v1.Other"]);
        let unknown = unknown.map_err(|it| it.to_string());
        assert!(unknown.is_err_and(|it| it.contains("demo.v1.Other was added but is not offered")));
    }
}
