//! The `OpenAPI` 3.1 document of what REST offers, from the same descriptors.

mod comments;
mod paths;
mod rules;
mod schema;

use chassis::admin::BuildInfo;
use serde_json::{Map, Value, json};

use crate::rpcs::Rpcs;
use comments::Comments;
use schema::Schemas;

/// Where an error is described.
const ERROR: &str = "Error";

/// The document; `tokens`: whether calls must show one.
pub(crate) fn document(rpcs: &Rpcs, build: &BuildInfo, tokens: bool) -> Value {
    let comments = Comments::new(&rpcs.pool);
    let mut schemas = Schemas::new(&comments);
    let mut paths: Map<String, Value> = Map::new();
    let mut tags: Map<String, Value> = Map::new();
    for rule in &rpcs.rules {
        let (path, operation) = paths::operation(rule, &comments, &mut schemas);
        let service = rule.rpc.descriptor.parent_service();
        tags.insert(
            service.name().to_owned(),
            comments.of(&service.parent_file(), service.path()).into(),
        );
        let item = paths
            .entry(path)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(item) = item.as_object_mut() {
            let method = rule.method.as_str().to_ascii_lowercase();
            item.insert(method, operation);
        }
    }
    let tags: Vec<_> = tags
        .into_iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect();
    let mut all = schemas.finish();
    all.insert(ERROR.to_owned(), error());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": build.name, "version": build.version},
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": all,
            "responses": {ERROR: {
                "description": "What went wrong, and what can be done about it (AIP-193).",
                "content": {"application/json": {
                    "schema": {"$ref": format!("#/components/schemas/{ERROR}")}
                }},
            }},
        },
    });
    if tokens {
        document["components"]["securitySchemes"] =
            json!({"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}});
        document["security"] = json!([{"token": []}]);
    }
    document
}

/// A `google.rpc.Status`.
fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["code", "status", "message"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "status": {
                    "type": "string",
                    "description": "The code of gRPC (google.rpc.Code), such as NOT_FOUND.",
                },
                "message": {"type": "string", "description": "For a developer, in English."},
                "details": {
                    "type": "array",
                    "description": "Messages of google.rpc: ErrorInfo has a reason to match on, \
                        BadRequest every offending field, RetryInfo when to come back.",
                    "items": {
                        "type": "object",
                        "required": ["@type"],
                        "properties": {"@type": {"type": "string"}},
                        "additionalProperties": true,
                    },
                },
            },
        }},
    })
}
