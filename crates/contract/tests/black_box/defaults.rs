//! What a service says for all of its rpcs, and what an rpc makes of it.

use std::time::Duration;

use contract::{Code, Idempotency, Method, Role, Streaming};

use crate::demo::{Demo, RETRY};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The only rpc of a service with these defaults.
fn rpc(default: &str, rpc: &str) -> Method {
    let demo = Demo::new(&format!(
        "service ThingService {{ option (mesh.v1.service) = {{ default: {{ {default} }} }};\n{rpc} }}"
    ));
    let mut contract = demo.contract();
    contract.services.remove(0).methods.remove(0)
}

const GET: &str = "rpc Get(PutRequest) returns (Thing) { option idempotency_level = \
                   NO_SIDE_EFFECTS; option (mesh.v1.method) = { {} }; }";

#[test]
fn an_rpc_without_a_word_of_its_own_takes_the_default() {
    let default = format!(
        "timeout: {{ seconds: 5 }} per_attempt_timeout: {{ seconds: 1 }} {RETRY} allowed_callers: \
         \"reader\""
    );
    let method = rpc(&default, &GET.replace("{}", ""));
    assert_eq!(method.path, "/demo.v1.ThingService/Get");
    assert_eq!(method.timeout, Some(millis(5000)));
    assert_eq!(method.allowed_callers, ["reader"]);
    let retry = method.retry.expect("retries");
    assert_eq!(retry.max_attempts, 3);
    assert_eq!(retry.per_attempt_timeout, Some(millis(1000)));
    assert_eq!(retry.initial_backoff, millis(50));
    assert_eq!(retry.max_backoff, millis(1000));
    assert!((retry.backoff_multiplier - 2.0).abs() < f32::EPSILON);
    assert_eq!(retry.codes, [Code::Unavailable]);
}

#[test]
fn an_rpc_overrides_field_by_field_also_inside_the_retry_policy() {
    let default = format!("timeout: {{ seconds: 5 }} {RETRY} allowed_callers: \"reader\"");
    let own = "per_attempt_timeout: { nanos: 200000000 } allowed_callers: [\"writer\", \"admin\"] \
               retry_policy: { max_attempts: 5 retryable_status_codes: [UNAVAILABLE, CANCELLED] }";
    let method = rpc(&default, &GET.replace("{}", own));
    assert_eq!(method.timeout, Some(millis(5000)));
    assert_eq!(method.allowed_callers, ["writer", "admin"]);
    let retry = method.retry.expect("retries");
    assert_eq!(retry.max_attempts, 5);
    assert_eq!(retry.per_attempt_timeout, Some(millis(200)));
    assert_eq!(retry.max_backoff, millis(1000));
    assert_eq!(retry.codes, [Code::Cancelled, Code::Unavailable]);
}

#[test]
fn one_attempt_switches_the_default_off() {
    let method = rpc(
        RETRY,
        &GET.replace("{}", "retry_policy: { max_attempts: 1 }"),
    );
    assert_eq!(method.retry, None);
    assert_eq!(method.idempotency, Idempotency::NoSideEffects);
}

#[test]
fn default_retries_reach_only_what_is_safe_to_repeat() {
    let retries = |text: &str| rpc(RETRY, text).retry.is_some();
    assert!(!retries("rpc Put(PutRequest) returns (Thing);"));
    assert!(!retries("rpc Count(CountRequest) returns (Thing);"));
    assert!(!retries("rpc Flow(MakeRequest) returns (stream Thing);"));
    assert!(retries("rpc Make(MakeRequest) returns (Thing);"));
    assert!(retries(
        "rpc Drop(PutRequest) returns (Thing) { option idempotency_level = IDEMPOTENT; }"
    ));
}

#[test]
fn a_default_timeout_spares_streams() {
    let timeout = |text: &str| rpc("timeout: { seconds: 5 }", text).timeout;
    assert_eq!(
        timeout("rpc Put(PutRequest) returns (Thing);"),
        Some(millis(5000))
    );
    assert_eq!(
        timeout("rpc Flow(PutRequest) returns (stream Thing);"),
        None
    );
    assert_eq!(
        timeout("rpc Flow(stream PutRequest) returns (Thing);"),
        None
    );
}

#[test]
fn why_repeating_is_safe() {
    let why = |text: &str| rpc("", text).idempotency;
    assert_eq!(why(&GET.replace("{}", "")), Idempotency::NoSideEffects);
    assert_eq!(
        why("rpc Put(PutRequest) returns (Thing);"),
        Idempotency::Unsafe
    );
    assert_eq!(
        why("rpc Make(MakeRequest) returns (Thing);"),
        Idempotency::RequestId
    );
    // What is declared says more than that there is a key.
    assert_eq!(
        why("rpc Make(MakeRequest) returns (Thing) { option idempotency_level = IDEMPOTENT; }"),
        Idempotency::Idempotent
    );
    // Nothing enforces a key in the midst of a stream.
    assert_eq!(
        why("rpc Make(stream MakeRequest) returns (Thing);"),
        Idempotency::Unsafe
    );
}

#[test]
fn offered_services_come_first() {
    let demo = Demo::with_rpcs("rpc Flow(stream PutRequest) returns (stream Thing);");
    demo.write(
        "proto/demo/other/v1/other.proto",
        "syntax = \"proto3\";\npackage demo.other.v1;\nmessage None {}\n\
         service OtherService { rpc Ask(None) returns (None); }\n",
    );
    let contract = demo.contract();
    let services: Vec<_> = contract
        .services
        .iter()
        .map(|it| (it.name.as_str(), it.role))
        .collect();
    assert_eq!(
        services,
        [
            ("demo.v1.ThingService", Role::Server),
            ("demo.other.v1.OtherService", Role::Upstream),
        ]
    );
    assert_eq!(contract.services[0].methods[0].streaming, Streaming::Bidi);
}
