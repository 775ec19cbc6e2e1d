//! grpc-go's client of the interoperability tests.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use xtask::tools;

use super::conformance::Started;

/// Those that need nothing but a server: no credentials of a cloud, no load
/// reports, no second server.
const CASES: [&str; 14] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
];

/// On one connection, and on a new one for each call.
const SOAKS: [&str; 2] = ["rpc_soak", "channel_soak"];

/// How to prove it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Calls of each soak.
    #[arg(long, default_value_t = 200)]
    soak: u32,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let Some(client) = tools::ensure_or_skip("grpc-interop-client", "gRPC's interoperability")?
    else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let mut failed = Vec::new();
    for tls in [false, true] {
        let (server, authority) = start(folder.path(), tls)?;
        let transport = if tls { "TLS" } else { "plain" };
        let begin = Instant::now();
        for case in CASES.into_iter().chain(SOAKS) {
            let said = call(
                &client,
                server.address,
                case,
                authority.as_deref(),
                args.soak,
            )?;
            println!(
                "{:<5}{transport:<6}{case}",
                if said.is_none() { "ok" } else { "FAIL" }
            );
            failed.extend(said.map(|said| format!("{case}, {transport}: {said}")));
        }
        println!("{:>10.1} s, {transport}", begin.elapsed().as_secs_f32());
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// A server, and the file with the authority that vouches for it.
fn start(folder: &Path, tls: bool) -> Result<(Started, Option<String>)> {
    if !tls {
        return Ok((Started::plain()?, None));
    }
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let path = folder.join("authority.crt");
    fs::write(&path, made.cert.pem())?;
    let started = Started::with_tls(made.cert.pem(), made.signing_key.serialize_pem())?;
    Ok((started, Some(path.display().to_string())))
}

/// What the client complains of, if it does.
fn call(
    client: &Path,
    server: SocketAddr,
    case: &str,
    authority: Option<&str>,
    soak: u32,
) -> Result<Option<String>> {
    let mut command = Command::new(client);
    command
        .arg(format!("-server_host={}", server.ip()))
        .arg(format!("-server_port={}", server.port()))
        .arg(format!("-test_case={case}"))
        .arg(format!("-soak_iterations={soak}"))
        // It is about failures, not about how busy the machine is.
        .arg("-soak_per_iteration_max_acceptable_latency_ms=60000")
        .arg("-soak_overall_timeout_seconds=600");
    if let Some(authority) = authority {
        command
            .args(["-use_tls", "-use_test_ca"])
            .arg(format!("-ca_file={authority}"))
            .arg("-server_host_override=localhost");
    }
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    Ok((!output.status.success()).then(|| last.to_owned()))
}
