//! gRPC's service config (gRFC A2, A6), for clients of every language.

use crate::{Contract, Method, Retry, RetryThrottling, Role, duration};

/// Whether clients get timeouts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeouts {
    /// Retries only: right for every client. grpcio (Python) fires a service
    /// config's timeouts far too early.
    Omit,
    /// Retries and timeouts, for clients that apply both (Go, Java).
    Include,
}

/// The service config, as JSON, of one service, or of all that are offered.
/// `service` is `package.Service` or `Service`.
///
/// # Errors
///
/// A sentence, if there is no such service, or if several are meant which
/// differ in `retry_throttling`, of which a config holds one.
pub fn json(
    contract: &Contract,
    service: Option<&str>,
    timeouts: Timeouts,
) -> Result<String, String> {
    let services: Vec<_> = contract
        .services
        .iter()
        .filter(|it| match service {
            Some(name) => it.name == name || it.short_name() == name,
            None => it.role == Role::Server,
        })
        .collect();
    let Some(first) = services.first() else {
        let names: Vec<_> = contract
            .services
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        return Err(format!(
            "no service {}; choose from {}",
            service.unwrap_or("is offered"),
            names.join(", ")
        ));
    };
    if services
        .iter()
        .any(|it| it.retry_throttling != first.retry_throttling)
    {
        let names: Vec<_> = services.iter().map(|it| it.name.as_str()).collect();
        return Err(format!(
            "{} differ in retry_throttling, and a service config holds one; name a service with \
             --service or give them one budget",
            names.join(", ")
        ));
    }
    let configs: Vec<_> = services
        .iter()
        .flat_map(|service| method_configs(&service.name, &service.methods, timeouts))
        .collect();
    let throttling = first.retry_throttling.map_or_else(String::new, throttling);
    let configs = if configs.is_empty() {
        "[]".to_owned()
    } else {
        format!("[\n{}\n  ]", configs.join(",\n"))
    };
    Ok(format!(
        "{{\n  \"methodConfig\": {configs}{throttling}\n}}\n"
    ))
}

/// One entry per policy, naming every rpc that has it.
fn method_configs(service: &str, methods: &[Method], timeouts: Timeouts) -> Vec<String> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for method in methods {
        let policy = policy(method, timeouts);
        let name = format!(
            "        {{ \"service\": \"{service}\", \"method\": \"{}\" }}",
            method.name
        );
        if policy.is_empty() {
            // An entry without a policy would say nothing.
        } else if let Some((_, names)) = groups.iter_mut().find(|(it, _)| *it == policy) {
            names.push(name);
        } else {
            groups.push((policy, vec![name]));
        }
    }
    groups
        .into_iter()
        .map(|(policy, names)| {
            let names = names.join(",\n");
            format!("    {{\n      \"name\": [\n{names}\n      ]{policy}\n    }}")
        })
        .collect()
}

fn policy(method: &Method, timeouts: Timeouts) -> String {
    let timeout = method
        .timeout
        .filter(|_| timeouts == Timeouts::Include)
        .map(|it| format!(",\n      \"timeout\": \"{}\"", duration::json(it)));
    let retry = method.retry.as_ref().map(retry_policy);
    [timeout, retry].into_iter().flatten().collect()
}

fn retry_policy(retry: &Retry) -> String {
    let codes: Vec<_> = retry
        .codes
        .iter()
        .map(|it| format!("\"{}\"", it.name()))
        .collect();
    format!(
        ",\n      \"retryPolicy\": {{\n        \"maxAttempts\": {},\n        \"initialBackoff\": \
         \"{}\",\n        \"maxBackoff\": \"{}\",\n        \"backoffMultiplier\": {},\n        \
         \"retryableStatusCodes\": [{}]\n      }}",
        retry.max_attempts,
        duration::json(retry.initial_backoff),
        duration::json(retry.max_backoff),
        retry.backoff_multiplier,
        codes.join(", ")
    )
}

fn throttling(it: RetryThrottling) -> String {
    format!(
        ",\n  \"retryThrottling\": {{\n    \"maxTokens\": {},\n    \"tokenRatio\": {}\n  }}",
        it.max_tokens, it.token_ratio
    )
}
