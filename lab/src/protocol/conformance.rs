//! Connect's conformance suite: it starts servers as it needs them, with
//! settings that it writes to their standard input, and calls them.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use prost::Message as _;
use xtask::{tools, tree};

use super::proto::connectrpc::conformance::v1::{
    ServerCompatRequest, ServerCompatResponse, server_compat_request::Credentials,
};
use super::{report, server};

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
}

pub(super) fn run(args: &Args) -> Result<()> {
    let name = "connectconformance";
    let Some(suite) = tools::ensure_or_skip(name, "conformance to gRPC")? else {
        return Ok(());
    };
    let with_details = examine(&suite, &args.run, false)?;
    let plain = examine(&suite, &args.run, true)?;
    let text = report::text(&with_details, &plain)?;
    print!("{text}");
    let unexplained = report::unexplained(&with_details, &plain);
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

fn examine(suite: &Path, only: &[String], plain_errors: bool) -> Result<report::Outcome> {
    let folder = tempfile::tempdir()?;
    let features = folder.path().join("features.yaml");
    fs::write(&features, FEATURES)?;
    let output = Command::new(suite)
        .args(["--mode", "server", "--conf"])
        .arg(&features)
        .args(only.iter().flat_map(|case| ["--run", case]))
        .arg("--")
        .arg(std::env::current_exe()?)
        .arg("conformance-server")
        .args(plain_errors.then_some("--plain-errors"))
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    report::read(&String::from_utf8_lossy(&said))
}

/// A server in a process of its own; ends with the value.
pub(super) struct Started {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Started {
    pub(super) fn plain() -> Result<Self> {
        Self::start(&ServerCompatRequest::default())
    }

    /// With this certificate and its key, in PEM.
    pub(super) fn with_tls(cert: String, key: String) -> Result<Self> {
        Self::start(&ServerCompatRequest {
            use_tls: true,
            server_creds: Some(Credentials {
                cert: cert.into_bytes(),
                key: key.into_bytes(),
            }),
            ..ServerCompatRequest::default()
        })
    }

    fn start(request: &ServerCompatRequest) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("conformance-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut asking = child.stdin.take().context("its input")?;
        write(&mut asking, &request.encode_to_vec())?;
        let mut answering = child.stdout.take().context("its output")?;
        let answer = ServerCompatResponse::decode(&*read(&mut answering)?)?;
        let address = format!("{}:{}", answer.host, answer.port).parse()?;
        Ok(Self { child, address })
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
    server::serve(&words, serving.plain_errors, move |address| {
        let answer = ServerCompatResponse {
            host: address.ip().to_string(),
            port: address.port().into(),
            pem_cert: creds.cert,
        };
        write(&mut std::io::stdout(), &answer.encode_to_vec())
    })
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
