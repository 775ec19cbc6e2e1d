//! Names of attributes, in one place: the RPC conventions are at release
//! candidate, and some names are still to change.

use opentelemetry::KeyValue;

use crate::tls::Security;

pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.40.0";

pub(crate) const SYSTEM: &str = "rpc.system.name";
pub(crate) const METHOD: &str = "rpc.method";
pub(crate) const METHOD_ORIGINAL: &str = "rpc.method_original";
pub(crate) const STATUS_CODE: &str = "rpc.response.status_code";
pub(crate) const ERROR_TYPE: &str = "error.type";
pub(crate) const CLIENT_ADDRESS: &str = "client.address";
pub(crate) const CLIENT_PORT: &str = "client.port";
pub(crate) const SERVER_ADDRESS: &str = "server.address";
pub(crate) const SERVER_PORT: &str = "server.port";
pub(crate) const USER_AGENT: &str = "user_agent.original";

/// Not of the conventions: who calls, by the mesh's or the certificate's word.
pub(crate) const CALLER: &str = "rpc.caller";
/// Not of the conventions: what protects the connection.
pub(crate) const SECURITY: &str = "rpc.connection.security";
/// Not of the conventions: what the contract says of repeating the call.
pub(crate) const IDEMPOTENCY: &str = "rpc.idempotency";
/// Not of the conventions: `x-request-id`.
pub(crate) const REQUEST_ID: &str = "rpc.request_id";
/// Not of the conventions: what the caller allows the call, in seconds.
pub(crate) const TIMEOUT: &str = "rpc.timeout";
/// Not of the conventions: attempts before this one.
pub(crate) const PREVIOUS_ATTEMPTS: &str = "rpc.previous_attempts";

/// Attributes that this crate sets, to what it knows to be no secret.
pub(crate) const HARMLESS: [&str; 12] = [
    SYSTEM,
    METHOD,
    STATUS_CODE,
    ERROR_TYPE,
    CLIENT_ADDRESS,
    CLIENT_PORT,
    SERVER_ADDRESS,
    SERVER_PORT,
    CALLER,
    IDEMPOTENCY,
    REQUEST_ID,
    PREVIOUS_ATTEMPTS,
];

/// The method of calls to what this process does not know.
pub(crate) const OTHER: &str = "_OTHER";

/// `None` where nothing does.
pub(crate) fn security(security: Security) -> Option<&'static str> {
    match security {
        Security::None => None,
        Security::Tls => Some("tls"),
        Security::MutualTls => Some("mutual_tls"),
    }
}

pub(crate) fn system() -> KeyValue {
    KeyValue::new(SYSTEM, "grpc")
}
