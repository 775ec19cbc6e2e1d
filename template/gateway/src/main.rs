//{% capture source %}§{% raw %}
//! The server: `chassis_gateway` has all of it. Routes of your own go where the empty
//! router is: they are served beside the rpcs.

use std::process::ExitCode;

use chassis::boot;
use chassis::exit::Fatal;
use chassis_gateway::axum::Router;
use service::settings::{Command, Settings};
use service::{GATEWAY, contract};

fn main() -> ExitCode {
    boot::main(Settings::from_process, run)
}

async fn run(settings: Settings) -> Result<(), Fatal> {
    let Settings {
        command,
        common,
        gateway,
    } = &settings;
    match command {
        None => GATEWAY.serve(common, gateway, Router::new()).await,
        Some(Command::Healthcheck(target)) => target.health(common).await,
        Some(Command::Smoke(target)) => target.serves(common, contract::SERVICES).await,
        Some(Command::Openapi) => {
            println!("{:#}", GATEWAY.openapi()?);
            Ok(())
        }
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
