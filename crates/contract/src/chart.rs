//! What the Helm chart reads: `helm/files/contract.yaml`.

use std::fmt::{self, Write as _};

use crate::{Contract, Idempotency, Method, Retry, Role, Service, Streaming};

/// The document, without the comments around it.
#[must_use]
pub fn yaml(contract: &Contract) -> String {
    let mut out = String::from("services:\n");
    for service in &contract.services {
        // Writing to a string cannot fail.
        let _ = write_service(&mut out, contract, service);
    }
    out
}

fn write_service(out: &mut String, contract: &Contract, service: &Service) -> fmt::Result {
    let role = match service.role {
        Role::Server => "server",
        Role::Upstream => "upstream",
    };
    writeln!(out, "  - name: {}", scalar(&service.name))?;
    writeln!(out, "    role: {role}")?;
    if let Some(it) = service.retry_throttling {
        writeln!(out, "    retryThrottling:")?;
        writeln!(out, "      maxTokens: {}", it.max_tokens)?;
        writeln!(out, "      tokenRatio: {}", it.token_ratio)?;
    }
    if service.methods.is_empty() {
        return writeln!(out, "    methods: []");
    }
    writeln!(out, "    methods:")?;
    for method in &service.methods {
        write_method(out, key(contract, service, method), method)?;
    }
    Ok(())
}

/// By what the values name an rpc whose name alone would mean several that are
/// offered: `Service/Rpc`, or `package.Service/Rpc` if that means several too.
fn key(contract: &Contract, service: &Service, method: &Method) -> Option<String> {
    let offered = |it: &&Service| it.role == Role::Server;
    let same = |it: &&Service| it.methods.iter().any(|other| other.name == method.name);
    let others: Vec<_> = (contract.services.iter())
        .filter(offered)
        .filter(same)
        .filter(|it| it.name != service.name)
        .collect();
    if service.role != Role::Server || others.is_empty() {
        return None;
    }
    let short = service.short_name();
    let name = if others.iter().any(|it| it.short_name() == short) {
        &service.name
    } else {
        short
    };
    Some(format!("{name}/{}", method.name))
}

fn write_method(out: &mut String, key: Option<String>, method: &Method) -> fmt::Result {
    let idempotency = match method.idempotency {
        Idempotency::Unsafe => "unsafe",
        Idempotency::NoSideEffects => "no_side_effects",
        Idempotency::Idempotent => "idempotent",
        Idempotency::RequestId => "request_id",
    };
    let streaming = match method.streaming {
        Streaming::None => "none",
        Streaming::Client => "client",
        Streaming::Server => "server",
        Streaming::Bidi => "bidi",
    };
    let callers: Vec<_> = method.allowed_callers.iter().map(|it| scalar(it)).collect();
    writeln!(out, "      - name: {}", scalar(&method.name))?;
    if let Some(key) = key {
        writeln!(out, "        key: {key}")?;
    }
    writeln!(out, "        path: {}", method.path)?;
    writeln!(out, "        idempotency: {idempotency}")?;
    if let Some(field) = method.request_id_field {
        writeln!(out, "        requestIdField: {field}")?;
    }
    writeln!(out, "        streaming: {streaming}")?;
    if let Some(timeout) = method.timeout {
        writeln!(out, "        timeoutMs: {}", timeout.as_millis())?;
    }
    if let Some(retry) = &method.retry {
        write_retry(out, retry)?;
    }
    writeln!(out, "        allowedCallers: [{}]", callers.join(", "))
}

fn write_retry(out: &mut String, retry: &Retry) -> fmt::Result {
    let codes: Vec<_> = retry.codes.iter().map(|it| it.name()).collect();
    writeln!(out, "        retry:")?;
    writeln!(out, "          maxAttempts: {}", retry.max_attempts)?;
    if let Some(timeout) = retry.per_attempt_timeout {
        writeln!(
            out,
            "          perAttemptTimeoutMs: {}",
            timeout.as_millis()
        )?;
    }
    writeln!(
        out,
        "          initialBackoffMs: {}",
        retry.initial_backoff.as_millis()
    )?;
    writeln!(
        out,
        "          maxBackoffMs: {}",
        retry.max_backoff.as_millis()
    )?;
    writeln!(
        out,
        "          backoffMultiplier: {}",
        retry.backoff_multiplier
    )?;
    writeln!(out, "          codes: [{}]", codes.join(", "))
}

/// Quotes the names that Helm's YAML 1.1 would take for something else.
fn scalar(name: &str) -> String {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if WORDS.contains(&name.to_ascii_lowercase().as_str()) {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    }
}
