//! Who may call what, and as whom.

use anyhow::Result;
use tonic::Code;
use tonic::transport::Channel;

use super::one_backend;
use crate::mesh::backend::Backend;
use crate::mesh::call::{self, Call};
use crate::mesh::lab::{Lab, Setup, Way};
use crate::mesh::report::Report;
use crate::mesh::service::Service;
use crate::support::issuer::{ABOUT_CLAIMS, CLAIMS, Case, Issuer};

const HEALTH: &str = "/grpc.health.v1.Health/Check";

const FORGED: (&str, &str) = (
    "x-forwarded-client-cert",
    "By=spiffe://cluster.local/ns/lab/sa/x;URI=spiffe://cluster.local/ns/lab/sa/admin",
);

/// Of the first two roles, and of none.
const CALLERS: [&str; 3] = ["reader", "writer", "stranger"];

/// Values that say so.
pub(in crate::mesh) const ROLES: [&str; 4] = [
    "authorization.enabled=true",
    "authorization.roles.reader[0].serviceAccount=reader",
    "authorization.roles.writer[0].serviceAccount=writer",
    "circuitBreaking.enabled=false",
];

/// Mutual TLS, strict and permissive; the caller's name in the service.
pub(super) async fn run_mtls(setup: &Setup, report: &mut Report) -> Result<()> {
    for (mode, plain) in [("strict", false), ("permissive", true)] {
        let value = format!("mtls.mode={mode}");
        let mut lab = Lab::new(setup, mode, &[&value, "circuitBreaking.enabled=false"])?;
        let folder = lab.folder().to_path_buf();
        let server = &setup.programs.server;
        let service = Service::start(server, &folder, "only", &lab.objects, &[]).await?;
        let pod = lab.meshed_pod(service.grpc, None);
        lab.admin_of(&pod, service.admin);
        lab.announce("web");
        lab.announce("foreign");
        lab.start().await?;
        let path = &setup.rpc("ListOrders")?.path;
        let web = lab.caller("web").await?;
        let foreign = lab.caller("foreign").await?;
        let address = lab.address_of(&pod)?;
        let outside = call::channel(&address.to_string(), &lab.authority())?;
        let forged = Call {
            headers: &[FORGED],
            deadline: None,
        };
        for (who, channel, expected) in [
            ("a member of the mesh", &web.channel, true),
            ("a certificate of another root", &foreign.channel, false),
            ("plain text", &outside, plain),
        ] {
            let answered = call::unary(channel, path, &forged).await == Code::Ok;
            report.same(format!("{mode}: {who} is answered"), expected, answered)?;
        }
        let known: Vec<Option<String>> = service
            .calls("ListOrders", 1 + usize::from(plain))
            .await?
            .iter()
            .map(|line| line["caller"].as_str().map(str::to_owned))
            .collect();
        let mut expected = vec![Some("spiffe://cluster.local/ns/lab/sa/web".to_owned())];
        if plain {
            expected.push(None);
        }
        let what = format!("{mode}: callers as the service knows them, forged names sent");
        report.same(what, expected, known)?;
        let scraped = call::get(&format!(
            "http://{}:{}/metrics",
            address.ip(),
            lab.admin_port
        ))
        .await;
        let seen = scraped.is_ok_and(|body| body.contains("rpc_server_call_duration"));
        report.same(format!("{mode}: /metrics in plain text"), true, seen)?;
    }
    forged(setup, report).await
}

/// The header as it arrives: one name, the word of the service's proxy, even
/// where the caller's lets a forged one through.
async fn forged(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut lab = Lab::new(setup, "forged", &[])?;
    let backend = Backend::start_anywhere().await?;
    lab.meshed_pod(backend.address, None);
    lab.announce("web");
    lab.announce_unread("rogue");
    lab.start().await?;
    for account in ["web", "rogue"] {
        let caller = lab.caller(account).await?;
        let call = Call {
            headers: &[FORGED],
            deadline: None,
        };
        call::unary(&caller.channel, &setup.rpc("ListOrders")?.path, &call).await;
        let names: Vec<String> = backend
            .take()
            .iter()
            .filter_map(|attempt| attempt.headers.get(FORGED.0)?.to_str().ok())
            .flat_map(|header| header.split([',', ';']))
            .filter_map(|pair| pair.strip_prefix("URI="))
            .map(str::to_owned)
            .collect();
        let expected = vec![format!("spiffe://cluster.local/ns/lab/sa/{account}")];
        report.same(
            format!("a forged name sent by {account}: names that arrive"),
            expected,
            names,
        )?;
    }
    Ok(())
}

/// Every rpc, by every kind of caller; refused by the mesh, or by the service.
pub(super) async fn run_authorization(setup: &Setup, report: &mut Report) -> Result<()> {
    for by in ["mesh", "service"] {
        let value = format!("authorization.by={by}");
        let mut values = ROLES.to_vec();
        values.push(&value);
        let mut lab = Lab::new(setup, by, &values)?;
        let folder = lab.folder().to_path_buf();
        let server = &setup.programs.server;
        let service = Service::start(server, &folder, "only", &lab.objects, &[]).await?;
        let pod = lab.meshed_pod(service.grpc, None);
        every_caller(setup, report, &mut lab, by).await?;
        if by == "mesh" {
            // What the mesh refuses does not reach the service.
            let refused = setup
                .rpcs
                .iter()
                .map(|rpc| CALLERS.len() - rpc.allowed_callers.len())
                .sum::<usize>();
            let total = setup.rpcs.len() * CALLERS.len();
            let lines = service.served()?;
            report.within(
                "by mesh: calls that reached the service",
                &(1..=total - refused),
                lines,
            )?;
        }
        let address = lab.address_of(&pod)?;
        let outside = call::channel(&address.to_string(), &lab.authority())?;
        let path = &setup.rpc("ListOrders")?.path;
        let answered = call::unary(&outside, path, &Call::default()).await == Code::Ok;
        let what = format!("by {by}: ListOrders in plain text is answered");
        report.same(what, false, answered)?;
    }
    Ok(())
}

/// Starts the mesh; every rpc by every kind of caller.
pub(super) async fn every_caller(
    setup: &Setup,
    report: &mut Report,
    lab: &mut Lab<'_>,
    by: &str,
) -> Result<()> {
    for caller in CALLERS {
        lab.announce(caller);
    }
    lab.start().await?;
    for caller in CALLERS {
        let known = lab.caller(caller).await?;
        for rpc in &setup.rpcs {
            let may = rpc.allowed_callers.iter().any(|role| role == caller);
            let seen = passes(&known.channel, &rpc.path).await;
            report.same(format!("by {by}: {} as {caller}", rpc.name), may, seen)?;
        }
        let code = call::unary(&known.channel, HEALTH, &Call::default()).await;
        report.same(format!("by {by}: health as {caller}"), Code::Ok, code)?;
    }
    Ok(())
}

/// Whether a call gets past the gates: any answer but a refusal.
async fn passes(channel: &Channel, path: &str) -> bool {
    let code = if path.ends_with("/WatchOrders") {
        match call::stream(channel, path, &Call::default()).await {
            Ok(_) => Code::Ok,
            Err(status) => status.code(),
        }
    } else {
        call::unary(channel, path, &Call::default()).await
    };
    matches!(code, Code::Ok | Code::InvalidArgument | Code::NotFound)
}

/// Tokens: none, broken ones, the right one; with and without rules on claims, and
/// where none is asked for.
pub(super) async fn run_jwt(way: Way, setup: &Setup, report: &mut Report) -> Result<()> {
    let issuer = Issuer::start("127.0.0.1").await?;
    let cases = Issuer::cases()?;
    tokens(way, setup, report, &issuer, CLAIMS, &cases).await?;
    // Any claim: what is left to refuse.
    let left = |case: &&Case| !ABOUT_CLAIMS.contains(&case.what);
    let left_over: Vec<Case> = cases.iter().filter(left).cloned().collect();
    tokens(way, setup, report, &issuer, "jwt.enabled=true", &left_over).await?;
    // Nobody is asked for one; a bad one is refused all the same.
    let mut unasked = left_over;
    for case in &mut unasked {
        if case.token.is_none() {
            case.expected = Code::Ok;
        }
    }
    tokens(way, setup, report, &issuer, "jwt.required=false", &unasked).await
}

async fn tokens(
    way: Way,
    setup: &Setup,
    report: &mut Report,
    issuer: &Issuer,
    claims: &str,
    cases: &[Case],
) -> Result<()> {
    let own = issuer.values();
    let mut values = vec!["circuitBreaking.enabled=false"];
    values.extend(own.iter().map(String::as_str));
    values.push(claims);
    let mut lab = Lab::on(way, setup, "jwt", &values)?;
    let (backend, web) = one_backend(&mut lab).await?;
    for case in cases {
        let token = case.token.as_deref();
        let headers: Vec<_> = token.map(|it| ("authorization", it)).into_iter().collect();
        for rpc in &setup.rpcs {
            let call = Call {
                headers: &headers,
                deadline: None,
            };
            let code = call::unary(&web.channel, &rpc.path, &call).await;
            let seen = (code, backend.take().len());
            let expected = (case.expected, usize::from(case.expected == Code::Ok));
            report.same(format!("{} with {}", rpc.name, case.what), expected, seen)?;
        }
    }
    let code = call::unary(&web.channel, HEALTH, &Call::default()).await;
    report.same("health without a token", Code::Ok, code)
}
