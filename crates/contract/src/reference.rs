//! The reference table of `docs/contract.md`.

use std::fmt::{self, Write as _};

use crate::{Contract, Idempotency, Method, Retry, Role, Service, Streaming, duration};

/// One table per service, in Markdown.
#[must_use]
pub fn rpcs(contract: &Contract) -> String {
    let mut out = String::new();
    for (index, service) in contract.services.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = write_service(&mut out, service);
    }
    out
}

fn write_service(out: &mut String, service: &Service) -> fmt::Result {
    let role = match service.role {
        Role::Server => "offered",
        Role::Upstream => "called",
    };
    writeln!(out, "### {} ({role})\n", service.name)?;
    if let Some(it) = service.retry_throttling {
        writeln!(
            out,
            "A client's retry budget: {} tokens; a failure takes one, a success gives back {}, and \
             below half there are no retries.\n",
            it.max_tokens, it.token_ratio
        )?;
    }
    writeln!(
        out,
        "| Rpc | Safe to repeat | Timeout | Attempts | Callers |"
    )?;
    writeln!(out, "|---|---|---|---|---|")?;
    for method in &service.methods {
        let name = &method.name;
        let safe = safe(method.idempotency);
        let timeout = timeout(method);
        let attempts = attempts(method.retry.as_ref());
        let callers = callers(&method.allowed_callers);
        writeln!(
            out,
            "| {name} | {safe} | {timeout} | {attempts} | {callers} |"
        )?;
    }
    Ok(())
}

pub(crate) fn safe(idempotency: Idempotency) -> &'static str {
    match idempotency {
        Idempotency::Unsafe => "no",
        Idempotency::NoSideEffects => "yes: it changes nothing",
        Idempotency::Idempotent => "yes: the second call changes nothing more",
        Idempotency::RequestId => "with `request_id`: the server acts once per value",
    }
}

pub(crate) fn timeout(method: &Method) -> String {
    match (method.timeout, method.streaming) {
        (Some(timeout), _) => duration::prose(timeout),
        (None, Streaming::None) => "the server's".to_owned(),
        (None, _) => "none: a stream".to_owned(),
    }
}

pub(crate) fn attempts(retry: Option<&Retry>) -> String {
    let Some(retry) = retry else {
        return "1".to_owned();
    };
    let codes: Vec<_> = retry.codes.iter().map(|it| it.name()).collect();
    let each = retry
        .per_attempt_timeout
        .map_or_else(String::new, |it| format!(" of {}", duration::prose(it)));
    format!(
        "{}{each}, on {}, after up to {} × {} each time, at most {}",
        retry.max_attempts,
        codes.join(", "),
        duration::prose(retry.initial_backoff),
        retry.backoff_multiplier,
        duration::prose(retry.max_backoff),
    )
}

pub(crate) fn callers(roles: &[String]) -> String {
    if roles.is_empty() {
        "every authenticated one".to_owned()
    } else {
        roles.join(", ")
    }
}
