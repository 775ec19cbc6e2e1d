//! The server under measurement.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use service::proto::acme::order::v1::{CreateOrderRequest, LineItem, Order};
use service::proto::google::r#type::Money;
use tempfile::TempDir;
use tonic::transport::Channel;

/// Builds the server, with these arguments as well.
pub(crate) fn build(arguments: &[&str]) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--bin", "server", "--message-format=json"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(built.status.success(), "the server does not build");
    String::from_utf8(built.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "server")
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .context("cargo does not say where the server is")
}

/// A server on a port of its own, with a store of its own; ends with the value.
pub(crate) struct Server {
    child: Child,
    address: String,
    admin: String,
    _dir: TempDir,
}

impl Server {
    pub(crate) fn start(binary: &Path, variables: &[(&str, String)]) -> Result<Self> {
        Self::start_as(&mut Command::new(binary), variables)
    }

    /// Starts `command`, which ends in the server's own name.
    pub(crate) fn start_as(command: &mut Command, variables: &[(&str, String)]) -> Result<Self> {
        let dir = TempDir::new()?;
        let mut child = command
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(dir.path())
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?} does not start"))?;
        let mut log = BufReader::new(child.stdout.take().context("piped")?);
        let (address, admin) = loop {
            let mut line = String::new();
            ensure!(
                log.read_line(&mut line)? > 0,
                "the server ended at its start"
            );
            let line: serde_json::Value = serde_json::from_str(&line)?;
            if let (Some(grpc), Some(admin)) = (line["grpc"].as_str(), line["admin"].as_str()) {
                break (grpc.to_owned(), admin.to_owned());
            }
        };
        // Keeps the pipe empty.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(Self {
            child,
            address,
            admin,
            _dir: dir,
        })
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let ended = self.child.wait()?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What `/metrics` says.
    pub(crate) fn scrape(&self) -> Result<String> {
        let (head, body) = self.admin("/metrics")?;
        ensure!(head.contains(" 200 "), "{head}");
        Ok(body)
    }

    /// The head and the body of what the admin port answers.
    pub(crate) fn admin(&self, path: &str) -> Result<(String, String)> {
        let mut stream = TcpStream::connect(&self.admin)?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        Ok((head.to_owned(), body.to_owned()))
    }

    /// Asks it to stop, as Kubernetes does.
    pub(crate) fn terminate(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// CPU time so far, in microseconds.
    pub(crate) fn cpu(&self) -> Result<f64> {
        cpu(self.id())
    }
}

/// CPU time of all threads of a process that live, in microseconds.
pub(crate) fn cpu(process: u32) -> Result<f64> {
    let mut threads = HashMap::new();
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let task = task?;
        // A thread may end in between.
        let Ok(stat) = std::fs::read_to_string(task.path().join("schedstat")) else {
            continue;
        };
        let nanos: u64 = stat.split(' ').next().unwrap_or_default().parse()?;
        threads.insert(task.file_name(), nanos);
    }
    Ok(Duration::from_nanos(threads.values().sum()).as_secs_f64() * 1e6)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One to store.
pub(crate) fn order() -> Order {
    let price = Money {
        currency_code: "EUR".to_owned(),
        units: 1,
        nanos: 250_000_000,
    };
    Order {
        customer: "alice".to_owned(),
        items: vec![LineItem {
            sku: "pencil".to_owned(),
            quantity: 3,
            unit_price: Some(price),
        }],
        ..Order::default()
    }
}

/// To store one.
pub(crate) fn create_request() -> CreateOrderRequest {
    CreateOrderRequest {
        order: Some(order()),
        request_id: uuid::Uuid::new_v4().to_string(),
    }
}

/// Stores one, to read again and again; returns its name.
pub(crate) async fn create(client: &mut OrderServiceClient<Channel>) -> Result<String> {
    Ok(client
        .create_order(create_request())
        .await?
        .into_inner()
        .name)
}

/// How many calls of the service a server says in its metrics that it answered.
pub(crate) fn calls(metrics: &str) -> f64 {
    let counts = metrics.lines().filter(|line| {
        line.starts_with("rpc_server_call_duration_seconds_count") && line.contains("Order")
    });
    let numbers = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    numbers.sum()
}
