//! What may happen to an rpc.

use std::time::Duration;

use super::Level::{Breaks, Weakens};
use super::{Change, note};
use crate::{Contract, Idempotency, Method, Retry, Role, Service, Streaming};

pub(super) fn compare(old: &Contract, new: &Contract, found: &mut Vec<Change>) {
    for before in old.services.iter().filter(|it| it.role == Role::Server) {
        let mut offered = new.services.iter().filter(|it| it.role == Role::Server);
        match offered.find(|it| it.name == before.name) {
            Some(now) => service(before, now, found),
            None => note(
                found,
                Breaks,
                "service",
                &before.name,
                "is no longer offered: its callers get UNIMPLEMENTED".to_owned(),
            ),
        }
    }
}

fn service(old: &Service, new: &Service, found: &mut Vec<Change>) {
    for before in &old.methods {
        let place = format!("{}/{}", old.name, before.name);
        match new.methods.iter().find(|it| it.name == before.name) {
            Some(now) => method(before, now, &place, found),
            None => note(
                found,
                Breaks,
                "rpc",
                &place,
                "is gone: its callers get UNIMPLEMENTED".to_owned(),
            ),
        }
    }
    let budgets = (old.retry_throttling, new.retry_throttling);
    let smaller = match budgets {
        (None, Some(_)) => true,
        (Some(old), Some(new)) => {
            new.max_tokens < old.max_tokens || new.token_ratio < old.token_ratio
        }
        _ => false,
    };
    if smaller {
        let said = "is smaller: clients stop retrying sooner".to_owned();
        note(found, Weakens, "budget", &old.name, said);
    }
}

fn method(old: &Method, new: &Method, place: &str, found: &mut Vec<Change>) {
    if old.streaming != new.streaming {
        let said = format!(
            "was {}, is {}: stubs of before do not fit",
            kind(old.streaming),
            kind(new.streaming)
        );
        note(found, Breaks, "streams", place, said);
    }
    timeout(old.timeout, new.timeout, place, found);
    callers(&old.allowed_callers, &new.allowed_callers, place, found);
    idempotency(old.idempotency, new.idempotency, place, found);
    match (&old.retry, &new.retry) {
        (Some(old), Some(new)) => retry(old, new, place, found),
        (Some(old), None) => {
            let said = format!("were {}, are 1", old.max_attempts);
            note(found, Weakens, "attempts", place, said);
        }
        (None, _) => {}
    }
}

fn kind(streaming: Streaming) -> &'static str {
    match streaming {
        Streaming::None => "unary",
        Streaming::Client => "a client's stream",
        Streaming::Server => "a server's stream",
        Streaming::Bidi => "streams of both sides",
    }
}

fn timeout(old: Option<Duration>, new: Option<Duration>, place: &str, found: &mut Vec<Change>) {
    let Some(now) = new else {
        return;
    };
    let said = match old {
        Some(before) if now < before => format!("was {before:?}, is {now:?}"),
        None => format!("there was none, it is {now:?}"),
        Some(_) => return,
    };
    let said = format!("{said}: calls that took longer end with DEADLINE_EXCEEDED");
    note(found, Breaks, "timeout", place, said);
}

fn callers(old: &[String], new: &[String], place: &str, found: &mut Vec<Change>) {
    if new.is_empty() {
        return;
    }
    if old.is_empty() {
        let said = format!(
            "everybody authenticated might call, now {} may: others get PERMISSION_DENIED",
            new.join(", ")
        );
        note(found, Breaks, "callers", place, said);
    }
    for gone in old.iter().filter(|it| !new.contains(it)) {
        let said = format!("{gone} may no longer call: it gets PERMISSION_DENIED");
        note(found, Breaks, "callers", place, said);
    }
}

fn idempotency(old: Idempotency, new: Idempotency, place: &str, found: &mut Vec<Change>) {
    // How much callers rely on: what may be repeated at any time, with an id, not.
    let promise = |it| match it {
        Idempotency::NoSideEffects => 3,
        Idempotency::Idempotent => 2,
        Idempotency::RequestId => 1,
        Idempotency::Unsafe => 0,
    };
    if promise(new) < promise(old) {
        let said =
            "is safe to repeat in fewer ways than it was: clients with the service config of \
                    before still repeat it"
                .to_owned();
        note(found, Breaks, "idempotency", place, said);
    }
}

fn retry(old: &Retry, new: &Retry, place: &str, found: &mut Vec<Change>) {
    if new.max_attempts < old.max_attempts {
        let said = format!("were {}, are {}", old.max_attempts, new.max_attempts);
        note(found, Weakens, "attempts", place, said);
    }
    for gone in old.codes.iter().filter(|it| !new.codes.contains(it)) {
        let said = format!("{} is no longer retried", gone.name());
        note(found, Weakens, "codes", place, said);
    }
    let shorter = match (old.per_attempt_timeout, new.per_attempt_timeout) {
        (None, Some(_)) => true,
        (Some(old), Some(new)) => new < old,
        _ => false,
    };
    if shorter {
        let said = "is shorter: attempts that took longer are given up".to_owned();
        note(found, Weakens, "per_attempt_timeout", place, said);
    }
}
