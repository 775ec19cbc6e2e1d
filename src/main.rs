//{% capture source %}§{% raw %}
//! The server: what boots between its ports and its service (store, upstream,
//! relay), and the commands that go with it. The rest is `chassis::boot`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use chassis::boot::{self, Boot, Program};
use chassis::exit::Fatal;
use service::order::service::Stocked;
use service::order::store::{OpenError, StoreUrl};
use service::order::{Orders, grpc, store};
use service::relay::Relay;
use service::settings::{Command, Settings};
use service::settler::Settler;
use service::{contract, inventory, proto, readiness, smoke};
use tokio::sync::Notify;

const PROGRAM: Program = Program {
    build: chassis::build_info!(),
    services: contract::SERVICES,
    descriptors: proto::DESCRIPTORS,
};

fn main() -> ExitCode {
    boot::main(Settings::from_process, run)
}

async fn run(settings: Settings) -> Result<(), Fatal> {
    let common = &settings.common;
    match &settings.command {
        None => boot::serve(&PROGRAM, common, async |boot| serve(&settings, boot).await).await,
        Some(Command::Healthcheck(target)) => target.health(common).await,
        Some(Command::Smoke(target)) => smoke::create_and_read(common, target).await,
        Some(Command::Migrate) => migrate(&settings).await,
        Some(Command::Backup { path }) => backup(&settings.store, path),
        Some(Command::Check) => check(&settings.store),
    }
}

async fn serve(settings: &Settings, boot: Boot<'_>) -> Result<(), Fatal> {
    let store = tokio::select! {
        opened = store::open_when_there(&settings.store, settings.store_limits()) => opened,
        () = boot.shutdown.drain() => return Ok(()),
    };
    let store = store.map_err(|error| unusable(&error))?;
    let (database, metrics) = (settings.store.database(), boot.telemetry.metrics());
    let store = store::observed(store, database, &metrics, boot.places());
    let readiness = readiness::follow(Arc::clone(&store), boot.health.dependency("store"));
    let relay = Relay::start(&settings.relay, &store, &metrics)?;
    let stock = inventory::connect(settings, boot.telemetry)?;
    let owed = Arc::new(Notify::new());
    let settler = stock.as_ref().map(|stock| {
        let (store, stock) = (Arc::clone(&store), Arc::clone(stock));
        let age = settings.inventory_settle_after;
        Settler::start(store, stock, Arc::clone(&owed), age)
    });
    let stocked = stock.map(|stock| Stocked::new(stock, owed));
    let orders = Orders::new(Arc::clone(&store), stocked);
    let api = grpc::Api::new(orders, settings.requesters()?);

    let ended = boot.add_service(api.into_service()).serve().await;
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
