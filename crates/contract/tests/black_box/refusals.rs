//! Every rule, by an annotation that breaks it. The text is what a person
//! reads, so all of it is asserted.

use crate::demo::{Demo, RETRY};

/// File, line and column of the first rpc.
const FIRST: &str = "proto/demo/v1/thing.proto:5:1: demo.v1.ThingService/";

#[test]
fn an_rpc_that_is_not_safe_to_repeat_is_not_retried() {
    let not_safe = "retry_policy on an rpc that is not safe to repeat, so a retry could act twice";
    let rpcs = [
        ("Put", "PutRequest", "PutRequest"),
        // A number is no UUID.
        ("Count", "CountRequest", "CountRequest"),
    ];
    for (rpc, request, named) in rpcs {
        let demo = Demo::with_rpcs(&format!(
            "rpc {rpc}({request}) returns (Thing) {{ option (mesh.v1.method) = {{ {RETRY} }}; }}"
        ));
        assert_eq!(
            demo.refusal(),
            format!(
                "{FIRST}{rpc}: {not_safe}; declare idempotency_level = IDEMPOTENT or \
                 NO_SIDE_EFFECTS if that is true, or add `string request_id` to {named} and act \
                 once per value, or remove retry_policy"
            )
        );
    }
}

#[test]
fn a_stream_is_neither_retried_nor_timed() {
    let signatures = [
        "Flow(PutRequest) returns (stream Thing)",
        "Flow(stream PutRequest) returns (Thing)",
        "Flow(stream PutRequest) returns (stream Thing)",
    ];
    for signature in signatures {
        let demo = Demo::with_rpcs(&format!(
            "rpc {signature} {{ option idempotency_level = NO_SIDE_EFFECTS; option \
             (mesh.v1.method) = {{ timeout: {{ seconds: 1 }} {RETRY} }}; }}"
        ));
        assert_eq!(
            demo.refusal(),
            format!(
                "{FIRST}Flow: retry_policy on a stream, which cannot be replayed once messages \
                 have flowed; remove retry_policy\n\
                 {FIRST}Flow: timeout on a stream would cut every call that lives longer; remove \
                 timeout"
            )
        );
    }
}

/// What an annotation of one rpc may not say, and the refusal's reason and
/// remedy.
const ANNOTATIONS: [(&str, &str); 21] = [
    (
        "timeout: {}",
        "timeout is not longer than zero; write a positive duration or remove timeout",
    ),
    (
        "timeout: { seconds: -1 }",
        "timeout is not longer than zero; write a positive duration or remove timeout",
    ),
    (
        "timeout: { nanos: 1500 }",
        "timeout has nanos: 1500, but meshes know nothing finer than milliseconds; write a \
         multiple of 1000000 below 1000000000",
    ),
    (
        "timeout: { nanos: 1000000000 }",
        "timeout has nanos: 1000000000, but meshes know nothing finer than milliseconds; write a \
         multiple of 1000000 below 1000000000",
    ),
    (
        "timeout: { seconds: 86401 }",
        "timeout is longer than a day; write 86400 seconds or less",
    ),
    (
        "per_attempt_timeout: { seconds: 1 }",
        "per_attempt_timeout on an rpc that is never retried has no effect; write timeout instead",
    ),
    (
        "timeout: { seconds: 1 } per_attempt_timeout: { seconds: 1 } {RETRY}",
        "per_attempt_timeout 1s is not shorter than timeout 1s, so no time is left for a second \
         attempt; shorten per_attempt_timeout or lengthen timeout",
    ),
    (
        "retry_policy: { max_attempts: 6 }",
        "max_attempts is 6, but no gRPC client makes more than 5; write 2 to 5, or 1 to switch \
         retries off",
    ),
    (
        "retry_policy: { max_attempts: 3 }",
        "retry_policy is incomplete, and clients ignore one that is; write max_attempts, \
         initial_backoff, max_backoff and backoff_multiplier, here or in the service's default",
    ),
    (
        "retry_policy: { max_attempts: 3 initial_backoff: { seconds: 2 } max_backoff: { seconds: 1 } backoff_multiplier: 2 }",
        "initial_backoff 2s is longer than max_backoff 1s; shorten initial_backoff or lengthen \
         max_backoff",
    ),
    (
        "retry_policy: { max_attempts: 3 initial_backoff: { nanos: 50000000 } max_backoff: { seconds: 1 } backoff_multiplier: 0.5 }",
        "backoff_multiplier is 0.5, so backoffs would not grow; write 1 or more",
    ),
    (
        "retry_policy: { max_attempts: 3 initial_backoff: { nanos: 50000000 } max_backoff: { seconds: 1 } backoff_multiplier: inf }",
        "backoff_multiplier is inf, so backoffs would not grow; write 1 or more",
    ),
    (
        "retry_policy: { max_attempts: 3 initial_backoff: { nanos: 50000000 } max_backoff: { seconds: 1 } backoff_multiplier: nan }",
        "backoff_multiplier is NaN, so backoffs would not grow; write 1 or more",
    ),
    (
        "retry_policy: { max_attempts: 3 initial_backoff: { nanos: 50000000 } max_backoff: { seconds: 1 } backoff_multiplier: 2 retryable_status_codes: NOT_FOUND }",
        "retryable_status_codes has NOT_FOUND, which no mesh can retry on; choose from CANCELLED, \
         DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE",
    ),
    (
        "retry_policy: { max_attempts: 3 initial_backoff: { nanos: 50000000 } max_backoff: { seconds: 1 } backoff_multiplier: 2 retryable_status_codes: OK }",
        "retryable_status_codes has OK, which no mesh can retry on; choose from CANCELLED, \
         DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE",
    ),
    (
        "retry_policy: { max_attempts: 3 initial_backoff: { nanos: 50000000 } max_backoff: { seconds: 1 } backoff_multiplier: 2 retryable_status_codes: [UNAVAILABLE, UNAVAILABLE] }",
        "retryable_status_codes has UNAVAILABLE twice; remove one",
    ),
    (
        "allowed_callers: \"Reader\"",
        "allowed_callers has \"Reader\", which is not the name of a role; write a letter, then up \
         to 62 letters, digits or dashes, all lower-case; the chart's values say which service \
         accounts have the role",
    ),
    (
        "allowed_callers: \"\"",
        "allowed_callers has \"\", which is not the name of a role; write a letter, then up to 62 \
         letters, digits or dashes, all lower-case; the chart's values say which service accounts \
         have the role",
    ),
    (
        "allowed_callers: \"spiffe://cluster.local/ns/a/sa/b\"",
        "allowed_callers has \"spiffe://cluster.local/ns/a/sa/b\", which is not the name of a \
         role; write a letter, then up to 62 letters, digits or dashes, all lower-case; the \
         chart's values say which service accounts have the role",
    ),
    (
        "allowed_callers: \"1st\"",
        "allowed_callers has \"1st\", which is not the name of a role; write a letter, then up to \
         62 letters, digits or dashes, all lower-case; the chart's values say which service \
         accounts have the role",
    ),
    (
        "allowed_callers: [\"reader\", \"reader\"]",
        "allowed_callers has \"reader\" twice; remove one",
    ),
];

#[test]
fn an_annotation_that_cannot_be_right_is_refused() {
    for (annotation, refusal) in ANNOTATIONS {
        let annotation = annotation.replace("{RETRY}", RETRY);
        let demo = Demo::with_rpcs(&format!(
            "rpc Get(PutRequest) returns (Thing) {{ option idempotency_level = NO_SIDE_EFFECTS; \
             option (mesh.v1.method) = {{ {annotation} }}; }}"
        ));
        assert_eq!(
            demo.refusal(),
            format!("{FIRST}Get: {refusal}"),
            "{annotation}"
        );
    }
}

#[test]
fn a_service_that_cannot_be_right_is_refused_once() {
    let services = [
        (
            "retry_throttling: { token_ratio: 0.1 }",
            "retry_throttling.max_tokens is 0, which gRPC clients refuse; write 1 to 1000",
        ),
        (
            "retry_throttling: { max_tokens: 1001 token_ratio: 0.1 }",
            "retry_throttling.max_tokens is 1001, which gRPC clients refuse; write 1 to 1000",
        ),
        (
            "retry_throttling: { max_tokens: 10 token_ratio: 0.0001 }",
            "retry_throttling.token_ratio is 0.0001, so a spent budget would never recover; write \
             0.001 or more",
        ),
        (
            "default: { timeout: {} }",
            "timeout is not longer than zero; write a positive duration or remove timeout",
        ),
        (
            "default: { retry_policy: { max_attempts: 9 } }",
            "max_attempts is 9, but no gRPC client makes more than 5; write 2 to 5, or 1 to \
             switch retries off",
        ),
    ];
    for (options, refusal) in services {
        let demo = Demo::new(&format!(
            "service ThingService {{ option (mesh.v1.service) = {{ {options} }};\n\
             rpc Put(PutRequest) returns (Thing);\nrpc Flow(PutRequest) returns (stream Thing); }}"
        ));
        assert_eq!(
            demo.refusal(),
            format!("proto/demo/v1/thing.proto:4:1: demo.v1.ThingService: {refusal}"),
        );
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let demo = Demo::with_rpcs(
        "rpc One(PutRequest) returns (Thing) { option (mesh.v1.method) = { timeout: {} }; }\n\
         // Between.\n\
         rpc Two(PutRequest) returns (Thing) { option (mesh.v1.method) = { allowed_callers: \"B\" \
         }; }",
    );
    let refusal = demo.refusal();
    let starts: Vec<_> = refusal
        .lines()
        .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "))
        .collect();
    assert_eq!(
        starts,
        [
            "proto/demo/v1/thing.proto:5:1: demo.v1.ThingService/One",
            "proto/demo/v1/thing.proto:7:1: demo.v1.ThingService/Two",
        ]
    );
}

#[test]
fn a_misspelt_annotation_is_named() {
    let demo = Demo::with_rpcs(
        "rpc Put(PutRequest) returns (Thing) { option (mesh.v1.method) = { timeot: {} }; }",
    );
    assert_eq!(
        demo.refusal(),
        "proto/demo/v1/thing.proto:5:39: invalid value of type 'mesh.v1.MethodPolicy' for option \
         '(mesh.v1.method)': field 'timeot' not found for message 'mesh.v1.MethodPolicy'"
    );
}
