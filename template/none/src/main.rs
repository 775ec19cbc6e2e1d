//{% capture source %}§{% raw %}
//! The server: `chassis::boot` has the sequence; what is opened between the
//! ports and the services goes into `serve`.

use std::process::ExitCode;
use std::sync::Arc;

use chassis::boot::{self, Boot, Program};
use chassis::exit::Fatal;
use service::settings::{Command, Settings};
use service::state::State;
use service::{contract, proto, services};

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
    }
}

async fn serve(settings: &Settings, boot: Boot<'_>) -> Result<(), Fatal> {
    let state = State {
        settings: Arc::new(settings.clone()),
    };
    services::add(boot, &state).serve().await
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
