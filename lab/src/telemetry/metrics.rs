//! `cargo lab metrics`: what Prometheus makes of a server's `/metrics`.
//!
//! After many calls of methods that do not exist, which must make no series, and
//! with an environment that holds what nobody expects.
//! `lab/tools/promcheck` does what `promtool check metrics` does, with the
//! same code. `promtool` itself is a whole Prometheus to build.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use service::proto::acme::order::v1::GetOrderRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};
use tonic_prost::ProstCodec;

use crate::support::server::{self, Server};
use xtask::tree::root;

/// `cargo lab metrics`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Calls of methods that do not exist.
    #[arg(long, default_value_t = 10_000)]
    methods: usize,
    /// The server to ask; built if not given.
    #[arg(long)]
    server: Option<std::path::PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let tool = root().join("lab/tools/promcheck");
    if Command::new("go").arg("version").output().is_err() {
        return Ok(crate::skip::skip(
            "/metrics, as Prometheus' own code reads it",
            "go is not installed (https://go.dev/dl)",
        )?);
    }
    let binary = match &args.server {
        Some(binary) => binary.clone(),
        None => server::build(&[])?,
    };
    for (name, value) in ENVIRONMENTS {
        let server = Server::start(&binary, &[(name, value.to_owned())])?;
        let text = server.scrape()?;
        server.stop()?;
        check(&tool, &text).with_context(|| format!("with {name}={value:?}"))?;
    }
    println!("{} odd environments, each read", ENVIRONMENTS.len());

    let server = Server::start(&binary, &[])?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(exercise(&server))?;
    let before = series(&server.scrape()?);
    runtime.block_on(flood(&server, args.methods))?;
    let text = server.scrape()?;
    let made: Vec<_> = series(&text).difference(&before).cloned().collect();
    ensure!(
        made.is_empty(),
        "methods that nobody knows make series: {made:#?}"
    );
    println!("{} methods that nobody knows, no new series", args.methods);

    check(&tool, &text)
}

/// What a platform may set, and Prometheus has to read none the less.
const ENVIRONMENTS: [(&str, &str); 10] = [
    ("OTEL_SERVICE_NAME", "a \"b\" \\c\nd\re"),
    ("OTEL_SERVICE_NAME", "# TYPE x counter"),
    ("OTEL_RESOURCE_ATTRIBUTES", "a.b=1,a-b=2,a_b=3,A.b=4"),
    ("OTEL_RESOURCE_ATTRIBUTES", "1st=1,-=2,%C3%A9=3"),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        "__name__=x,__address__=y,le=1,quantile=2",
    ),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        "job=x,instance=y,service_name=z",
    ),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        "x=%00%01%7F%0A%22%5C%7D,y=%E2%80%A8",
    ),
    ("OTEL_RESOURCE_ATTRIBUTES", "x=%FF,y=%zz"),
    ("OTEL_RESOURCE_ATTRIBUTES", "x={a=\"b\"},y=\\"),
    ("OTEL_RESOURCE_ATTRIBUTES", "=,==,a=,%22%7D=1"),
];

/// Hands `text` to Prometheus' own code.
fn check(tool: &Path, text: &str) -> Result<()> {
    let mut check = Command::new("go")
        .args(["run", "."])
        .current_dir(tool)
        .stdin(Stdio::piped())
        .spawn()?;
    let mut stdin = check.stdin.take().context("piped")?;
    stdin.write_all(text.as_bytes())?;
    drop(stdin);
    ensure!(
        check.wait()?.success(),
        "/metrics is not as it should be:\n{text}"
    );
    Ok(())
}

/// Calls that succeed, fail, and are of no method.
async fn exercise(server: &Server) -> Result<()> {
    let mut client = OrderServiceClient::connect(server.url()).await?;
    let name = server::create(&mut client).await?;
    client.get_order(GetOrderRequest { name }).await?;
    let nothing = client.get_order(GetOrderRequest::default()).await;
    ensure!(nothing.is_err(), "a name is required");
    unknown(&mut Grpc::new(connect(server).await?), 0).await
}

/// All series, by name and labels.
fn series(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned()))
        .collect()
}

/// Calls methods that do not exist, each of another name.
async fn flood(server: &Server, methods: usize) -> Result<()> {
    const CALLERS: usize = 16;
    let channel = connect(server).await?;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let mut client = Grpc::new(channel.clone());
        callers.spawn(async move {
            for number in (caller..methods).step_by(CALLERS) {
                unknown(&mut client, number).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    Ok(())
}

async fn connect(server: &Server) -> Result<Channel> {
    Ok(Endpoint::from_shared(server.url())?.connect().await?)
}

async fn unknown(client: &mut Grpc<Channel>, number: usize) -> Result<()> {
    let path = match number % 3 {
        0 => format!("/acme.order.v1.OrderService/Random{number}"),
        1 => format!("/random.v{number}.Service/Get"),
        _ => format!("/{number}/not/even/grpc"),
    };
    client.ready().await?;
    let codec = ProstCodec::<(), ()>::default();
    let answer = client
        .unary(Request::new(()), PathAndQuery::try_from(path)?, codec)
        .await;
    let refused = answer.is_err_and(|status| status.code() == Code::Unimplemented);
    ensure!(refused, "a method that nobody knows is UNIMPLEMENTED");
    Ok(())
}
