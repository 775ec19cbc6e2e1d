//{% capture source %}§{% raw %}
//! The server, in the sequence it boots: settings, telemetry, ports, store,
//! upstream, service; and the commands that go with it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chassis::admin::{Admin, BuildInfo};
use chassis::exit::Fatal;
use chassis::health::Health;
use chassis::listener::Listener;
use chassis::server::Server;
use chassis::shutdown::Shutdown;
use chassis::telemetry::rpc::ServerLayer;
use chassis::telemetry::{self, Telemetry};
use service::order::service::Stocked;
use service::order::store::{OpenError, StoreUrl};
use service::order::{Orders, grpc, store};
use service::relay::Relay;
use service::settings::{Command, Settings};
use service::settler::Settler;
use service::{contract, inventory, proto, readiness, smoke};
use tokio::sync::Notify;

const BUILD: BuildInfo = BuildInfo {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    commit: option_env!("GIT_COMMIT"),
    rustc: env!("RUSTC_VERSION"),
    profile: env!("PROFILE"),
};

/// What telemetry may take to send what it holds, of a pod's last seconds.
const FLUSH: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    match Settings::from_process().and_then(|settings| run(&settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fatal) => {
            eprintln!("{fatal}");
            fatal.into()
        }
    }
}

fn run(settings: &Settings) -> Result<(), Fatal> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fatal::software(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(async {
        match &settings.command {
            None => serve(settings).await,
            Some(Command::Healthcheck(target)) => smoke::health(settings, target).await,
            Some(Command::Smoke(target)) => smoke::create_and_read(settings, target).await,
            Some(Command::Migrate) => migrate(settings).await,
            Some(Command::Backup { path }) => backup(&settings.store, path),
            Some(Command::Check) => check(&settings.store),
        }
    })
}

async fn serve(settings: &Settings) -> Result<(), Fatal> {
    let telemetry = telemetry::init(&settings.telemetry, BUILD.name, BUILD.version)
        .map_err(|error| Fatal::usage(error.to_string()))?;
    let served = serve_until_stopped(settings, &telemetry).await;
    telemetry.shutdown(FLUSH).await;
    served
}

async fn serve_until_stopped(settings: &Settings, telemetry: &Telemetry) -> Result<(), Fatal> {
    let shutdown = Shutdown::on_signals()?;
    let health = Health::new();
    let listener = Listener::bind("--listen", settings.server.listen).await?;
    let (routes, mesh) = (telemetry.admin_routes(), settings.server.mesh);
    let admin = Admin::start(&settings.admin, mesh, health.clone(), BUILD, routes).await?;
    tracing::info!(grpc = %listener.local_addr(), admin = %admin.local_addr(), "listening");

    let server = Server::new(&settings.server, contract::SERVICES, &health)?;
    let store = tokio::select! {
        opened = store::open_when_there(&settings.store, settings.store_limits()) => opened,
        () = shutdown.drain() => return Ok(()),
    };
    let store = store.map_err(|error| unusable(&error))?;
    let (database, metrics) = (settings.store.database(), telemetry.metrics());
    let store = store::observed(store, database, &metrics, server.places());
    let readiness = readiness::follow(Arc::clone(&store), health.dependency("store"));
    let relay = Relay::start(&settings.relay, &store, &metrics)?;
    let stock = inventory::connect(settings, telemetry)?;
    let owed = Arc::new(Notify::new());
    let settler = stock.as_ref().map(|stock| {
        let (store, stock) = (Arc::clone(&store), Arc::clone(stock));
        let age = settings.inventory_settle_after;
        Settler::start(store, stock, Arc::clone(&owed), age)
    });
    let stocked = stock.map(|stock| Stocked::new(stock, owed));
    let orders = Orders::new(Arc::clone(&store), stocked);
    let api = grpc::Api::new(orders, settings.requesters()?);

    let ended = server
        .metrics(metrics)
        .add_service(api.into_service())
        .reflection(proto::DESCRIPTORS)?
        .layer(ServerLayer::new(telemetry, contract::SERVICES))
        .serve(listener, shutdown)
        .await;
    readiness.abort();
    relay.stop().await;
    if let Some(settler) = settler {
        settler.stop().await;
    }
    store.close().await;
    ended
}

async fn migrate(settings: &Settings) -> Result<(), Fatal> {
    let store = store::open(&settings.store, settings.store_limits()).await;
    store.map_err(|error| unusable(&error))?.close().await;
    Ok(())
}

fn backup(store: &StoreUrl, copy: &Path) -> Result<(), Fatal> {
    let store = file(store, "backup", "pg_dump")?;
    store::sqlite::backup(store, copy).map_err(|error| unusable(&error))?;
    println!("copied {} to {}", store.display(), copy.display());
    Ok(())
}

fn check(store: &StoreUrl) -> Result<(), Fatal> {
    let store = file(store, "check", "pg_amcheck")?;
    let found = store::sqlite::check(store).map_err(|error| unusable(&error))?;
    let path = store.display();
    println!("{path}: {} orders, {} events", found.orders, found.events);
    if found.faults.is_empty() {
        return Ok(());
    }
    let faults = found.faults.join("; ");
    Err(Fatal::data(format!(
        "{path} is damaged: {faults}; restore a backup"
    )))
}

/// The file of a store; one without has `tool` for what `command` does.
#[cfg_attr(
    not(feature = "postgres"),
    expect(unused_variables, clippy::unnecessary_wraps)
)]
fn file<'a>(store: &'a StoreUrl, command: &str, tool: &str) -> Result<&'a Path, Fatal> {
    match store {
        StoreUrl::Sqlite(path) => Ok(path),
        #[cfg(feature = "postgres")]
        StoreUrl::Postgres(url) => Err(Fatal::usage(format!(
            "{command} is for a SQLite file, the store is {url}: use {tool}"
        ))),
    }
}

/// A store that cannot be opened, with the exit code for its kind.
fn unusable(error: &OpenError) -> Fatal {
    let line = error.to_string();
    match error {
        OpenError::NotWritable { .. } => Fatal::cant_create(line),
        OpenError::Corrupt { .. } => Fatal::data(line),
        OpenError::Newer { .. } => Fatal::config(line),
        OpenError::Refused { .. } | OpenError::Pooled { .. } => Fatal::usage(line),
        OpenError::Locked { .. }
        | OpenError::ReadOnly { .. }
        | OpenError::Unavailable { .. }
        | OpenError::Unreachable { .. } => Fatal::unavailable(line),
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
