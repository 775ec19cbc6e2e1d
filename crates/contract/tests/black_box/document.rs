//! The reference of an API, for those who call it.

use std::fs;
use std::process::Command;

const PROTO: &str = r#"syntax = "proto3";
package demo.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "mesh/v1/policy.proto";
// Sells things.
service Shop {
  // Sells one. Returns NOT_FOUND if there is none | or no more.
  rpc Sell(SellRequest) returns (Thing) {
    option (google.api.http) = { post: "/v1/things:sell" body: "*" };
    option (mesh.v1.method) = { timeout: { seconds: 4 } allowed_callers: ["clerk"] };
  }
  rpc Watch(SellRequest) returns (stream Thing);
}
message SellRequest {
  // Which.
  string name = 1 [(buf.validate.field).string.max_len = 64];
}
message Thing { map<string, int32> parts = 1; repeated Kind kinds = 2; }
enum Kind { KIND_UNSPECIFIED = 0; KIND_NEW = 1; }
message Hidden {}
service Upstream { rpc Other(Hidden) returns (Hidden); }
"#;

fn reference(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let proto = folder.path().join("proto");
    fs::create_dir(&proto).expect("a folder");
    fs::write(proto.join("offered.conf"), "demo.v1.Shop\n").expect("written");
    fs::write(proto.join("shop.proto"), PROTO).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_contract"))
        .args(["reference", "--root"])
        .arg(folder.path())
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn each_rpc_is_there_with_its_policy_rules_and_errors() {
    let page = reference(&[]);
    for part in [
        "## demo.v1.Shop\n\nSells things.\n",
        "### Sell\n\n```proto\nrpc Sell(demo.v1.SellRequest) returns (demo.v1.Thing)\n```\n",
        "Returns NOT_FOUND if there is none | or no more.\n",
        "| Safe to repeat | no |",
        "| Timeout | 4 s |",
        "| Callers | clerk |",
        "| REST | `POST /v1/things:sell` |",
        "| Errors | `NOT_FOUND`: as said above; `INVALID_ARGUMENT`: a rule of the request is broken; \
         `PERMISSION_DENIED`: the caller has none of these roles; `DEADLINE_EXCEEDED`: it took \
         longer than it may |",
        "rpc Watch(demo.v1.SellRequest) returns (stream demo.v1.Thing)",
        "| `name` | `string` | `string.max_len: 64` | Which. |",
        "| `parts` | `map<string, int32>` |",
        "| `kinds` | `demo.v1.Kind`: KIND_UNSPECIFIED, KIND_NEW |",
    ] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
    assert!(
        !page.contains("Upstream") && !page.contains("Hidden"),
        "{page}"
    );
}

#[test]
fn a_page_of_html_needs_nothing_else() {
    let page = reference(&["--html"]);
    assert!(page.starts_with("<!doctype html>"), "{page}");
    for part in [
        "<h3 id=\"Sell\">Sell</h3>",
        "<td>Timeout</td><td>4 s</td>",
        "<code>map&lt;string, int32&gt;</code>",
    ] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
    assert!(!page.contains("src=") && !page.contains("href="), "{page}");
}
