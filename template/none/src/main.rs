//{% capture source %}§{% raw %}
//! The server: `chassis::boot` has the sequence; what is opened between the
//! ports and the services goes into `serve`.

//:[sqlite]
use std::path::Path;
//:[/sqlite]
use std::process::ExitCode;
use std::sync::Arc;

use chassis::boot::{self, Boot, Program};
use chassis::exit::Fatal;
use service::settings::{Command, Settings};
use service::state::State;
use service::{contract, proto, services};
//:[store]
use store::Migration;
//:[/store]
//:[sqlite]
use store::settings::StoreSettings;
//:[/sqlite]

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
        Some(Command::Smoke(target)) => target.serves(common, contract::SERVICES).await,
        //:[store]
        Some(Command::Migrate(migration)) => {
            boot::command(&PROGRAM, common, migrate(&settings, migration)).await
        }
        //:[/store]
        //:[sqlite]
        Some(Command::Backup { path }) => backup(&settings.store, path),
        Some(Command::Check) => check(&settings.store),
        //:[/sqlite]
    }
}

async fn serve(settings: &Settings, boot: Boot<'_>) -> Result<(), Fatal> {
    let state = State {
        settings: Arc::new(settings.clone()),
    };
    services::add(boot, &state).serve().await
}
//:[store]

/// Of each resource, in the sequence in which they were added.
#[allow(
    clippy::unused_async,
    unused_variables,
    reason = "there may be no resource yet"
)]
async fn migrate(settings: &Settings, migration: &Migration) -> Result<(), Fatal> {
    settings.store.url()?;
    Ok(())
}
//:[/store]
//:[sqlite]

/// Of each resource, beside `copy` as its file is beside the store's.
fn backup(settings: &StoreSettings, copy: &Path) -> Result<(), Fatal> {
    settings.file_for("backup", "pg_dump")?;
    Ok(())
}

/// Of each resource, until one is damaged.
fn check(settings: &StoreSettings) -> Result<(), Fatal> {
    settings.file_for("check", "pg_amcheck")?;
    Ok(())
}
//:[/sqlite]
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
