//{% capture source %}§{% raw %}
//! A real NATS server of one's own, with `JetStream`. It ends when it is dropped.

use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::{self, Message};
use futures_util::StreamExt as _;
use tempfile::TempDir;

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_mins(1);

/// One server with a folder and a port of its own.
pub(crate) struct Broker {
    dir: TempDir,
    port: u16,
    /// How it is to be reached.
    scheme: &'static str,
    /// User and password that it asks for.
    login: Option<(String, String)>,
    child: Option<Child>,
}

impl Broker {
    /// One that does not run yet, or `None` after saying loudly what is skipped
    /// without. With `CI=true` nothing is skipped.
    pub(crate) fn new(what: &str) -> Option<Self> {
        let version = Command::new("nats-server").arg("--version").output();
        if !version.is_ok_and(|output| output.status.success()) {
            crate::skip::skip(what, "nats-server is not on the PATH").unwrap();
            return None;
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Some(Self {
            dir: TempDir::new().unwrap(),
            port: free.local_addr().unwrap().port(),
            scheme: "nats",
            login: None,
            child: None,
        })
    }

    pub(crate) fn url(&self) -> String {
        let login = match &self.login {
            Some((name, password)) => format!("{name}:{password}@"),
            None => String::new(),
        };
        format!("{}://{login}localhost:{}", self.scheme, self.port)
    }

    /// Runs it on what an earlier run left.
    pub(crate) fn begin(&mut self) {
        self.run(&[]);
    }

    /// Runs it for those who know the password.
    pub(crate) fn begin_closed(&mut self, name: &str, password: &str) {
        self.login = Some((name.to_owned(), password.to_owned()));
        self.run(&["--user", name, "--pass", password]);
    }

    /// Runs it under TLS, with the certificate in `folder`.
    pub(crate) fn begin_tls(&mut self, folder: &Path) {
        self.scheme = "tls";
        let file = |name| folder.join(name).display().to_string();
        let (certificate, key) = (file("tls.crt"), file("tls.key"));
        self.run(&["--tls", "--tlscert", &certificate, "--tlskey", &key]);
    }

    /// Runs it with what a file says besides.
    pub(crate) fn begin_with(&mut self, configuration: &Path) {
        self.run(&["-c", &configuration.display().to_string()]);
    }

    fn run(&mut self, args: &[&str]) {
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string()])
            .arg("-js")
            .arg("-sd")
            .arg(self.dir.path())
            .args(args)
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
        while !self.greets() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "nats-server has ended: {ended:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The first `count` messages of `stream`, when they are there, and how many
    /// there are then.
    pub(crate) async fn messages(&self, stream: &str, count: usize) -> (Vec<Message>, u64) {
        let mut options = ConnectOptions::new();
        if let Some((name, password)) = self.login.clone() {
            options = options.user_and_password(name, password);
        }
        self.messages_by(options, stream, count).await
    }

    /// The same for one who must show something before.
    pub(crate) async fn messages_by(
        &self,
        options: ConnectOptions,
        stream: &str,
        count: usize,
    ) -> (Vec<Message>, u64) {
        let reading = async {
            let client = options.connect(self.url()).await.unwrap();
            let context = jetstream::new(client);
            let mut found = loop {
                match context.get_stream(stream).await {
                    Ok(found) => break found,
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            };
            let consumer = found.create_consumer(OrderedConfig::default()).await;
            let messages = consumer.unwrap().messages().await.unwrap();
            let messages: Vec<_> = messages.take(count).map(Result::unwrap).collect().await;
            (messages, found.info().await.unwrap().state.messages)
        };
        let read = tokio::time::timeout(PATIENCE, reading).await;
        read.unwrap_or_else(|_| panic!("{stream} does not get {count} messages"))
    }

    fn greets(&self) -> bool {
        let greeting = || -> io::Result<bool> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut first = [0; 4];
            stream.read_exact(&mut first)?;
            Ok(&first == b"INFO")
        };
        greeting().unwrap_or(false)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
