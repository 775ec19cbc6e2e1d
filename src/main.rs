//{% capture source %}§{% raw %}
//! The server: what boots between its ports and its service (its store, its upstream),
//! and the commands that go with it. The rest is `chassis::boot`.

//:[sqlite]
use std::path::Path;
//:[/sqlite]
use std::process::ExitCode;
use std::sync::Arc;

use aip::reserve::{Reserver, Reserving, Settler};
use chassis::boot::{self, Boot, Program};
use chassis::exit::Fatal;
//:[nats]
use relay::Relay;
//:[/nats]
use service::order::{Order, Orders, grpc};
//:[nats]
use service::publish;
//:[/nats]
use service::settings::{Command, Settings};
use service::{contract, inventory, proto, smoke};
use store::Migration;
//:[sqlite]
use store::settings::StoreSettings;
//:[/sqlite]
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
        Some(Command::Migrate(migration)) => {
            boot::command(&PROGRAM, common, migrate(&settings, migration)).await
        }
        //:[sqlite]
        Some(Command::Backup { path }) => backup(&settings.store, path),
        Some(Command::Check) => check(&settings.store),
        //:[/sqlite]
    }
}

async fn serve(settings: &Settings, boot: Boot<'_>) -> Result<(), Fatal> {
    let url = settings.store.url()?;
    let store = tokio::select! {
        opened = store::open_when_there::<Order>(url, settings.store_limits()) => opened?,
        () = boot.shutdown.drain() => return Ok(()),
    };
    let (database, metrics) = (url.database(), boot.telemetry.metrics());
    let limit = boot.concurrency_limit();
    let store = store::observed(store, database, &metrics, move |read| limit.waited(read));
    let readiness = store::readiness::follow(Arc::clone(&store), boot.health.dependency("store"));
    //:[nats]
    let relay = Relay::start(
        &settings.relay,
        PROGRAM.build.name,
        &store,
        publish::encode,
        &metrics,
    )?;
    //:[/nats]
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
    //:[nats]
    relay.stop().await;
    //:[/nats]
    if let Some(settler) = settler {
        settler.stop().await;
    }
    store.close().await;
    ended
}

async fn migrate(settings: &Settings, migration: &Migration) -> Result<(), Fatal> {
    let (url, limits) = (settings.store.url()?, settings.store_limits());
    migration.run::<Order>(url, limits).await?;
    Ok(())
}
//:[sqlite]

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
    if !found.faults.is_empty() {
        let faults = found.faults.join("; ");
        let damage = format!("{path} is damaged: {faults}; restore a backup");
        return Err(Fatal::data(damage));
    }
    Ok(())
}
//:[/sqlite]
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
