//{% capture source %}§{% raw %}
//! The server: what boots between its ports and its service (store, upstream,
//! relay), and the commands that go with it. The rest is `chassis::boot`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use aip::reserve::{Reserver, Reserving, Settler};
use chassis::boot::{self, Boot, Program};
use chassis::exit::Fatal;
use relay::Relay;
use service::order::{Order, Orders, grpc};
use service::settings::{Command, Settings};
use service::{contract, inventory, proto, publish, smoke};
use store::settings::StoreSettings;
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
        opened = store::open_when_there::<Order>(&settings.store.url, settings.store_limits()) => opened?,
        () = boot.shutdown.drain() => return Ok(()),
    };
    let (database, metrics) = (settings.store.url.database(), boot.telemetry.metrics());
    let limit = boot.concurrency_limit();
    let store = store::observed(store, database, &metrics, move |read| limit.waited(read));
    let readiness = store::readiness::follow(Arc::clone(&store), boot.health.dependency("store"));
    let relay = Relay::start(
        &settings.relay,
        PROGRAM.build.name,
        &store,
        publish::encode,
        &metrics,
    )?;
    let stock = inventory::connect(settings, boot.telemetry)?;
    let owed = Arc::new(Notify::new());
    let settler = stock.as_ref().map(|stock| {
        let (store, stock) = (Arc::clone(&store), Arc::clone(stock));
        let age = settings.inventory_settle_after;
        Settler::start(store, stock, Arc::clone(&owed), age)
    });
    let reserving =
        stock.map(|stock| Arc::new(Reserver::new(stock, owed)) as Arc<dyn Reserving<Order>>);
    let orders = Orders::new(Arc::clone(&store), reserving);
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
    let store = store::open::<Order>(&settings.store.url, settings.store_limits()).await?;
    store.close().await;
    Ok(())
}

fn backup(settings: &StoreSettings, copy: &Path) -> Result<(), Fatal> {
    let store = settings.file_for("backup", "pg_dump")?;
    store::sqlite::backup::<Order>(store, copy)?;
    println!("copied {} to {}", store.display(), copy.display());
    Ok(())
}

fn check(settings: &StoreSettings) -> Result<(), Fatal> {
    let store = settings.file_for("check", "pg_amcheck")?;
    let found = store::sqlite::check::<Order>(store)?;
    let path = store.display();
    println!("{path}: {} orders, {} events", found.records, found.events);
    if found.faults.is_empty() {
        return Ok(());
    }
    let faults = found.faults.join("; ");
    Err(Fatal::data(format!(
        "{path} is damaged: {faults}; restore a backup"
    )))
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
