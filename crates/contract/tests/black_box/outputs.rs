//! What is written from a contract, whole.

use contract::service_config::{self, Timeouts};
use contract::{chart, fidelity, reference, rust};

use crate::demo::{Demo, one_of_each as demo};

#[test]
fn chart_data() {
    let expected = "\
services:
  - name: demo.v1.ThingService
    role: server
    retryThrottling:
      maxTokens: 100
      tokenRatio: 0.1
    methods:
      - name: Make
        path: /demo.v1.ThingService/Make
        idempotency: request_id
        requestIdField: 1
        streaming: none
        timeoutMs: 5000
        retry:
          maxAttempts: 3
          perAttemptTimeoutMs: 800
          initialBackoffMs: 50
          maxBackoffMs: 1000
          backoffMultiplier: 1.5
          codes: [UNAVAILABLE]
        allowedCallers: [\"yes\", writer]
      - name: Put
        path: /demo.v1.ThingService/Put
        idempotency: unsafe
        streaming: none
        timeoutMs: 1500
        allowedCallers: []
      - name: Flow
        path: /demo.v1.ThingService/Flow
        idempotency: unsafe
        streaming: server
        allowedCallers: []
  - name: demo.other.v1.OtherService
    role: upstream
    methods:
      - name: Ask
        path: /demo.other.v1.OtherService/Ask
        idempotency: unsafe
        streaming: none
        allowedCallers: []
";
    assert_eq!(chart::yaml(&demo().contract()), expected);
}

#[test]
fn server_table() {
    let expected = "\
/// Policy of `demo.v1.ThingService`.
pub const THING_SERVICE: ::chassis::contract::Service = ::chassis::contract::Service {
    name: \"demo.v1.ThingService\",
    retry_throttling: None,
    methods: &[
        ::chassis::contract::Method {
            path: \"/demo.v1.ThingService/Make\",
            idempotency: ::chassis::contract::Idempotency::RequestId,
            server_streaming: false,
            client_streaming: false,
            timeout: Some(::core::time::Duration::from_millis(250)),
            per_attempt_timeout: None,
            retry: None,
            allowed_callers: &[\"reader\"],
            request: None,
        },
    ],
};

/// Every service that this project offers.
pub const SERVICES: &[::chassis::contract::Service] = &[THING_SERVICE];

/// Every service that this project calls.
pub const UPSTREAMS: &[::chassis::contract::Service] = &[];

";
    let demo = Demo::with_rpcs(
        "rpc Make(MakeRequest) returns (Thing) { option (mesh.v1.method) = { timeout: { nanos: \
         250000000 } allowed_callers: \"reader\" }; }",
    );
    assert_eq!(rust::table(&demo.contract()), expected);
}

#[test]
fn server_table_with_retries() {
    let table = rust::table(&demo().contract());
    for line in [
        "    retry_throttling: Some(::chassis::contract::RetryThrottling { max_tokens: 100, \
         token_ratio: 0.1 }),",
        "            per_attempt_timeout: Some(::core::time::Duration::from_millis(800)),",
        "            retry: Some(::chassis::contract::Retry { max_attempts: 3, initial_backoff: \
         ::core::time::Duration::from_millis(50), max_backoff: \
         ::core::time::Duration::from_millis(1000), backoff_multiplier: 1.5, retryable_codes: \
         &[14] }),",
        "pub const UPSTREAMS: &[::chassis::contract::Service] = &[OTHER_SERVICE];",
    ] {
        assert!(
            table.lines().any(|it| it == line),
            "{line}\nis not in\n{table}"
        );
    }
}

#[test]
fn requests_that_grow_have_a_shape() {
    let demo = Demo::with_rpcs("rpc Fill(Box) returns (Thing);");
    demo.write(
        "proto/demo/v1/box.proto",
        "syntax = \"proto3\";\npackage demo.v1;\n\
         message Box { repeated string labels = 1; repeated int32 counts = 2; \
         map<string, int64> sizes = 3; Part part = 4; repeated Part parts = 5; string note = 6; \
         bool open = 7; Lid lid = 8; }\n\
         message Part { string name = 1; Part within = 2; }\n\
         message Lid { string name = 1; }\n",
    );
    let thing = demo.read("proto/demo/v1/thing.proto");
    let thing = thing.replacen("import ", "import \"demo/v1/box.proto\";\nimport ", 1);
    demo.write("proto/demo/v1/thing.proto", &thing);
    let table = rust::table(&demo.contract());
    for line in [
        "            request: Some(&SHAPE_0),",
        "/// `demo.v1.Box`.",
        // `Vec`s begin with four elements and double.
        "number: 1, first: 112, more: 64, content: Bytes",
        "number: 2, first: 16, more: 8, content: Numbers(1)",
        "number: 3, first: 672, more: 168, content: Bytes",
        // A part may be within itself, in a `Box`: it can be there many times.
        "number: 4, first: 16, more: 16, content: Message(&SHAPE_1)",
        "number: 5, first: 144, more: 80, content: Message(&SHAPE_1)",
        "number: 6, first: 16, more: 16, content: Bytes",
        "number: 8, first: 16, more: 16, content: Bytes",
        "/// `demo.v1.Part`.",
        "number: 2, first: 48, more: 48, content: Message(&SHAPE_1)",
    ] {
        let written = table.replace("::chassis::contract::Content::", "");
        assert!(written.contains(line), "{line}\nis not in\n{table}");
    }
    assert!(!table.contains("number: 7"), "{table}");
}

#[test]
fn services_of_one_name_keep_their_packages() {
    let demo = Demo::with_rpcs("rpc Put(PutRequest) returns (Thing);");
    demo.write(
        "proto/demo/v2/thing.proto",
        "syntax = \"proto3\";\npackage demo.v2;\nmessage None {}\n\
         service ThingService { rpc Ask(None) returns (None); }\n",
    );
    let table = rust::table(&demo.contract());
    assert!(
        table.contains("pub const DEMO_V1_THING_SERVICE: "),
        "{table}"
    );
    assert!(
        table.contains("pub const DEMO_V2_THING_SERVICE: "),
        "{table}"
    );
}

#[test]
fn service_config_with_timeouts() {
    let expected = r#"{
  "methodConfig": [
    {
      "name": [
        { "service": "demo.v1.ThingService", "method": "Make" }
      ],
      "timeout": "5.000000000s",
      "retryPolicy": {
        "maxAttempts": 3,
        "initialBackoff": "0.050000000s",
        "maxBackoff": "1.000000000s",
        "backoffMultiplier": 1.5,
        "retryableStatusCodes": ["UNAVAILABLE"]
      }
    },
    {
      "name": [
        { "service": "demo.v1.ThingService", "method": "Put" }
      ],
      "timeout": "1.500000000s"
    }
  ],
  "retryThrottling": {
    "maxTokens": 100,
    "tokenRatio": 0.1
  }
}
"#;
    let config = service_config::json(&demo().contract(), None, Timeouts::Include);
    assert_eq!(config.as_deref(), Ok(expected));
}

#[test]
fn service_config_of_retries_names_only_what_is_retried() {
    let config = service_config::json(&demo().contract(), None, Timeouts::Omit).expect("a config");
    let config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    let methods = config["methodConfig"].as_array().expect("an array");
    assert_eq!(methods.len(), 1);
    assert_eq!(methods[0]["name"][0]["method"], "Make");
    assert!(methods[0].get("timeout").is_none());
    assert_eq!(config["retryThrottling"]["maxTokens"], 100);
}

#[test]
fn rpcs_of_one_policy_share_an_entry() {
    let demo = Demo::with_rpcs(
        "option (mesh.v1.service) = { default: { timeout: { seconds: 1 } } };\n\
         rpc One(PutRequest) returns (Thing);\nrpc Two(PutRequest) returns (Thing);",
    );
    let config = service_config::json(&demo.contract(), Some("ThingService"), Timeouts::Include);
    let config: serde_json::Value = serde_json::from_str(&config.expect("a config")).expect("JSON");
    assert_eq!(config["methodConfig"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        config["methodConfig"][0]["name"].as_array().map(Vec::len),
        Some(2)
    );
    assert!(config.get("retryThrottling").is_none());
}

#[test]
fn a_service_without_policy_has_an_empty_config() {
    let config = service_config::json(&demo().contract(), Some("OtherService"), Timeouts::Include);
    assert_eq!(config.as_deref(), Ok("{\n  \"methodConfig\": []\n}\n"));
}

#[test]
fn a_service_config_holds_one_budget() {
    let demo = Demo::with_rpcs("rpc Put(PutRequest) returns (Thing);");
    demo.write(
        "proto/demo/v1/more.proto",
        "syntax = \"proto3\";\npackage demo.v1;\nimport \"mesh/v1/policy.proto\";\n\
         message None {}\nservice MoreService { option (mesh.v1.service) = { retry_throttling: { \
         max_tokens: 5 token_ratio: 1 } }; rpc Ask(None) returns (None); }\n",
    );
    demo.write(
        "proto/offered.conf",
        "demo.v1.ThingService\ndemo.v1.MoreService\n",
    );
    let contract = demo.contract();
    assert_eq!(
        service_config::json(&contract, None, Timeouts::Omit),
        Err(
            "demo.v1.MoreService, demo.v1.ThingService differ in retry_throttling, and a service \
             config holds one; name a service with --service or give them one budget"
                .to_owned()
        )
    );
    assert_eq!(
        service_config::json(&contract, Some("Nothing"), Timeouts::Omit),
        Err("no service Nothing; choose from demo.v1.MoreService, demo.v1.ThingService".to_owned())
    );
    assert!(service_config::json(&contract, Some("demo.v1.MoreService"), Timeouts::Omit).is_ok());
}

#[test]
fn reference_table() {
    let expected = "\
### demo.v1.ThingService (offered)

A client's retry budget: 100 tokens; a failure takes one, a success gives back 0.1, and below half \
there are no retries.

| Rpc | Safe to repeat | Timeout | Attempts | Callers |
|---|---|---|---|---|
| Make | with `request_id`: the server acts once per value | 5 s | 3 of 800 ms, on UNAVAILABLE, \
after up to 50 ms × 1.5 each time, at most 1 s | yes, writer |
| Put | no | 1.5 s | 1 | every authenticated one |
| Flow | no | none: a stream | 1 | every authenticated one |

### demo.other.v1.OtherService (called)

| Rpc | Safe to repeat | Timeout | Attempts | Callers |
|---|---|---|---|---|
| Ask | no | the server's | 1 | every authenticated one |
";
    assert_eq!(reference::rpcs(&demo().contract()), expected);
}

#[test]
fn fidelity_tables_are_rectangular_and_explain_every_cell() {
    let tables = fidelity::tables();
    let blocks: Vec<_> = tables.split("### ").skip(1).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let rows: Vec<Vec<_>> = block
            .lines()
            .filter(|it| it.starts_with('|'))
            .map(|it| it.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        assert!(rows.iter().all(|it| it.len() == rows[0].len()), "{block}");
        let cells = rows.iter().skip(2).flat_map(|it| &it[1..]);
        for cell in cells {
            let (verdict, reason) = cell.split_once(": ").expect("a verdict and a reason");
            assert!(["yes", "partly", "**no**"].contains(&verdict), "{cell}");
            assert!(!reason.is_empty(), "{cell}");
        }
    }
}

#[test]
fn rpcs_of_one_name_have_keys_of_their_own() {
    let demo = demo();
    demo.write(
        "proto/demo/more/v1/more.proto",
        "syntax = \"proto3\";\npackage demo.more.v1;\nmessage None {}\n\
         service MoreService { rpc Put(None) returns (None); }\n",
    );
    demo.write(
        "proto/offered.conf",
        "demo.v1.ThingService\ndemo.more.v1.MoreService\n",
    );
    let yaml = chart::yaml(&demo.contract());
    let keys: Vec<_> = yaml
        .lines()
        .filter_map(|it| it.trim().strip_prefix("key: "))
        .collect();
    assert_eq!(keys, ["MoreService/Put", "ThingService/Put"]);
}
