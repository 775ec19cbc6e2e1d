//! A gateway in a process of its own: this program, started as one.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;

use chassis::boot::{self, CommonSettings, Program};
use chassis_gateway::{Gateway, GatewaySettings};
use clap::Parser;
use prost_reflect::DescriptorPool;
use rustix::process::{Pid, Signal, kill_process};
use service::{contract, proto};

use crate::helpers::Server;

/// Of the sample.
pub(crate) const GATEWAY: Gateway = Gateway {
    program: Program {
        build: chassis::build_info!(),
        services: contract::SERVICES,
        descriptors: proto::DESCRIPTORS,
    },
    api: include_bytes!(concat!(env!("OUT_DIR"), "/api.bin")),
};

/// What the sample's messages are.
pub(crate) static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::decode(GATEWAY.api).unwrap();
    for file in DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .unwrap()
        .file_descriptor_protos()
    {
        if pool.get_file_by_name(file.name()).is_none() {
            pool.add_file_descriptor_proto(file.clone()).unwrap();
        }
    }
    pool
});

/// In the environment of the process that is one: its arguments, one a line.
const ARGUMENTS: &str = "GATEWAY_ARGUMENTS";

#[derive(Debug, Parser)]
struct Settings {
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    gateway: GatewaySettings,
}

/// Is the gateway, where the process was started for that.
#[test]
fn as_a_gateway() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else {
        return;
    };
    let words = std::iter::once("gateway").chain(arguments.lines());
    let mut settings: Settings = boot::from_words(words.map(Into::into)).unwrap();
    settings.common = settings.common.complete().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (common, own) = (&settings.common, &settings.gateway);
    let served = runtime.block_on(GATEWAY.serve(common, own, axum::Router::new()));
    if let Err(fatal) = served {
        println!("fatal: {fatal}");
        std::process::exit(fatal.code.into());
    }
}

/// A running gateway, before a running server.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
}

/// This program as a gateway.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let own = [
        "--listen=127.0.0.1:0",
        "--admin-listen=127.0.0.1:0",
        "--log-format=json",
    ];
    let all: Vec<_> = own.iter().chain(arguments).copied().collect();
    command
        .args(["process::as_a_gateway", "--exact", "--nocapture"])
        .env_clear()
        .env(ARGUMENTS, all.join("\n"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let server = Server::start();
        let upstream = format!("--upstream=order=http://{}", server.grpc);
        let all: Vec<_> = std::iter::once(upstream.as_str())
            .chain(arguments.iter().copied())
            .collect();
        Self::before(server, &all)
    }

    /// Before `server`, of which it knows what the arguments say.
    pub(crate) fn before(server: Server, arguments: &[&str]) -> Self {
        let mut child = command(arguments).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let address = address(&mut log);
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self {
            child,
            address,
            server,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The most memory that it ever had, in MiB.
    pub(crate) fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|it| it.starts_with("VmHWM:")).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib / 1024
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Why a gateway with these arguments does not start.
pub(crate) fn refused(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let fatal = said.lines().find_map(|line| line.split_once("fatal: "));
    fatal.unwrap_or_else(|| panic!("{said}")).1.to_owned()
}

fn address(log: &mut impl std::io::BufRead) -> SocketAddr {
    let mut seen = String::new();
    for line in log.lines() {
        let line = line.unwrap();
        let start = line.find('{').unwrap_or(0);
        let entry: Option<serde_json::Value> = serde_json::from_str(&line[start..]).ok();
        let field = entry.as_ref().and_then(|entry| {
            let field = entry
                .get("grpc")
                .or_else(|| entry.get("fields")?.get("grpc"))?;
            field.as_str()?.parse().ok()
        });
        if let Some(address) = field {
            return address;
        }
        seen.push_str(&line);
        seen.push('\n');
    }
    panic!("the gateway did not say where it listens:\n{seen}");
}
