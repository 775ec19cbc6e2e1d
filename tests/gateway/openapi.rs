//! The document says what REST offers.

use http::Method;
use serde_json::Value;

use crate::process::{GATEWAY, Running};
use crate::protocols::{http, json};

#[tokio::test]
async fn it_is_served() {
    let running = Running::start();
    let served = http(Method::GET, &running.url("/openapi.json"), &[], "").await;
    assert_eq!(json(&served), GATEWAY.openapi().unwrap());
}

#[test]
fn it_says_what_the_proto_says() {
    let document = GATEWAY.openapi().unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let wanted = [
        "/v1/orders",
        "/v1/orders/{order}",
        "/v1/orders/{order}:cancel",
        "/v1/orders:watch",
    ];
    assert_eq!(paths, wanted);
    let create = &document["paths"]["/v1/orders"]["post"];
    assert_eq!(create["operationId"], "OrderService_CreateOrder");
    assert_eq!(
        create["summary"],
        "Creates one order, the caller's, and reserves its stock."
    );
    let order = &document["components"]["schemas"]["acme.order.v1.Order"];
    let required: Vec<_> = order["required"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(required, ["customer", "items"]);
    assert_eq!(order["properties"]["total"]["readOnly"], true);
    assert_eq!(order["properties"]["createTime"]["format"], "date-time");
    assert_eq!(order["properties"]["state"]["enum"][1], "STATE_OPEN");
    let money = &document["components"]["schemas"]["google.type.Money"]["properties"];
    assert_eq!(money["units"]["format"], "int64");
}

#[test]
fn it_is_valid() {
    let validator = "openapi-spec-validator";
    let known = std::process::Command::new(validator)
        .arg("--version")
        .output();
    if !known.is_ok_and(|known| known.status.success()) {
        crate::skip::skip(
            "the OpenAPI document",
            "openapi-spec-validator is not on the PATH",
        )
        .unwrap();
        return;
    }
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("openapi.json");
    let mut document = GATEWAY.openapi().unwrap();
    let valid = |document: &Value| {
        std::fs::write(&file, document.to_string()).unwrap();
        let said = std::process::Command::new(validator)
            .arg(&file)
            .output()
            .unwrap();
        (
            said.status.success(),
            String::from_utf8_lossy(&said.stdout).into_owned(),
        )
    };
    let (is_valid, said) = valid(&document);
    assert!(is_valid, "{said}");
    document["paths"]["/v1/orders"]["get"]["responses"] = serde_json::json!("none");
    assert!(!valid(&document).0, "the validator takes anything");
}
