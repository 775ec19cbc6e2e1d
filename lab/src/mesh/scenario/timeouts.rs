//! Time limits: the route's, the caller's, and what is left of them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http::HeaderMap;
use tokio::task::JoinSet;
use tonic::Code;

use super::one_backend;
use crate::mesh::backend::{Answer, Backend, CALL};
use crate::mesh::call::{self, Call};
use crate::mesh::lab::{Caller, Lab, Setup};
use crate::mesh::report::Report;

/// A machine may be slow: how much later than due a time limit may be seen.
const LATE: Duration = Duration::from_secs(10);

/// Envoy's clock ticks in milliseconds, and its ticks may come early.
const EARLY: Duration = Duration::from_millis(20);

/// Values without retries, which might end sooner.
pub(super) const UNREPEATED: [&str; 1] = ["retries.layer=none"];

pub(super) async fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let (_lab, backend, web) = lab(setup, &UNREPEATED).await?;
    whole(setup, report, &backend, &web).await?;
    let (_lab, backend, web) = lab(setup, &[]).await?;
    each(setup, report, &backend, &web).await?;
    caller(setup, report).await
}

async fn lab<'a>(setup: &'a Setup, more: &[&str]) -> Result<(Lab<'a>, Backend, Caller)> {
    let mut values = vec!["circuitBreaking.enabled=false"];
    values.extend(more);
    let mut lab = Lab::new(setup, "timeouts", &values)?;
    let (backend, web) = one_backend(&mut lab).await?;
    Ok((lab, backend, web))
}

/// Without retries: each unary rpc ends at its limit, a stream outlives all.
pub(super) async fn whole(
    setup: &Setup,
    report: &mut Report,
    backend: &Backend,
    web: &Caller,
) -> Result<()> {
    let longest = setup.rpcs.iter().filter_map(|rpc| rpc.timeout_ms).max();
    let longest = Duration::from_millis(longest.context("no rpc has a time limit")?);
    let messages = u32::try_from(longest.as_secs())? + 2;
    backend.script(move |attempt| {
        if attempt.path.ends_with("/WatchOrders") {
            Answer::Stream(messages, Duration::from_secs(1))
        } else {
            Answer::Hang
        }
    });
    let mut calls = JoinSet::new();
    for rpc in setup.rpcs.iter().filter(|rpc| rpc.is_unary()).cloned() {
        let channel = web.channel.clone();
        calls.spawn(async move {
            let begin = Instant::now();
            let code = call::unary(&channel, &rpc.path, &Call::default()).await;
            (rpc, code, begin.elapsed())
        });
    }
    let stream = async {
        let path = &setup.rpc("WatchOrders")?.path;
        let mut stream = call::stream(&web.channel, path, &Call::default()).await?;
        let mut received = 0;
        while stream.message().await?.is_some() {
            received += 1;
        }
        anyhow::Ok(received)
    };
    let (received, mut ended) = tokio::join!(stream, calls.join_all());
    ended.sort_by(|(one, ..), (other, ..)| one.name.cmp(&other.name));
    for (rpc, code, after) in ended {
        let limit = Duration::from_millis(rpc.timeout_ms.context("unary, so limited")?);
        let what = format!("{}: no answer; it ends", rpc.name);
        // The caller's proxy says UNAVAILABLE, the service's DEADLINE_EXCEEDED.
        let over = matches!(code, Code::Unavailable | Code::DeadlineExceeded);
        report.same(&what, true, over)?;
        report.within(
            format!("{what} after"),
            &(limit.saturating_sub(EARLY)..=limit + LATE),
            after,
        )?;
    }
    let seen = received.map_err(|error| error.to_string());
    let what = format!("WatchOrders: messages over {messages} s");
    report.same(what, Ok(messages), seen)
}

/// With retries: the limit of each attempt.
pub(super) async fn each(
    setup: &Setup,
    report: &mut Report,
    backend: &Backend,
    web: &Caller,
) -> Result<()> {
    backend.script(|_| Answer::Hang);
    let mut calls = JoinSet::new();
    for rpc in setup.rpcs.iter().filter(|rpc| rpc.retry.is_some()) {
        let (channel, path) = (web.channel.clone(), rpc.path.clone());
        calls.spawn(async move { call::unary(&channel, &path, &Call::default()).await });
    }
    calls.join_all().await;
    let attempts = backend.take();
    for rpc in &setup.rpcs {
        let (Some(retry), Some(limit)) = (&rpc.retry, rpc.timeout_ms) else {
            continue;
        };
        let Some(each) = retry.per_attempt_timeout_ms else {
            continue;
        };
        // The last may begin when the limit of the whole is all but over.
        let fit = usize::try_from(limit.div_ceil(each))?;
        let most = rpc.attempts().min(fit);
        let of_rpc: Vec<_> = attempts.iter().filter(|it| it.path == rpc.path).collect();
        let what = format!("{}: attempts without an answer", rpc.name);
        report.same(what, most, of_rpc.len())?;
        let allowed = of_rpc.first().and_then(|it| allowed(&it.headers));
        let what = format!("{}: an attempt is allowed", rpc.name);
        report.same(what, Some(Duration::from_millis(each)), allowed)?;
    }
    Ok(())
}

/// What the caller allows counts where it is less, and shrinks on the way.
async fn caller(setup: &Setup, report: &mut Report) -> Result<()> {
    let (_lab, backend, web) = lab(setup, &[]).await?;
    backend.script(|_| Answer::Hang);
    let short = Duration::from_millis(700);
    let update = setup.rpc("UpdateOrder")?;
    let call = Call {
        headers: &[],
        deadline: Some(short),
    };
    let code = call::unary(&web.channel, &update.path, &call).await;
    // The caller's own clock and its proxy's end it, whichever is first.
    let over = matches!(
        code,
        Code::Cancelled | Code::DeadlineExceeded | Code::Unavailable
    );
    report.same(
        "UpdateOrder: the caller allows 700 ms; it is over",
        true,
        over,
    )?;
    let seen = backend.take().first().and_then(|it| allowed(&it.headers));
    let bounds = Duration::from_millis(1)..=short;
    report.within(
        "UpdateOrder: the service is allowed",
        &bounds,
        seen.unwrap_or_default(),
    )?;

    // More than the route's is cut down to it.
    let long = Call {
        headers: &[],
        deadline: Some(Duration::from_mins(2)),
    };
    let begin = Instant::now();
    call::unary(&web.channel, &update.path, &long).await;
    let limit = Duration::from_millis(update.timeout_ms.context("limited")?);
    report.within(
        "UpdateOrder: the caller allows 120 s; ends after",
        &(limit.saturating_sub(EARLY)..=limit + LATE),
        begin.elapsed(),
    )?;
    let seen = backend.take().first().and_then(|it| allowed(&it.headers));
    let bounds = limit.saturating_sub(Duration::from_secs(1))..=limit;
    report.within(
        "UpdateOrder: then the service is allowed",
        &bounds,
        seen.unwrap_or_default(),
    )?;

    // The first attempt takes its whole second, by a timer that is some
    // milliseconds coarse; the second has what is left.
    let create = setup.rpc("CreateOrder")?;
    let call = Call {
        headers: &[(CALL, "shrinking")],
        deadline: Some(Duration::from_millis(1_800)),
    };
    call::unary(&web.channel, &create.path, &call).await;
    let left: Vec<Duration> = backend
        .take()
        .iter()
        .filter_map(|it| allowed(&it.headers))
        .collect();
    let shrinks = left.len() == 2 && left[1] < left[0] && left[1] <= Duration::from_millis(850);
    report.same(
        format!("CreateOrder: the caller allows 1.8 s; {left:?} shrinks"),
        true,
        shrinks,
    )
}

/// `grpc-timeout`
fn allowed(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (value, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let value: u64 = value.parse().ok()?;
    match unit {
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}
