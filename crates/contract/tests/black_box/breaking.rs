//! Fifty changes of a .proto, and what each takes from callers.

use contract::Protos;
use contract::breaking::{Level, changes};
use std::fs;

const PROTO: &str = r#"syntax = "proto3";
package demo.v1;

import "google/api/field_behavior.proto";
import "buf/validate/validate.proto";
import "mesh/v1/policy.proto";

service Shop {
  option (mesh.v1.service) = { retry_throttling: { max_tokens: 100 token_ratio: 0.5 } };

  rpc Get(GetRequest) returns (Thing) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (mesh.v1.method) = {
      timeout: { seconds: 4 }
      per_attempt_timeout: { seconds: 2 }
      allowed_callers: ["reader", "writer"]
      retry_policy: {
        max_attempts: 4
        initial_backoff: { nanos: 50000000 }
        max_backoff: { seconds: 1 }
        backoff_multiplier: 2
        retryable_status_codes: [UNAVAILABLE, RESOURCE_EXHAUSTED]
      }
    };
  }
  rpc Put(PutRequest) returns (Thing);
  rpc Cancel(GetRequest) returns (Thing) { option idempotency_level = IDEMPOTENT; }
  rpc Watch(GetRequest) returns (stream Thing);
}

message GetRequest {
  string name = 1 [(google.api.field_behavior) = REQUIRED];
  optional string view = 2;
}
message PutRequest {
  Thing thing = 1;
  string request_id = 2;
  oneof by {
    string owner = 3;
    string group = 4;
  }
}
message Thing {
  string name = 1 [(buf.validate.field).string.max_len = 64];
  int32 count = 2;
  repeated string tags = 3;
  State state = 4;
  map<string, string> labels = 5;
  string note = 6;
  enum State {
    STATE_UNSPECIFIED = 0;
    STATE_OPEN = 1;
    STATE_DONE = 2;
  }
}
message Unused {
  string text = 1;
}
"#;

/// What is replaced, by what, and what is found: levels and ids.
type Case = (&'static str, &'static str, &'static [&'static str]);

const CASES: [Case; 50] = [
    // Policy: deadlines.
    (
        "{ seconds: 4 }",
        "{ seconds: 3 }",
        &["breaks timeout:demo.v1.Shop/Get"],
    ),
    ("{ seconds: 4 }", "{ seconds: 8 }", &[]),
    ("      timeout: { seconds: 4 }\n", "", &[]),
    (
        "rpc Put(PutRequest) returns (Thing);",
        "rpc Put(PutRequest) returns (Thing) { option (mesh.v1.method) = { timeout: { seconds: 9 } }; }",
        &["breaks timeout:demo.v1.Shop/Put"],
    ),
    (
        "per_attempt_timeout: { seconds: 2 }",
        "per_attempt_timeout: { seconds: 1 }",
        &["weakens per_attempt_timeout:demo.v1.Shop/Get"],
    ),
    (
        "per_attempt_timeout: { seconds: 2 }",
        "per_attempt_timeout: { seconds: 3 }",
        &[],
    ),
    ("      per_attempt_timeout: { seconds: 2 }\n", "", &[]),
    // Callers.
    (
        r#"["reader", "writer"]"#,
        r#"["writer"]"#,
        &["breaks callers:demo.v1.Shop/Get"],
    ),
    (
        r#"["reader", "writer"]"#,
        r#"["other"]"#,
        &[
            "breaks callers:demo.v1.Shop/Get",
            "breaks callers:demo.v1.Shop/Get",
        ],
    ),
    (
        r#"["reader", "writer"]"#,
        r#"["writer", "reader", "other"]"#,
        &[],
    ),
    ("      allowed_callers: [\"reader\", \"writer\"]\n", "", &[]),
    (
        "rpc Put(PutRequest) returns (Thing);",
        "rpc Put(PutRequest) returns (Thing) { option (mesh.v1.method) = { allowed_callers: [\"a\"] }; }",
        &["breaks callers:demo.v1.Shop/Put"],
    ),
    // Retries.
    (
        "max_attempts: 4",
        "max_attempts: 2",
        &["weakens attempts:demo.v1.Shop/Get"],
    ),
    ("max_attempts: 4", "max_attempts: 5", &[]),
    (
        "[UNAVAILABLE, RESOURCE_EXHAUSTED]",
        "[UNAVAILABLE]",
        &["weakens codes:demo.v1.Shop/Get"],
    ),
    (
        "[UNAVAILABLE, RESOURCE_EXHAUSTED]",
        "[UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL]",
        &[],
    ),
    ("nanos: 50000000", "nanos: 90000000", &[]),
    (
        "max_tokens: 100",
        "max_tokens: 50",
        &["weakens budget:demo.v1.Shop"],
    ),
    ("max_tokens: 100", "max_tokens: 200", &[]),
    (
        "token_ratio: 0.5",
        "token_ratio: 0.1",
        &["weakens budget:demo.v1.Shop"],
    ),
    // Whether it is safe to repeat.
    (
        "IDEMPOTENT;",
        "IDEMPOTENCY_UNKNOWN;",
        &["breaks idempotency:demo.v1.Shop/Cancel"],
    ),
    (
        "option idempotency_level = IDEMPOTENT;",
        "",
        &["breaks idempotency:demo.v1.Shop/Cancel"],
    ),
    ("IDEMPOTENT;", "NO_SIDE_EFFECTS;", &[]),
    (
        "option idempotency_level = NO_SIDE_EFFECTS;",
        "option idempotency_level = IDEMPOTENT;",
        &["breaks idempotency:demo.v1.Shop/Get"],
    ),
    (
        "string request_id = 2;",
        "string id = 2;",
        &[
            "breaks idempotency:demo.v1.Shop/Put",
            "breaks name:demo.v1.PutRequest.request_id",
        ],
    ),
    // Rpcs.
    (
        "  rpc Put(PutRequest) returns (Thing);\n",
        "",
        &["breaks rpc:demo.v1.Shop/Put"],
    ),
    (
        "rpc Put(PutRequest) returns (Thing);",
        "rpc Store(PutRequest) returns (Thing);",
        &["breaks rpc:demo.v1.Shop/Put"],
    ),
    (
        "rpc Watch(GetRequest) returns (stream Thing);",
        "rpc Watch(GetRequest) returns (Thing);",
        &["breaks streams:demo.v1.Shop/Watch"],
    ),
    (
        "rpc Watch(GetRequest) returns (stream Thing);",
        "rpc Watch(stream GetRequest) returns (stream Thing);",
        &["breaks streams:demo.v1.Shop/Watch"],
    ),
    (
        "rpc Put(PutRequest) returns (Thing);",
        "rpc Put(PutRequest) returns (Unused);",
        &["breaks response:demo.v1.Shop/Put"],
    ),
    (
        "rpc Watch(GetRequest)",
        "rpc Watch(Unused)",
        &["breaks request:demo.v1.Shop/Watch"],
    ),
    (
        "rpc Put(PutRequest) returns (Thing);",
        "rpc Put(PutRequest) returns (Thing); rpc More(GetRequest) returns (Thing);",
        &[],
    ),
    // Fields.
    (
        "  int32 count = 2;\n",
        "",
        &["breaks field:demo.v1.Thing.count"],
    ),
    (
        "  int32 count = 2;\n",
        "  reserved 2;\n",
        &["breaks field:demo.v1.Thing.count"],
    ),
    (
        "int32 count = 2;",
        "int32 number = 2;",
        &["breaks name:demo.v1.Thing.count"],
    ),
    (
        "int32 count = 2;",
        "int32 count = 9;",
        &["breaks field:demo.v1.Thing.count"],
    ),
    (
        "int32 count = 2;",
        "string count = 2;",
        &["breaks type:demo.v1.Thing.count"],
    ),
    (
        "int32 count = 2;",
        "repeated int32 count = 2;",
        &["breaks type:demo.v1.Thing.count"],
    ),
    (
        "repeated string tags",
        "string tags",
        &["breaks type:demo.v1.Thing.tags"],
    ),
    (
        "optional string view",
        "string view",
        &["breaks presence:demo.v1.GetRequest.view"],
    ),
    (
        "  string note = 6;\n",
        "  string note = 6;\n  string more = 7;\n",
        &[],
    ),
    (
        "    string group = 4;\n  }\n",
        "  }\n  string group = 4;\n",
        &[
            "breaks oneof:demo.v1.PutRequest.group",
            "breaks presence:demo.v1.PutRequest.group",
        ],
    ),
    ("message Unused {\n  string text = 1;\n}\n", "", &[]),
    // Enumerations.
    (
        "    STATE_DONE = 2;\n",
        "",
        &["breaks value:demo.v1.Thing.State.STATE_DONE"],
    ),
    (
        "STATE_DONE = 2",
        "STATE_OVER = 2",
        &["breaks name:demo.v1.Thing.State.STATE_DONE"],
    ),
    ("STATE_DONE = 2;", "STATE_DONE = 2; STATE_LOST = 3;", &[]),
    // Rules.
    (
        "max_len = 64",
        "max_len = 32",
        &["breaks rule:demo.v1.Thing.name"],
    ),
    (" [(buf.validate.field).string.max_len = 64]", "", &[]),
    (
        "string note = 6;",
        "string note = 6 [(buf.validate.field).string.min_len = 1];",
        &["breaks rule:demo.v1.Thing.note"],
    ),
    (
        "string note = 6;",
        "string note = 6; string more = 7 [(google.api.field_behavior) = REQUIRED];",
        &["weakens rule:demo.v1.Thing.more"],
    ),
];

fn protos(text: &str) -> Protos {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("shop.proto"), text).expect("it is written");
    fs::write(folder.path().join("offered.conf"), "demo.v1.Shop\n").expect("it is written");
    Protos::compile(folder.path()).expect("it compiles")
}

#[test]
fn fifty_changes_are_judged_as_the_table_says() {
    let old = protos(PROTO);
    assert_eq!(changes(&old, &old).unwrap(), []);
    let mut wrong = Vec::new();
    for (what, by, expected) in CASES {
        assert!(PROTO.contains(what), "{what}");
        let found = changes(&old, &protos(&PROTO.replacen(what, by, 1))).unwrap();
        let mut judged: Vec<_> = (found.iter())
            .map(|it| {
                let level = if it.level == Level::Breaks {
                    "breaks"
                } else {
                    "weakens"
                };
                format!("{level} {}", it.id)
            })
            .collect();
        judged.sort();
        let mut expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        expected.sort();
        if judged != expected {
            wrong.push(format!("{what:?} by {by:?}: {judged:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
