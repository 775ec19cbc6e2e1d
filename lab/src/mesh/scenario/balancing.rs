//! Where calls go: a canary's share, a header's hash.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use tonic::Code;

use super::{ALL_OK, Background, REPLICATED, many};
use crate::mesh::backend::Backend;
use crate::mesh::call::{self, Call};
use crate::mesh::chart;
use crate::mesh::lab::{Caller, Lab, Setup, Way};
use crate::mesh::report::Report;
use crate::mesh::service::Service;

/// Its weight, in percent.
const WEIGHT: u32 = 20;

/// What else it takes.
const CANARY: [&str; 5] = [
    REPLICATED[0],
    REPLICATED[1],
    "canary.enabled=true",
    "canary.tag=2.0.0",
    "canary.header.name=x-canary",
];

/// A user waits longer between two upgrades.
const SETTLED: Duration = Duration::from_secs(1);

pub(super) async fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    canary(Way::Sidecars, setup, report).await?;
    hashing(setup, report).await
}

/// Its share, its header, its end.
pub(super) async fn canary(way: Way, setup: &Setup, report: &mut Report) -> Result<()> {
    const CALLS: u32 = 2_000;
    let weight = format!("canary.weight={WEIGHT}");
    let mut values = CANARY.to_vec();
    values.push(&weight);
    let mut lab = Lab::on(way, setup, "canary", &values)?;
    let folder = lab.folder().to_path_buf();
    let mut services = Vec::new();
    let mut pods = Vec::new();
    for version in ["v1", "v1", "v2"] {
        let name = format!("{version}-{}", services.len());
        let server = &setup.programs.server;
        let service = Service::start(server, &folder, &name, &lab.objects, &[]).await?;
        pods.push(lab.meshed_pod(service.grpc, Some(version)));
        services.push(service);
    }
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let list = setup.rpc("ListOrders")?.path.clone();

    let codes = many(&web.channel, &list, CALLS, &[]).await;
    report.same("ListOrders: codes", ALL_OK.to_vec(), codes)?;
    let share = f64::from(WEIGHT) / 100.0;
    let mean = f64::from(CALLS) * share;
    let five_sigma = 5.0 * (mean * (1.0 - share)).sqrt();
    let second = services[2].calls("ListOrders", 1).await?.len();
    report.within(
        format!("ListOrders: of {CALLS} to v2, whose weight is {WEIGHT} %"),
        &((mean - five_sigma).round()..=(mean + five_sigma).round()),
        f64::from(u32::try_from(second)?),
    )?;

    let before = services[2].served()?;
    let codes = many(&web.channel, &list, 100, &[("x-canary", "true")]).await;
    report.same("ListOrders: codes with the header", ALL_OK.to_vec(), codes)?;
    let seen = services[2].calls("ListOrders", second + 100).await?.len() - before;
    report.same("ListOrders: of 100 with the header to v2", 100, seen)?;

    ended(&mut lab, &web, &list, &pods[2], report).await
}

/// The end of a canary, as the chart's README tells: its weight to 0, then it
/// is disabled, and its pods go.
async fn ended(
    lab: &mut Lab<'_>,
    web: &Caller,
    list: &str,
    second: &str,
    report: &mut Report,
) -> Result<()> {
    let calls = Background::start(&web.channel, list);
    let mut values = CANARY.to_vec();
    values.push("canary.weight=0");
    let rules = lab.rendered(&values)?;
    lab.apply(&rules).await?;
    tokio::time::sleep(SETTLED).await;
    let rules = lab.rendered(&REPLICATED)?;
    lab.apply(&rules).await?;
    lab.leave(second).await?;
    tokio::time::sleep(SETTLED).await;
    let codes = calls.stop().await?;
    report.at_least("ListOrders: calls while v2 is taken away", 100, codes.len())?;
    let failed = codes.iter().filter(|code| **code != Code::Ok).count();
    report.same("ListOrders: of those failed", 0, failed)
}

async fn hashing(setup: &Setup, report: &mut Report) -> Result<()> {
    let values = [
        REPLICATED[0],
        REPLICATED[1],
        "mtls.mode=disabled",
        "loadBalancing.hashHeader=x-user",
    ];
    let mut lab = Lab::new(setup, "hashing", &values)?;
    let mut backends = Vec::new();
    for _ in 0..3 {
        let address = lab.address();
        backends.push(Backend::start(address).await?);
        lab.plain_pod(address.ip(), None);
    }
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let path = format!("{}ListOrders", chart::RPCS);
    let mut failed = 0;
    for user in 0..30 {
        let user = format!("user-{user}");
        for _ in 0..5 {
            let call = Call {
                headers: &[("x-user", &user)],
                deadline: None,
            };
            failed += u32::from(call::unary(&web.channel, &path, &call).await != Code::Ok);
        }
    }
    let mut pods: BTreeMap<Vec<u8>, BTreeSet<usize>> = BTreeMap::new();
    for (pod, backend) in backends.iter().enumerate() {
        for attempt in backend.take() {
            let user = attempt
                .headers
                .get("x-user")
                .map(|it| it.as_bytes().to_vec());
            pods.entry(user.unwrap_or_default())
                .or_default()
                .insert(pod);
        }
    }
    let strays = pods.values().filter(|pods| pods.len() > 1).count();
    let used: BTreeSet<usize> = pods.values().flatten().copied().collect();
    report.same(
        "x-user: failed, users on more than one pod",
        (0, 0),
        (failed, strays),
    )?;
    report.at_least("x-user: pods that 30 users are spread over", 2, used.len())
}
