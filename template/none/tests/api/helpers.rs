//{% capture source %}§{% raw %}
//! Starts the binary, finds its ports in its log, and ends it.
#![allow(dead_code, reason = "which of it is used depends on what is offered")]

mod settings;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
//:[store]
use tonic_types::{ErrorDetails, StatusExt};
//:[/store]

use settings::SETTINGS;

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) grpc: SocketAddr,
    dir: TempDir,
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
        Self::start_in(TempDir::new().unwrap(), args)
    }

    /// In the folder that an earlier server left.
    pub(crate) fn start_in(dir: TempDir, args: &[&str]) -> Self {
        let mut command = command();
        //:[postgres-only]
        command.env("STORE_FILE", store_of(dir.path()));
        //:[/postgres-only]
        let mut child = command
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
            dir,
        }
    }

    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.grpc)).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// Stops it as Kubernetes does; returns its folder.
    pub(crate) async fn stop(mut self) -> TempDir {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let dir = std::mem::replace(&mut self.dir, TempDir::new().unwrap());
        let ended = tokio::task::spawn_blocking(move || self.child.wait().unwrap());
        let status = tokio::time::timeout(Duration::from_mins(1), ended).await;
        let status = status.expect("the server ends").unwrap();
        assert!(status.success(), "{status}");
        dir
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

//:[postgres-only]
/// A file with the URL of a database of its own, which is made with it; there must be
/// a PostgreSQL, because nothing can be tried without one.
fn store_of(dir: &std::path::Path) -> std::path::PathBuf {
    let file = dir.join("store.url");
    if !file.exists() {
        let url = crate::support::database("every test of the API").unwrap();
        let url = url.expect("PostgreSQL is installed: Debian's package is postgresql");
        std::fs::write(&file, url).unwrap();
    }
    file
}

//:[/postgres-only]
//:[store]
/// Checks code and reason; returns the details.
#[track_caller]
pub(crate) fn refused(status: &Status, code: Code, reason: &str) -> ErrorDetails {
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, reason, "{status:?}");
    details
}

/// Checks that exactly these fields are named as wrong.
#[track_caller]
pub(crate) fn wrong_fields(status: &Status, fields: &[&str]) {
    let details = refused(status, Code::InvalidArgument, "INVALID_FIELDS");
    let violations = &details.bad_request().unwrap().field_violations;
    let named: Vec<_> = violations.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(named, fields, "{violations:?}");
}

//:[/store]
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
