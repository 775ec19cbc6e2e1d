//! Connect's conformance suite: it starts servers as it needs them, with
//! settings that it writes to their standard input, and calls them.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use prost::Message as _;
use xtask::{tools, tree};

use super::echo::Echo;
use super::proto::connectrpc::conformance::v1::{
    ServerCompatRequest, ServerCompatResponse, server_compat_request::Credentials,
};
use super::{gateway, report, server};

/// What a server on the chassis does of what the suite knows.
const FEATURES: &str = "\
features:
  versions: [HTTP_VERSION_2]
  protocols: [PROTOCOL_GRPC]
  codecs: [CODEC_PROTO]
  compressions: [COMPRESSION_IDENTITY, COMPRESSION_GZIP]
  supportsH2c: true
  supportsTls: true
  supportsTlsClientCerts: true
  supportsTrailers: true
  supportsMessageReceiveLimit: true
";

/// What a gateway does besides: its port is plain, and TLS ends before it.
const CONNECT: &str = "\
features:
  versions: [HTTP_VERSION_1, HTTP_VERSION_2]
  protocols: [PROTOCOL_CONNECT]
  codecs: [CODEC_PROTO, CODEC_JSON]
  compressions: [COMPRESSION_IDENTITY]
  supportsH2c: true
  supportsTls: false
  supportsTrailers: true
  supportsHalfDuplexBidiOverHttp1: true
  supportsConnectGet: true
  supportsMessageReceiveLimit: true
";

/// gRPC-Web has no JSON there.
const WEB: &str = "\
features:
  versions: [HTTP_VERSION_1, HTTP_VERSION_2]
  protocols: [PROTOCOL_GRPC_WEB]
  codecs: [CODEC_PROTO]
  compressions: [COMPRESSION_IDENTITY]
  supportsH2c: true
  supportsTls: false
  supportsTrailers: true
  supportsHalfDuplexBidiOverHttp1: true
  supportsMessageReceiveLimit: true
";

/// How to prove it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Writes docs/conformance.md.
    #[arg(long)]
    write: bool,
    /// Only cases of these names; `*` stands for a part of one, `**` for several.
    #[arg(long)]
    run: Vec<String>,
}

/// What is served.
#[derive(Debug, clap::Args)]
pub(crate) struct Serving {
    /// Errors of the server itself go without details.
    #[arg(long)]
    plain_errors: bool,
    /// A gateway is before it.
    #[arg(long)]
    gateway: bool,
    /// It is behind a gateway, and ends with it, even if that is killed: the suite would
    /// wait for it for ever, whose output it has.
    #[arg(long)]
    behind: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let name = "connectconformance";
    let Some(suite) = tools::ensure_or_skip(name, "conformance to gRPC")? else {
        return Ok(());
    };
    let mut at_gateway = Vec::new();
    for (name, features) in [("Connect", CONNECT), ("gRPC-Web", WEB)] {
        let words = ["--gateway", "--plain-errors"];
        at_gateway.push((name, examine(&suite, &args.run, features, &words)?));
    }
    let with_details = examine(&suite, &args.run, FEATURES, &[])?;
    let plain = examine(&suite, &args.run, FEATURES, &["--plain-errors"])?;
    let mut text = report::text(&with_details, &plain)?;
    let mut unexplained = report::unexplained(&with_details, &plain);
    for (name, outcome) in &at_gateway {
        text.push_str(&report::at_gateway(name, outcome));
        unexplained.extend(outcome.beyond_details());
    }
    print!("{text}");
    ensure!(unexplained.is_empty(), "not explained: {unexplained:#?}");
    let path = tree::root().join("docs/conformance.md");
    let document = format!("{}{text}", report::ABOUT);
    if args.write {
        fs::write(path, document)?;
    } else if args.run.is_empty() {
        let stale = fs::read_to_string(path)? != document;
        ensure!(
            !stale,
            "docs/conformance.md says something else: add --write"
        );
    }
    if args.run.is_empty() {
        let all = plain.all;
        ensure!(all > 500, "the suite has {all} cases only");
    }
    Ok(())
}

fn examine(
    suite: &Path,
    only: &[String],
    features: &str,
    words: &[&str],
) -> Result<report::Outcome> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("features.yaml");
    fs::write(&path, features)?;
    let output = Command::new(suite)
        .args(["--mode", "server", "--conf"])
        .arg(&path)
        .args(only.iter().flat_map(|case| ["--run", case]))
        .arg("--")
        .arg(std::env::current_exe()?)
        .arg("conformance-server")
        .args(words)
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    report::read(&String::from_utf8_lossy(&said))
}

/// A server in a process of its own; ends with the value.
pub(super) struct Started {
    child: Child,
    pub(super) address: SocketAddr,
    /// Open as long as it is needed: see [`Serving::behind`].
    _asking: ChildStdin,
}

impl Started {
    pub(super) fn plain() -> Result<Self> {
        Self::start(&ServerCompatRequest::default(), &[])
    }

    /// With this certificate and its key, in PEM.
    pub(super) fn with_tls(cert: String, key: String) -> Result<Self> {
        let request = ServerCompatRequest {
            use_tls: true,
            server_creds: Some(Credentials {
                cert: cert.into_bytes(),
                key: key.into_bytes(),
            }),
            ..ServerCompatRequest::default()
        };
        Self::start(&request, &[])
    }

    fn start(request: &ServerCompatRequest, words: &[&str]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("conformance-server")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut asking = child.stdin.take().context("its input")?;
        write(&mut asking, &request.encode_to_vec())?;
        let mut answering = child.stdout.take().context("its output")?;
        let answer = ServerCompatResponse::decode(&*read(&mut answering)?)?;
        let address = format!("{}:{}", answer.host, answer.port).parse()?;
        Ok(Self {
            child,
            address,
            _asking: asking,
        })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves as the suite asks.
pub(super) fn serve(serving: &Serving) -> Result<()> {
    let request = ServerCompatRequest::decode(&*read(&mut std::io::stdin())?)?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content)?;
        anyhow::Ok(path.display().to_string())
    };
    let mut words = Vec::new();
    let creds = request.server_creds.unwrap_or_default();
    if request.use_tls {
        let (cert, key) = (file("tls.crt", &creds.cert)?, file("tls.key", &creds.key)?);
        words.extend(["--tls-cert".to_owned(), cert, "--tls-key".to_owned(), key]);
    }
    if !request.client_tls_cert.is_empty() {
        let authority = file("client.crt", &request.client_tls_cert)?;
        words.extend(["--tls-client-ca".to_owned(), authority]);
    }
    if request.message_receive_limit > 0 {
        let most = request.message_receive_limit.to_string();
        words.extend(["--max-request-bytes".to_owned(), most]);
    }
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let told = move |address: SocketAddr| {
        let answer = ServerCompatResponse {
            host: address.ip().to_string(),
            port: address.port().into(),
            pem_cert: creds.cert,
        };
        write(&mut std::io::stdout(), &answer.encode_to_vec())
    };
    if serving.gateway {
        let plain = serving.plain_errors.then_some("--plain-errors");
        let words_behind: Vec<_> = ["--behind"].into_iter().chain(plain).collect();
        let behind = ServerCompatRequest {
            message_receive_limit: request.message_receive_limit,
            ..ServerCompatRequest::default()
        };
        let service = Started::start(&behind, &words_behind)?;
        return gateway::serve(service.address, &words, told);
    }
    let of_the_gateway = if serving.behind {
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        gateway::TIMEOUTS
    } else {
        Duration::MAX
    };
    server::serve(&words, Echo { of_the_gateway }, serving.plain_errors, told)
}

/// A message with its length before it.
fn read(from: &mut impl Read) -> Result<Vec<u8>> {
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let mut message = vec![0; u32::from_be_bytes(len) as usize];
    from.read_exact(&mut message)?;
    Ok(message)
}

fn write(to: &mut impl Write, message: &[u8]) -> Result<()> {
    to.write_all(&u32::try_from(message.len())?.to_be_bytes())?;
    to.write_all(message)?;
    to.flush()?;
    Ok(())
}
