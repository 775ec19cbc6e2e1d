//! One process that serves, with variables of its own.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use http::uri::PathAndQuery;
use serde_json::Value;
use tonic::client::Grpc;
use tonic::metadata::{AsciiMetadataKey, MetadataMap};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::collector::Collector;
use crate::demo::{Answer, Ask, GET, WATCH};

/// Set in the processes that the tests start.
pub(crate) const MARK: &str = "CHASSIS_TELEMETRY_DEMO";

/// How long the admin port may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    lines: mpsc::Receiver<String>,
    /// What was said before the ports.
    early: Vec<String>,
}

/// What was said on standard output.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
}

impl Said {
    /// The lines that are objects.
    pub(crate) fn lines(&self) -> Vec<HashMap<String, Value>> {
        self.text
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    /// The lines about calls.
    pub(crate) fn calls(&self) -> Vec<HashMap<String, Value>> {
        let mut lines = self.lines();
        lines.retain(|line| line["target"] == "rpc");
        lines
    }
}

fn command<T: AsRef<OsStr>>(variables: &[(&str, T)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars() {
        if name.starts_with("OTEL_") || name.starts_with("LOG_") {
            command.env_remove(name);
        }
    }
    command
        .args(["--exact", "demo_process", "--ignored", "--nocapture"])
        .env(MARK, "1")
        .env("DRAIN_TIMEOUT", "2s")
        // A machine that is busy with other tests must not look like overload.
        .env("MAX_QUEUE_DELAY", "1m")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// What a process says that cannot start.
pub(crate) fn refused(variables: &[(&str, &str)]) -> String {
    let mut child = command(variables).spawn().unwrap();
    let mut text = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    let error = text.lines().find_map(|line| line.strip_prefix("ERROR "));
    error.expect(&text).to_owned()
}

/// Calls over a connection of the caller's own.
pub(crate) async fn get_over(
    channel: Channel,
    request: Request<Ask>,
) -> Result<Response<Answer>, Status> {
    let mut client = Grpc::new(channel);
    let ready = client.ready().await;
    ready.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<Ask, Answer>::default();
    let path = PathAndQuery::from_static(GET);
    client.unary(request, path, codec).await
}

impl Process {
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_raw(variables)
    }

    /// As [`Process::start`], with values that may be no text.
    pub(crate) fn start_raw<T: AsRef<OsStr>>(variables: &[(&str, T)]) -> Self {
        Self::spawn(command(variables))
    }

    /// One that may have so many files open, and raise that to so many.
    pub(crate) fn start_with_files(files: u32, most: u32, variables: &[(&str, &str)]) -> Self {
        let own = command(variables);
        let mut limited = Command::new("sh");
        let script = format!("ulimit -Sn {files} && ulimit -Hn {most} && exec \"$0\" \"$@\"");
        limited.args(["-c", &script]).arg(own.get_program());
        limited.args(own.get_args());
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        limited.stdin(Stdio::piped()).stdout(Stdio::piped());
        limited.stderr(Stdio::null());
        Self::spawn(limited)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut early = Vec::new();
        let ports = loop {
            let line = lines.recv().expect("the process says its ports");
            if let Some(ports) = line.strip_prefix("PORTS ") {
                break ports.to_owned();
            }
            early.push(line);
        };
        let (address, admin) = ports.split_once(' ').unwrap();
        Self {
            child,
            address: address.parse().unwrap(),
            admin: admin.parse().unwrap(),
            lines,
            early,
        }
    }

    /// With a collector, and batches sent often enough for a test.
    pub(crate) fn exporting(collector: &Collector, variables: &[(&str, &str)]) -> Self {
        let url = collector.url();
        let mut all = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "3600000"),
        ];
        all.extend(variables);
        Self::start(&all)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Lets the process drain and flush, and returns all that it said.
    pub(crate) fn finish(mut self) -> Said {
        drop(self.child.stdin.take());
        let status = self.child.wait().unwrap();
        self.early.extend(self.lines.iter());
        let text = self.early.join("\n");
        assert!(status.success(), "{text}");
        Said { text }
    }

    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    pub(crate) async fn get(
        &self,
        ask: Ask,
        headers: &[(&str, &str)],
    ) -> Result<Response<Answer>, Status> {
        get_over(self.channel().await, with_headers(ask, headers)).await
    }

    /// Calls what is not there.
    pub(crate) async fn unknown(&self) {
        let mut client = Grpc::new(self.channel().await);
        client.ready().await.unwrap();
        let codec = ProstCodec::<Ask, Answer>::default();
        let path = PathAndQuery::from_static("/demo.v1.Things/Unknown");
        let request = Request::new(Ask::default());
        client.unary(request, path, codec).await.unwrap_err();
    }

    pub(crate) async fn watch(&self, ask: Ask) -> Streaming<Answer> {
        let mut client = Grpc::new(self.channel().await);
        client.ready().await.unwrap();
        let codec = ProstCodec::<Ask, Answer>::default();
        client
            .server_streaming(Request::new(ask), PathAndQuery::from_static(WATCH), codec)
            .await
            .unwrap()
            .into_inner()
    }

    /// One exchange with the admin port: status and body.
    pub(crate) fn admin(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(!head.contains("chunked"), "{head}");
        (status, body.to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn with_headers<T>(message: T, headers: &[(&str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        let key = AsciiMetadataKey::from_bytes(name.as_bytes()).unwrap();
        request.metadata_mut().append(key, value.parse().unwrap());
    }
    request
}

/// A header's value, as the last service in the row saw it.
pub(crate) fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer
        .headers
        .iter()
        .find_map(|header| header.strip_prefix(name)?.strip_prefix(": "))
}

pub(crate) fn value<'a>(metadata: &'a MetadataMap, name: &str) -> &'a str {
    metadata.get(name).unwrap().to_str().unwrap()
}
