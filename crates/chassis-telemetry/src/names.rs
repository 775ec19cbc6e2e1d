//! Names of attributes and metrics, in one place, with the version of the
//! conventions that they are of. Those marked as own are in no convention.

use chassis_core::peer::Security;
use opentelemetry::KeyValue;

/// The version of OpenTelemetry's semantic conventions that all below follow; it
/// is also the version of each scope that emits.
pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.45.0";

/// Target of the log lines about calls: `rpc=debug` is a line for every call.
pub const TARGET: &str = "rpc";

pub(crate) const SYSTEM: &str = "rpc.system.name";
pub(crate) const METHOD: &str = "rpc.method";
pub(crate) const METHOD_ORIGINAL: &str = "rpc.method_original";
pub(crate) const STATUS_CODE: &str = "rpc.status_code";
pub(crate) const ERROR_TYPE: &str = "error.type";
pub(crate) const PEER_ADDRESS: &str = "network.peer.address";
pub(crate) const PEER_PORT: &str = "network.peer.port";
pub(crate) const SERVER_ADDRESS: &str = "server.address";
pub(crate) const SERVER_PORT: &str = "server.port";
pub(crate) const USER_AGENT: &str = "user_agent.original";

/// Own: who calls, by the mesh's or the certificate's word.
pub(crate) const CALLER: &str = "rpc.caller";
/// Own: what protects the connection.
pub(crate) const SECURITY: &str = "rpc.connection.security";
/// Own: what the contract says of repeating the call.
pub(crate) const IDEMPOTENCY: &str = "rpc.idempotency";
/// Own: `x-request-id`.
pub(crate) const REQUEST_ID: &str = "rpc.request_id";
/// Own: what the caller allows the call, in seconds.
pub(crate) const TIMEOUT: &str = "rpc.timeout";
/// Own: attempts before this one.
pub(crate) const PREVIOUS_ATTEMPTS: &str = "rpc.previous_attempts";

/// Attributes that this crate sets, to what it knows to be no secret.
pub(crate) const HARMLESS: [&str; 12] = [
    SYSTEM,
    METHOD,
    STATUS_CODE,
    ERROR_TYPE,
    PEER_ADDRESS,
    PEER_PORT,
    SERVER_ADDRESS,
    SERVER_PORT,
    CALLER,
    IDEMPOTENCY,
    REQUEST_ID,
    PREVIOUS_ATTEMPTS,
];

/// Metrics of calls served.
pub(crate) mod server {
    pub(crate) const DURATION: &str = "rpc.server.call.duration";
    /// Own.
    pub(crate) const ACTIVE: &str = "rpc.server.active_requests";
    /// Own. The conventions had `rpc.server.request.size` and gave it up: nobody
    /// agreed whether it is of a message or of a call, compressed or not.
    pub(crate) const REQUEST_MESSAGE: &str = "rpc.server.request.message.size";
    /// Own.
    pub(crate) const RESPONSE_MESSAGE: &str = "rpc.server.response.message.size";
}

/// Metrics of calls made.
pub(crate) mod client {
    pub(crate) const DURATION: &str = "rpc.client.call.duration";
    /// Own.
    pub(crate) const ACTIVE: &str = "rpc.client.active_requests";
    /// Own.
    pub(crate) const REQUEST_MESSAGE: &str = "rpc.client.request.message.size";
    /// Own.
    pub(crate) const RESPONSE_MESSAGE: &str = "rpc.client.response.message.size";
}

/// The value of [`SYSTEM`], and the name of spans of methods that are not known.
pub(crate) const GRPC: &str = "grpc";

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
    KeyValue::new(SYSTEM, GRPC)
}
