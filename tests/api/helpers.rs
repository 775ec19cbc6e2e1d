//{% capture source %}§{% raw %}
//! Starts the binary, finds its ports in its log, and ends it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use service::proto::acme::order::v1 as pb;
use service::proto::google::r#type::Money;
use tempfile::TempDir;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub(crate) type Client = pb::order_service_client::OrderServiceClient<Channel>;

/// A running server with a store of its own.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) dir: TempDir,
    pub(crate) log: Option<JoinHandle<String>>,
}

/// The binary with a clean environment, on ports that the system chooses.
pub(crate) fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command
        .env_clear()
        .current_dir(dir)
        // A machine that is busy with other tests must not look like overload.
        .env("MAX_QUEUE_DELAY", "1m")
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(["--log-format", "json"])
        .stdin(Stdio::null());
    //:[postgres-only]
    //+ command.env("STORE_FILE", store_of(dir));
    //:[/postgres-only]
    command
}
//:[postgres-only]
//+
//+ /// A file with the URL of a database of its own, which is made with it; there must be
//+ /// a PostgreSQL, because nothing can be tried without one.
//+ fn store_of(dir: &Path) -> std::path::PathBuf {
//+     let file = dir.join("store.url");
//+     if !file.exists() {
//+         let url = crate::support::database("every test of the API").unwrap();
//+         let url = url.expect("PostgreSQL is installed: Debian's package is postgresql");
//+         std::fs::write(&file, url).unwrap();
//+     }
//+     file
//+ }
//:[/postgres-only]

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(args: &[&str]) -> Self {
        Self::start_in(TempDir::new().unwrap(), args)
    }

    /// On the store that an earlier server left in `dir`.
    pub(crate) fn start_in(dir: TempDir, args: &[&str]) -> Self {
        let mut command = command(dir.path());
        Self::spawn(dir, command.args(args))
    }

    /// As `command` has it, with its files in `dir`.
    pub(crate) fn spawn(dir: TempDir, command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let (grpc, admin) = addresses(&mut log);
        // Keeps the pipe empty, so that the server never waits for us to read.
        let log = std::thread::spawn(move || std::io::read_to_string(&mut log).unwrap());
        Self {
            child,
            grpc,
            admin,
            dir,
            log: Some(log),
        }
    }

    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.grpc)).unwrap();
        endpoint.connect().await.unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        Client::new(self.channel().await)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the process to end by itself.
    pub(crate) async fn ended(mut self) -> (ExitStatus, TempDir) {
        let dir = std::mem::replace(&mut self.dir, TempDir::new().unwrap());
        let ended = tokio::task::spawn_blocking(move || {
            let status = self.child.wait().unwrap();
            // All of it has been read then.
            let _ = self.log.take().map(JoinHandle::join);
            status
        });
        let status = tokio::time::timeout(Duration::from_mins(1), ended).await;
        (status.expect("the server ends").unwrap(), dir)
    }

    /// Stops it as Kubernetes does; returns its store.
    pub(crate) async fn stop(self) -> TempDir {
        self.signal(Signal::TERM);
        let (status, dir) = self.ended().await;
        assert!(status.success(), "{status}");
        dir
    }

    /// One plain HTTP/1.0 request to the admin port: status line and body.
    pub(crate) fn admin(&self, path: &str) -> (String, String) {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(self.admin).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn addresses(log: &mut impl BufRead) -> (SocketAddr, SocketAddr) {
    let mut seen = String::new();
    for line in log.lines() {
        let line = line.unwrap();
        if let Ok(entry) = serde_json::from_str::<serde_json::Value>(&line)
            && let Some(grpc) = find(&entry, "grpc")
            && let Some(admin) = find(&entry, "admin")
        {
            return (grpc, admin);
        }
        seen.push_str(&line);
    }
    panic!("the server did not say where it listens:\n{seen}");
}

fn find(entry: &serde_json::Value, name: &str) -> Option<SocketAddr> {
    let field = entry.get(name).or_else(|| entry.get("fields")?.get(name))?;
    field.as_str()?.parse().ok()
}

pub(crate) fn money(units: i64, nanos: i32) -> Money {
    Money {
        currency_code: "EUR".to_owned(),
        units,
        nanos,
    }
}

pub(crate) fn item(sku: &str, quantity: i32, unit_price: Money) -> pb::LineItem {
    pb::LineItem {
        sku: sku.to_owned(),
        quantity,
        unit_price: Some(unit_price),
    }
}

/// One that every rule accepts.
pub(crate) fn valid(customer: &str) -> pb::Order {
    pb::Order {
        customer: customer.to_owned(),
        items: vec![item("pencil", 3, money(1, 250_000_000))],
        ..Default::default()
    }
}

pub(crate) fn create_request(customer: &str) -> pb::CreateOrderRequest {
    pb::CreateOrderRequest {
        order: Some(valid(customer)),
        request_id: uuid::Uuid::new_v4().to_string(),
    }
}

pub(crate) async fn create(client: &mut Client, customer: &str) -> pb::Order {
    let created = client.create_order(create_request(customer)).await;
    created.unwrap().into_inner()
}

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
    let named: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(named, fields, "{violations:?}");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
