//{% capture source %}§{% raw %}
//! Starts the binary, finds its ports in its log, and ends it.
#![allow(dead_code, reason = "which of it is used depends on what is offered")]

mod settings;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use settings::SETTINGS;

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) grpc: SocketAddr,
    _dir: TempDir,
}

/// The binary with a clean environment.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.env_clear().stdin(Stdio::null());
    command
}

impl Server {
    /// On ports that the system chooses.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With these arguments as well.
    pub(crate) fn start_with(args: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let mut child = command()
            .current_dir(dir.path())
            .envs(SETTINGS)
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let grpc = address(&mut log);
        // Keeps the pipe empty, so that the server never waits for us to read.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self {
            child,
            grpc,
            _dir: dir,
        }
    }

    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.grpc)).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// Stops it as Kubernetes does.
    pub(crate) fn stop(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(log: &mut impl BufRead) -> SocketAddr {
    let mut seen = String::new();
    for line in log.lines() {
        let line = line.unwrap();
        let entry: Option<serde_json::Value> = serde_json::from_str(&line).ok();
        let field = |entry: &serde_json::Value| {
            let field = entry
                .get("grpc")
                .or_else(|| entry.get("fields")?.get("grpc"))?;
            field.as_str()?.parse().ok()
        };
        if let Some(address) = entry.as_ref().and_then(field) {
            return address;
        }
        seen.push_str(&line);
    }
    panic!("the server did not say where it listens:\n{seen}");
}

/// Passes while an rpc is still to be written. Once it is, its test has to say
/// what it is to answer.
#[track_caller]
pub(crate) fn still_unwritten<T>(answer: Result<Response<T>, Status>) {
    let Err(status) = answer else {
        panic!("it is written: say in its test what it is to answer");
    };
    // A request that says nothing may break a rule of the .proto: then no handler saw it.
    let details = String::from_utf8_lossy(status.details());
    if status.code() == Code::InvalidArgument && details.contains("INVALID_FIELDS") {
        return;
    }
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    assert!(
        status
            .message()
            .contains("is still to be written: edit src/")
    );
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
