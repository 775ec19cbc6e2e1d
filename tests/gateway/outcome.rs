//! What a call came to, the same for every protocol.

use prost::Message as _;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use crate::process::POOL;

/// The answers, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) answers: Vec<Value>,
    /// `OK`, `NOT_FOUND`, …
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) details: Vec<Value>,
}

impl Outcome {
    pub(crate) fn ok(answers: Vec<Value>) -> Self {
        Self {
            answers,
            code: "OK".to_owned(),
            message: String::new(),
            details: Vec::new(),
        }
    }

    pub(crate) fn of_status(status: &Status) -> Self {
        let details = tonic_types::pb::Status::decode(status.details())
            .unwrap()
            .details;
        let details = details.iter().map(|any| {
            let name = any.type_url.rsplit('/').next().unwrap();
            detail(name, &any.value)
        });
        Self {
            answers: Vec::new(),
            code: chassis::status::wire::name(status.code()).to_owned(),
            message: status.message().to_owned(),
            details: details.collect(),
        }
    }

    /// `{"code": "not_found", …}`
    pub(crate) fn of_connect(error: &Value) -> Self {
        use base64::Engine as _;
        let details = error["details"].as_array().cloned().unwrap_or_default();
        let details = details.iter().map(|it| {
            let value = it["value"].as_str().unwrap();
            let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
                .decode(value)
                .unwrap();
            let whole = detail(it["type"].as_str().unwrap(), &bytes);
            assert_eq!(
                with_type(it["debug"].clone(), it["type"].as_str().unwrap()),
                whole
            );
            whole
        });
        Self {
            answers: Vec::new(),
            code: error["code"].as_str().unwrap().to_ascii_uppercase(),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
            details: details.collect(),
        }
    }

    /// `{"error": {"status": "NOT_FOUND", …}}`
    pub(crate) fn of_rest(body: &Value) -> Self {
        let error = &body["error"];
        Self {
            answers: Vec::new(),
            code: error["status"].as_str().unwrap().to_owned(),
            message: error["message"].as_str().unwrap().to_owned(),
            details: error["details"].as_array().cloned().unwrap_or_default(),
        }
    }
}

/// A message of the sample in JSON.
pub(crate) fn json_of(name: &str, bytes: &[u8]) -> Value {
    let message = POOL.get_message_by_name(name).unwrap();
    let message = DynamicMessage::decode(message, bytes).unwrap();
    serde_json::to_value(&message).unwrap()
}

/// And back.
pub(crate) fn bytes_of(name: &str, value: &Value) -> Vec<u8> {
    let message = POOL.get_message_by_name(name).unwrap();
    DynamicMessage::deserialize(message, value)
        .unwrap()
        .encode_to_vec()
}

fn detail(name: &str, bytes: &[u8]) -> Value {
    with_type(json_of(name, bytes), name)
}

fn with_type(mut value: Value, name: &str) -> Value {
    value["@type"] = json!(format!("type.googleapis.com/{name}"));
    value
}

/// The reason of an error of REST.
pub(crate) fn reason(body: &Value) -> String {
    let details = body["error"]["details"].as_array().unwrap();
    let info = |it: &&Value| it["@type"] == "type.googleapis.com/google.rpc.ErrorInfo";
    let found = details.iter().find(info).unwrap();
    found["reason"].as_str().unwrap().to_owned()
}
