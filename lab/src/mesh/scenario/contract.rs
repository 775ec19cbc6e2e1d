//! What the contract forbids is refused by the caller's proxy, as the service would.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use prost::Message as _;
use service::proto::acme::order::v1::{CreateOrderRequest, LineItem, Order};
use service::proto::google::r#type::Money;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::one_backend;
use crate::mesh::backend::Backend;
use crate::mesh::call::{self, Call};
use crate::mesh::chart::RPCS;
use crate::mesh::lab::{Caller, Lab, Setup};
use crate::mesh::plugin;
use crate::mesh::report::Report;
use crate::mesh::service::Service;

/// How a client says that it tries for the second time.
const REPEATED: &[(&str, &str)] = &[("grpc-previous-rpc-attempts", "1")];

pub(super) async fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let Some(plugin) = plugin::build_or_skip()? else {
        return Ok(());
    };
    let filter = "mesh.istio.contractFilter";
    let values = [
        format!("{filter}.enabled=true"),
        format!("{filter}.url=file://{}", plugin.display()),
        // By labels, so that another caller has none.
        format!("{filter}.callers[0].matchLabels.lab/pod=web"),
    ];
    let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
    values.push("retries.layer=none");
    let mut lab = Lab::new(setup, "contract", &values)?;
    let folder = lab.folder().to_path_buf();
    let server = &setup.programs.server;
    let service = Service::start(server, &folder, "direct", &lab.objects, &[]).await?;
    let direct = call::channel(&service.grpc.to_string(), &lab.authority())?;
    lab.announce("other");
    let (backend, web) = one_backend(&mut lab).await?;
    let other = lab.caller("other").await?;
    deadlines(setup, report, &backend, &web).await?;
    like_the_service(setup, report, &backend, &web, &direct).await?;
    passes(setup, report, &backend, &web, &other).await
}

/// One that the service takes, but for its id.
fn request(request_id: &str, note: &str) -> Bytes {
    let price = Money {
        currency_code: "EUR".to_owned(),
        units: 1,
        nanos: 0,
    };
    let item = LineItem {
        sku: "pencil".to_owned(),
        quantity: 1,
        unit_price: Some(price),
    };
    let order = Order {
        customer: "alice".to_owned(),
        items: vec![item],
        note: note.to_owned(),
        ..Order::default()
    };
    let request = CreateOrderRequest {
        request_id: request_id.to_owned(),
        order: Some(order),
    };
    request.encode_to_vec().into()
}

async fn deadlines(
    setup: &Setup,
    report: &mut Report,
    backend: &Backend,
    web: &Caller,
) -> Result<()> {
    for rpc in setup.rpcs.iter().filter(|rpc| rpc.is_unary()) {
        let longest = rpc.timeout_ms.context("unary, so limited")?;
        let longest = Duration::from_millis(longest);
        for (deadline, reason) in [
            (Some(longest), None),
            (
                Some(longest + Duration::from_millis(1)),
                Some("DEADLINE_TOO_LONG"),
            ),
            (None, Some("DEADLINE_MISSING")),
        ] {
            let call = Call {
                deadline,
                ..Call::default()
            };
            let answer = call::send(&web.channel, &rpc.path, Bytes::new(), &call).await;
            let told = answer.err().map(|status| reason_of(&status));
            let arrived = backend.take().len();
            let expected = (reason.map(str::to_owned), usize::from(reason.is_none()));
            let what = format!("{}: deadline {deadline:?}", rpc.name);
            report.same(what, expected, (told, arrived))?;
        }
    }
    Ok(())
}

fn reason_of(status: &Status) -> String {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone());
    reason.unwrap_or_else(|| format!("{status:?}"))
}

/// Code, message and details, byte by byte.
async fn like_the_service(
    setup: &Setup,
    report: &mut Report,
    backend: &Backend,
    web: &Caller,
    direct: &tonic::transport::Channel,
) -> Result<()> {
    let create = setup.rpc("CreateOrder")?.path.clone();
    let unknown = format!("{RPCS}ForgetOrder");
    // Of a call whose message is looked into, the headers are on their way by then.
    for (what, path, message, headers, heads) in [
        (
            "a repeated call without request_id",
            create,
            request("", ""),
            REPEATED,
            0..=1,
        ),
        ("an unknown rpc", unknown, Bytes::new(), &[], 0..=0),
    ] {
        let call = Call {
            headers,
            deadline: Some(Duration::from_secs(5)),
        };
        let told = |answer: Result<Bytes, Status>| {
            let status = answer.err().unwrap_or_else(|| Status::ok("it passed"));
            let details = Bytes::copy_from_slice(status.details());
            (status.code(), status.message().to_owned(), details)
        };
        let expected = told(call::send(direct, &path, message.clone(), &call).await);
        let seen = told(call::send(&web.channel, &path, message, &call).await);
        report.same(format!("{what}: told as by the service"), expected, seen)?;
        let arrived = backend.take().len();
        report.within(format!("{what}: headers that arrive"), &heads, arrived)?;
    }
    Ok(())
}

async fn passes(
    setup: &Setup,
    report: &mut Report,
    backend: &Backend,
    web: &Caller,
    other: &Caller,
) -> Result<()> {
    let path = |name| setup.rpc(name).map(|rpc| rpc.path.clone());
    let (create, get, watch) = (
        path("CreateOrder")?,
        path("GetOrder")?,
        path("WatchOrders")?,
    );
    let in_time = Some(Duration::from_secs(2));
    let id = "6f1c2f0e-3a5b-4c7d-9e8f-0a1b2c3d4e5f";
    let long = "x".repeat(100_000);
    for (what, caller, path, message, headers, deadline) in [
        (
            "a repeated call with request_id",
            web,
            &create,
            request(id, ""),
            REPEATED,
            in_time,
        ),
        (
            "a message too large to be looked into",
            web,
            &create,
            request("", &long),
            REPEATED,
            in_time,
        ),
        (
            "a repeated call that needs no id",
            web,
            &get,
            Bytes::new(),
            REPEATED,
            in_time,
        ),
        (
            "a stream without a deadline",
            web,
            &watch,
            Bytes::new(),
            &[],
            None,
        ),
        (
            "a service that the contract does not name",
            web,
            &"/other.v1.Other/Do".to_owned(),
            Bytes::new(),
            &[],
            None,
        ),
        (
            "a caller who was not chosen",
            other,
            &create,
            Bytes::new(),
            &[],
            None,
        ),
    ] {
        let call = Call { headers, deadline };
        let answer = call::send(&caller.channel, path, message, &call).await;
        let code = answer.err().map_or(Code::Ok, |status| status.code());
        let arrived = backend.take().len();
        report.same(format!("{what} passes"), (Code::Ok, 1), (code, arrived))?;
    }
    Ok(())
}
