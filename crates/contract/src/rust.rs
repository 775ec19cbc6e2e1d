//! The server's table: constants of `chassis::contract::Service`.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::shape::{Content, Field, Shape};
use crate::{Contract, Idempotency, Method, Retry, RetryThrottling, Role, Service, Streaming};

/// Rust items: one constant per service, named after it (`THING_SERVICE`), then
/// `SERVICES` and `UPSTREAMS`, lists of those offered and of those called.
#[must_use]
pub fn table(contract: &Contract) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_table(&mut out, contract);
    out
}

fn write_table(out: &mut String, contract: &Contract) -> fmt::Result {
    for (place, shape) in contract.shapes.all.iter().enumerate() {
        write_shape(out, place, shape)?;
    }
    for service in &contract.services {
        write_service(out, &constant(contract, service), service)?;
    }
    let lists = [
        ("SERVICES", "this project offers", Role::Server),
        ("UPSTREAMS", "this project calls", Role::Upstream),
    ];
    for (list, meaning, role) in lists {
        let names: Vec<_> = contract
            .services
            .iter()
            .filter(|it| it.role == role)
            .map(|it| constant(contract, it))
            .collect();
        writeln!(out, "/// Every service that {meaning}.")?;
        let names = names.join(", ");
        writeln!(
            out,
            "pub const {list}: &[::chassis::contract::Service] = &[{names}];\n"
        )?;
    }
    Ok(())
}

/// `demo.v1.ThingService` is `THING_SERVICE`, or `DEMO_V1_THING_SERVICE` if
/// another package has one of that name.
fn constant(contract: &Contract, service: &Service) -> String {
    let same = |it: &&Service| it.short_name() == service.short_name();
    if contract.services.iter().filter(same).count() > 1 {
        upper_snake(&service.name)
    } else {
        upper_snake(service.short_name())
    }
}

fn upper_snake(name: &str) -> String {
    let mut out = String::new();
    let mut lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && lower {
            out.push('_');
        }
        lower = letter.is_lowercase() || letter.is_ascii_digit();
        out.push(if letter == '.' {
            '_'
        } else {
            letter.to_ascii_uppercase()
        });
    }
    out
}

fn write_service(out: &mut String, constant: &str, service: &Service) -> fmt::Result {
    let name = &service.name;
    let throttling = option(service.retry_throttling.as_ref(), |it| throttling(*it));
    writeln!(out, "/// Policy of `{name}`.")?;
    writeln!(
        out,
        "pub const {constant}: ::chassis::contract::Service = ::chassis::contract::Service {{"
    )?;
    writeln!(out, "    name: {name:?},")?;
    writeln!(out, "    retry_throttling: {throttling},")?;
    writeln!(out, "    methods: &[")?;
    for method in &service.methods {
        write_method(out, method)?;
    }
    writeln!(out, "    ],\n}};\n")
}

fn write_method(out: &mut String, method: &Method) -> fmt::Result {
    let streaming = method.streaming;
    let server = matches!(streaming, Streaming::Server | Streaming::Bidi);
    let client = matches!(streaming, Streaming::Client | Streaming::Bidi);
    let per_attempt = method.retry.as_ref().and_then(|it| it.per_attempt_timeout);
    let idempotency = match method.idempotency {
        Idempotency::Unsafe => "Unsafe",
        Idempotency::NoSideEffects => "NoSideEffects",
        Idempotency::Idempotent => "Idempotent",
        Idempotency::RequestId => "RequestId",
    };
    writeln!(out, "        ::chassis::contract::Method {{")?;
    writeln!(out, "            path: {:?},", method.path)?;
    writeln!(
        out,
        "            idempotency: ::chassis::contract::Idempotency::{idempotency},"
    )?;
    writeln!(out, "            server_streaming: {server},")?;
    writeln!(out, "            client_streaming: {client},")?;
    writeln!(
        out,
        "            timeout: {},",
        option(method.timeout.as_ref(), duration)
    )?;
    writeln!(
        out,
        "            per_attempt_timeout: {},",
        option(per_attempt.as_ref(), duration)
    )?;
    writeln!(
        out,
        "            retry: {},",
        option(method.retry.as_ref(), retry)
    )?;
    writeln!(
        out,
        "            allowed_callers: &{:?},",
        method.allowed_callers
    )?;
    let request = option(method.request.as_ref(), |place| {
        format!("&{}", shape_name(*place))
    });
    writeln!(out, "            request: {request},")?;
    writeln!(out, "        }},")
}

fn shape_name(place: usize) -> String {
    format!("SHAPE_{place}")
}

fn write_shape(out: &mut String, place: usize, shape: &Shape) -> fmt::Result {
    let name = shape_name(place);
    writeln!(out, "/// `{}`.", shape.message)?;
    writeln!(
        out,
        "static {name}: ::chassis::contract::Shape = ::chassis::contract::Shape {{ fields: &["
    )?;
    for field in &shape.fields {
        write_field(out, field)?;
    }
    writeln!(out, "] }};\n")
}

fn write_field(out: &mut String, field: &Field) -> fmt::Result {
    let Field {
        number,
        first,
        more,
        content,
    } = field;
    let content = match content {
        Content::Bytes => "Bytes".to_owned(),
        Content::Message(place) => format!("Message(&{})", shape_name(*place)),
        Content::Numbers(size) => format!("Numbers({size})"),
    };
    let number = separated(u128::from(*number));
    writeln!(
        out,
        "    ::chassis::contract::Field {{ number: {number}, first: {first}, more: {more}, content: \
         ::chassis::contract::Content::{content} }},"
    )
}

fn option<T>(value: Option<&T>, text: impl Fn(&T) -> String) -> String {
    value.map_or_else(|| "None".to_owned(), |it| format!("Some({})", text(it)))
}

fn duration(value: &Duration) -> String {
    let millis = separated(value.as_millis());
    format!("::core::time::Duration::from_millis({millis})")
}

/// As people write it, `100_000`: what is generated is linted with the service.
fn separated(number: u128) -> String {
    let digits = number.to_string();
    if digits.len() < 6 {
        return digits;
    }
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

fn throttling(it: RetryThrottling) -> String {
    format!(
        "::chassis::contract::RetryThrottling {{ max_tokens: {}, token_ratio: {:?} }}",
        it.max_tokens, it.token_ratio
    )
}

fn retry(it: &Retry) -> String {
    let codes: Vec<_> = it.codes.iter().map(|code| code.number()).collect();
    format!(
        "::chassis::contract::Retry {{ max_attempts: {}, initial_backoff: {}, max_backoff: {}, \
         backoff_multiplier: {:?}, retryable_codes: &{codes:?} }}",
        it.max_attempts,
        duration(&it.initial_backoff),
        duration(&it.max_backoff),
        it.backoff_multiplier,
    )
}
