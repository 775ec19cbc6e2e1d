//! A gateway before the service that the suites call.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use chassis::boot::{self, CommonSettings, Program};
use chassis_gateway::axum::Router;
use chassis_gateway::{Gateway, GatewaySettings};
use clap::Parser;

use super::proto::{API, DESCRIPTORS, contract};
use super::server::{fatal, telling};
use crate::support::ports;

const GATEWAY: Gateway = Gateway {
    program: Program {
        build: chassis::build_info!(),
        services: contract::SERVICES,
        descriptors: DESCRIPTORS,
    },
    api: API,
};

/// From here on a timeout is the gateway's, which gives one to each call that has
/// none; the suites' are shorter.
pub(super) const TIMEOUTS: Duration = Duration::from_secs(20);

#[derive(Debug, Parser)]
struct Settings {
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    gateway: GatewaySettings,
}

/// Serves before the service at `upstream`, with `words` as flags, until the process
/// is asked to stop; `ready` is told the address once it answers.
pub(super) fn serve(
    upstream: SocketAddr,
    words: &[&str],
    ready: impl FnOnce(SocketAddr) -> Result<()> + Send + 'static,
) -> Result<()> {
    let port = ports::free_port()?;
    let listen = format!("127.0.0.1:{port}");
    let upstream = format!("conformance=http://{upstream}");
    let own = ["lab", "--admin-listen", "127.0.0.1:0", "--listen", &listen];
    let before = ["--upstream", &upstream, "--log-level", "off"];
    let words = (own.iter().chain(&before).chain(words)).map(Into::into);
    let settings = boot::from_words::<Settings>(words)?;
    let common = settings.common.complete().map_err(|it| fatal(&it))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let telling = telling(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ready);
    let served = runtime.block_on(GATEWAY.serve(&common, &settings.gateway, Router::new()));
    served.map_err(|error| fatal(&error))?;
    telling.told()
}
