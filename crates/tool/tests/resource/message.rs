//! Of a message that a .proto has.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use tool::Project;
use tool::command::add_resource_of;

use crate::service;

const REFUND: &str = "syntax = \"proto3\";

package acme.refund.v1;

import \"buf/validate/validate.proto\";
import \"google/api/field_behavior.proto\";
import \"google/protobuf/timestamp.proto\";
import \"google/type/money.proto\";

// What is paid back.
message Refund {
  string name = 1 [(google.api.field_behavior) = IDENTIFIER];
  string customer = 2 [(google.api.field_behavior) = IMMUTABLE];
  string reason = 3 [(buf.validate.field).string.max_len = 200];
  uint32 parcels = 4;
  google.type.Money amount = 5;
  repeated string skus = 6;
  optional bool express = 7;
  enum Speed { SPEED_UNSPECIFIED = 0; SPEED_HIGH = 1; }
  Speed speed = 8;
  string state = 9 [(google.api.field_behavior) = OUTPUT_ONLY];
  google.protobuf.Timestamp create_time = 10 [(google.api.field_behavior) = OUTPUT_ONLY];
  google.protobuf.Timestamp update_time = 11 [(google.api.field_behavior) = OUTPUT_ONLY];
  string etag = 12;
}
";

const PROTO2: &str = "syntax = \"proto2\";
package acme.refund.v1;
import \"google/protobuf/timestamp.proto\";
message Refund {
  optional string name = 1;
  required uint32 parcels = 2;
  optional google.protobuf.Timestamp create_time = 3;
  optional google.protobuf.Timestamp update_time = 4;
  optional string etag = 5;
}
";

const REFUND_PROTO: &str = "proto/acme/refund/v1/refund.proto";

fn write(folder: &TempDir, path: &str, text: &str) -> PathBuf {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn add_of(
    folder: &TempDir,
    name: &str,
    of: &str,
    files: &[PathBuf],
) -> Result<Vec<String>, String> {
    let project = Project::new(folder.path());
    add_resource_of(&project, name, of, files, &[]).map_err(|error| error.to_string())
}

#[test]
fn a_message_becomes_a_resource_and_is_left_as_it_is() {
    let service = service();
    let read = |path: &str| fs::read_to_string(service.path().join(path)).unwrap();
    write(&service, REFUND_PROTO, REFUND);
    let written = add_of(&service, "refund", "acme.refund.v1.Refund", &[]).unwrap();
    assert_eq!(read(REFUND_PROTO), REFUND);
    for path in written.iter().filter(|path| path.contains("refund")) {
        let text = read(path);
        assert!(
            !text.contains("@@") && !text.contains('%'),
            "{path}: {text}"
        );
    }
    let declared = read("proto/acme/refund/v1/refund_service.proto");
    for line in [
        "package acme.refund.v1;",
        "import \"acme/refund/v1/refund.proto\";",
        "  rpc CreateRefund(CreateRefundRequest) returns (Refund) {",
        "  rpc WatchRefunds(WatchRefundsRequest) returns (stream WatchRefundsResponse) {",
    ] {
        assert!(declared.lines().any(|it| it == line), "{line}: {declared}");
    }
    assert!(!declared.contains("message Refund {"), "{declared}");
    // As it is, encoded, or not at all.
    let model = read("src/refund/model.rs");
    for field in [
        "customer: String",
        "parcels: u32",
        "amount: String",
        "express: String",
    ] {
        assert!(model.contains(&format!("pub {field},")), "{field}: {model}");
    }
    assert!(!model.contains("pub state"), "{model}");
    let adapter = read("src/refund/grpc.rs");
    let kept = "        amount: unkept(&content.amount).amount,";
    assert!(adapter.lines().any(|it| it == kept), "{adapter}");
    assert!(read("proto/offered.conf").contains("acme.refund.v1.RefundService"));
    // The values that tests use are right by its rules.
    assert!(!read("tests/api/refund.rs").contains("#[ignore"));
    let again = add_of(&service, "refund", "acme.refund.v1.Refund", &[]).unwrap_err();
    assert!(again.contains("is there already"), "{again}");
}

#[test]
fn a_message_of_a_file_elsewhere_is_taken_in_and_rules_leave_gaps_in_the_tests() {
    let service = service();
    let elsewhere = tempfile::tempdir().unwrap();
    let ruled = REFUND.replace(
        "string.max_len = 200",
        "cel = {id: \"a\", expression: \"this != 'x'\"}",
    );
    let file = write(&elsewhere, "acme/refund/v1/refund.proto", &ruled);
    add_of(&service, "refund", "acme.refund.v1.Refund", &[file]).unwrap();
    let read = |path: &str| fs::read_to_string(service.path().join(path)).unwrap();
    assert_eq!(read(REFUND_PROTO), ruled);
    let tests = read("tests/api/refund.rs");
    assert_eq!(tests.matches("#[ignore").count(), 3, "{tests}");
    assert!(tests.contains("still to be written"), "{tests}");
}

#[test]
fn tests_have_values_that_the_rules_allow() {
    let service = service();
    let ruled = REFUND
        .replace("string.max_len = 200", "string.pattern = \"^[A-Z]{3}$\"")
        .replace(
            "uint32 parcels = 4;",
            "uint32 parcels = 4 [(buf.validate.field).uint32 = {gte: 1000000}];",
        )
        .replace(
            "amount = 5;",
            "amount = 5 [(buf.validate.field).cel = {id: \"a\", expression: \"this.units > 0\"}];",
        )
        .replace(
            "skus = 6;",
            "skus = 6 [(buf.validate.field).repeated = {min_items: 2, items: {string: {in: [\"x\"]}}}];",
        );
    write(&service, REFUND_PROTO, &ruled);
    add_of(&service, "refund", "acme.refund.v1.Refund", &[]).unwrap();
    let path = service.path().join("tests/api/refund.rs");
    let tests = fs::read_to_string(path).unwrap();
    assert!(!tests.contains("#[ignore"), "{tests}");
    for line in [
        "reason: \"AAA\".to_owned(),",
        "reason: \"BBB\".to_owned(),",
        "parcels: 1_000_000,",
        "skus: vec![\"x\".to_owned(), \"x\".to_owned()],",
    ] {
        assert!(tests.contains(line), "{line}: {tests}");
    }
    // What may be left out is.
    assert!(!tests.contains("amount:"), "{tests}");
}

/// `text` with a `google.api.resource` of that pattern.
fn with_pattern(text: &str, pattern: &str) -> String {
    text.replace("import \"google/type", "import \"google/api/resource.proto\";\nimport \"google/type")
        .replace("\n\n// What", "\n// What")
        .replace(
            "message Refund {",
            &format!(
                "message Refund {{ option (google.api.resource) = {{type: \"a/R\" pattern: \"{pattern}\"}};"
            ),
        )
}

#[test]
fn a_message_says_what_many_of_it_are_called() {
    let service = service();
    let text = with_pattern(REFUND, "payBacks/{refund}");
    write(&service, REFUND_PROTO, &text);
    add_of(&service, "refund", "acme.refund.v1.Refund", &[]).unwrap();
    let read = |path: &str| fs::read_to_string(service.path().join(path)).unwrap();
    let declared = read("proto/acme/refund/v1/refund_service.proto");
    assert!(declared.contains("rpc ListPayBacks("), "{declared}");
    let model = read("src/refund/model.rs");
    let begins = "const COLLECTION: &str = \"payBacks\";";
    assert!(model.contains(begins), "{model}");
}

#[test]
fn presence_maps_and_packages_of_keywords_are_as_rust_has_them() {
    let service = service();
    let text = "edition = \"2023\";
package acme.type.v1;
import \"google/protobuf/timestamp.proto\";
message Parcel {
  string name = 1;
  string label = 2;
  int32 weight = 3 [features.field_presence = IMPLICIT];
  map<string, int64> counts = 4;
  google.protobuf.Timestamp create_time = 5;
  google.protobuf.Timestamp update_time = 6;
  string etag = 7;
}
";
    write(&service, "proto/acme/type/v1/parcel.proto", text);
    add_of(&service, "parcel", "acme.type.v1.Parcel", &[]).unwrap();
    let read = |path: &str| fs::read_to_string(service.path().join(path)).unwrap();
    let adapter = read("src/parcel/grpc.rs");
    for line in [
        "use crate::proto::acme::r#type::v1 as pb;",
        "        weight: message.weight,",
        "        counts: packed::map(message.counts, |entry| {",
        "        name: Some(it.id.to_string()),",
        "    let expected = violations.etag(\"parcel.etag\", message.etag());",
    ] {
        assert!(adapter.lines().any(|it| it == line), "{line}: {adapter}");
    }
    let tests = read("tests/api/parcel.rs");
    let known = "        label: Some(\"one\".to_owned()),";
    assert!(tests.lines().any(|it| it == known), "{tests}");
    assert!(!tests.contains("#[ignore"), "{tests}");
}

/// Each is refused with these words, and nothing is written.
fn refused(cases: &[(&str, &str, String, &str)]) {
    for (name, of, text, said) in cases {
        let service = service();
        write(&service, REFUND_PROTO, text);
        let refusal = add_of(&service, name, of, &[]).unwrap_err();
        assert!(refusal.contains(said), "{said}: {refusal}");
        for path in [
            "src/refund",
            "src/payment",
            "proto/acme/refund/v1/refund_service.proto",
        ] {
            assert!(!service.path().join(path).exists(), "{said}");
        }
    }
}

#[test]
fn a_message_that_cannot_be_one_is_refused_where_it_stands() {
    let of = "acme.refund.v1.Refund";
    let patterned = |pattern: &str| with_pattern(REFUND, pattern);
    refused(&[
        (
            "refund",
            "acme.refund.v1.Refunt",
            REFUND.to_owned(),
            "no .proto declares a message acme.refund.v1.Refunt",
        ),
        (
            "refund",
            "v1.Refund",
            REFUND.to_owned(),
            "there is acme.refund.v1.Refund",
        ),
        (
            "payment",
            of,
            REFUND.to_owned(),
            "refund.proto:11:1: acme.refund.v1.Refund: is no Payment: call the resource as the message is called, refund",
        ),
        (
            "refund",
            of,
            REFUND.replace("  string etag = 12;\n", ""),
            "refund.proto:11:1: acme.refund.v1.Refund: a resource has fields that this one lacks, or has otherwise (AIP-148, AIP-154); declare string etag",
        ),
        (
            "refund",
            of,
            patterned("accounts/{account}/refunds/{refund}"),
            "refund.proto:11:1: acme.refund.v1.Refund: its names are accounts/{account}/refunds/{refund}",
        ),
        (
            "refund",
            of,
            patterned("refund/{refund}"),
            "could not be told from",
        ),
        (
            "refund",
            of,
            patterned("pay-backs/{refund}"),
            "no plural noun in camelCase",
        ),
        (
            "http_route",
            "acme.refund.v1.HTTPRoute",
            REFUND.replace("Refund", "HTTPRoute"),
            "and Rust calls it HttpRoute; call it so",
        ),
        (
            "refund",
            of,
            format!("{REFUND}message GetRefundRequest {{}}\n"),
            "acme.refund.v1.GetRefundRequest: is declared already",
        ),
    ]);
}

#[test]
fn a_field_that_cannot_be_kept_is_refused_where_it_stands() {
    let of = "acme.refund.v1.Refund";
    let with = |line: &str| REFUND.replace("  uint32 parcels = 4;", line);
    refused(&[
        (
            "refund",
            of,
            with("  message Bag { map<string, string> all = 1; }\n  repeated Bag bags = 4;"),
            "refund.proto:16:3: acme.refund.v1.Refund.bags: holds the map acme.refund.v1.Refund.Bag.all",
        ),
        (
            "refund",
            of,
            with("  map<string, Refund> all = 4;"),
            "refund.proto:15:3: acme.refund.v1.Refund.all: holds the map acme.refund.v1.Refund.all",
        ),
        (
            "refund",
            of,
            with("  string secret = 4 [(google.api.field_behavior) = INPUT_ONLY];"),
            "Refund.secret: is INPUT_ONLY",
        ),
        (
            "refund",
            of,
            with("  optional string to = 4 [(google.api.field_behavior) = IMMUTABLE];"),
            "Refund.to: only a string can be IMMUTABLE, and one that is always there",
        ),
        (
            "refund",
            of,
            with("  string owner = 4;"),
            "Refund.owner: so is a column called",
        ),
        (
            "refund",
            of,
            PROTO2.to_owned(),
            "refund.proto:6:3: acme.refund.v1.Refund.parcels: is required",
        ),
        (
            "refund",
            of,
            with("  oneof to { string card = 4; }"),
            "Refund.card: is in a oneof",
        ),
        ("refund", of, with("  string type = 4;"), "a keyword"),
        (
            "refund",
            of,
            with("  int32 parcels = 4 [(google.api.field_behavior) = IMMUTABLE];"),
            "only a string can be IMMUTABLE",
        ),
        (
            "refund",
            of,
            with("  string parcelCount = 4;"),
            "not in snake_case",
        ),
        (
            "refund",
            of,
            with("  Missing parcels = 4;"),
            "refund.proto:15:3: name 'Missing' is not defined",
        ),
    ]);
}
