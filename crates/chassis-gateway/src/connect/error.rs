//! Errors as Connect says them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chassis::status::wire;
use serde_json::{Map, Value, json};
use tonic::{Code, Status};

use crate::fault::{Details, details};

/// `{"code": "not_found", "message": …, "details": […]}`.
pub(super) fn json(status: &Status, known: &Details) -> Value {
    let mut out = Map::new();
    // One l, as the specification has it.
    let code = match status.code() {
        Code::Cancelled => "canceled".to_owned(),
        code => wire::name(code).to_ascii_lowercase(),
    };
    out.insert("code".to_owned(), code.into());
    if !status.message().is_empty() {
        out.insert("message".to_owned(), status.message().into());
    }
    let details: Vec<_> = details(status)
        .into_iter()
        .map(|(name, bytes)| {
            let debug = known.value(&name, &bytes);
            let mut detail = json!({"type": name, "value": STANDARD_NO_PAD.encode(&bytes)});
            if let (Some(debug), Some(fields)) = (debug, detail.as_object_mut()) {
                fields.insert("debug".to_owned(), debug);
            }
            detail
        })
        .collect();
    if !details.is_empty() {
        out.insert("details".to_owned(), details.into());
    }
    out.into()
}
