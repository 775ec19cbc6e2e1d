//! The service that the suites call, in this process.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use chassis::boot::{self, CommonSettings, Program};
use chassis::exit::Fatal;
use clap::Parser;

use super::echo::Echo;
use super::ending::Ended;
use super::proto::connectrpc::conformance::v1::conformance_service_server::ConformanceServiceServer;
use super::proto::grpc::testing::test_service_server::TestServiceServer;
use super::proto::{DESCRIPTORS, contract};
use super::testing::Testing;
use crate::support::ports;

const PROGRAM: Program = Program {
    build: chassis::build_info!(),
    services: contract::SERVICES,
    descriptors: DESCRIPTORS,
};

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Parser)]
struct Settings {
    #[command(flatten)]
    common: CommonSettings,
}

/// Settings of the chassis: its own defaults, but it says nothing, takes gzip,
/// and listens where it is told.
fn settings(port: u16, words: &[&str]) -> Result<CommonSettings> {
    let listen = format!("127.0.0.1:{port}");
    let own = ["lab", "--admin-listen", "127.0.0.1:0", "--listen", &listen];
    let gzip = ["--accept-compression", "gzip", "--send-compression", "gzip"];
    let quiet = ["--log-level", "off"];
    let words = (own.iter().chain(&gzip).chain(&quiet).chain(words)).map(Into::into);
    let settings = boot::from_words::<Settings>(words)?;
    settings.common.complete().map_err(|error| fatal(&error))
}

pub(super) fn fatal(error: &Fatal) -> anyhow::Error {
    anyhow!("{error}")
}

/// Serves with `words` as flags until the process is asked to stop, with plain
/// errors if so; `ready` is told the address once it answers.
pub(super) fn serve(
    words: &[&str],
    echo: Echo,
    plain_errors: bool,
    ready: impl FnOnce(SocketAddr) -> Result<()> + Send + 'static,
) -> Result<()> {
    let port = ports::free_port()?;
    let settings = settings(port, words)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let telling = telling(address, ready);
    let served = runtime.block_on(boot::serve(&PROGRAM, &settings, async |boot| {
        let boot = if plain_errors {
            boot.plain_errors()
        } else {
            boot
        };
        boot.add_intercepted(Ended(
            TestServiceServer::new(Testing).max_decoding_message_size(usize::MAX),
        ))
        .add_intercepted(Ended(
            ConformanceServiceServer::new(echo).max_decoding_message_size(usize::MAX),
        ))
        .serve()
        .await
    }));
    served.map_err(|error| fatal(&error))?;
    telling.told()
}

/// Who waits until something listens.
pub(super) struct Telling(JoinHandle<Result<()>>);

/// Tells `ready` once something listens on `address`.
pub(super) fn telling(
    address: SocketAddr,
    ready: impl FnOnce(SocketAddr) -> Result<()> + Send + 'static,
) -> Telling {
    Telling(std::thread::spawn(move || {
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(begin.elapsed() < PATIENCE, "nothing listens on {address}");
            std::thread::sleep(Duration::from_millis(5));
        }
        ready(address)
    }))
}

impl Telling {
    /// Whether that went well.
    pub(super) fn told(self) -> Result<()> {
        self.0.join().map_err(|_| anyhow!("nobody was told"))?
    }
}
