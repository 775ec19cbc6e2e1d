//! Whether a request is gRPC by its protocol's document (`PROTOCOL-HTTP2.md`),
//! judged whole and before anything runs: what is something else could be
//! executed all the same, and its caller would read the answer as a failure.

use chassis_grpc::status::{self, DOMAIN};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use tonic::body::Body;
use tonic::{Code, Status};

/// The codec of this server, under both of its names.
const CONTENT_TYPES: [&str; 2] = ["application/grpc", "application/grpc+proto"];

/// What is answered to a request that is none of gRPC.
pub(super) fn refusal<B>(request: &Request<B>) -> Option<Response<Body>> {
    if request.method() != Method::POST {
        let mut answer = refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "gRPC calls are sent with the method POST",
        );
        if request.method() == Method::HEAD {
            *answer.body_mut() = Body::empty();
        }
        let allow = HeaderValue::from_static("POST");
        answer.headers_mut().insert(header::ALLOW, allow);
        return Some(answer);
    }
    if !has_content_type(request) {
        return Some(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "this port speaks gRPC with Protobuf: send one content-type, application/grpc or \
             application/grpc+proto; gRPC-Web and JSON need a gateway",
        ));
    }
    let headers = request.headers();
    if headers.get(header::TE).map(HeaderValue::as_bytes) != Some(b"trailers") {
        return Some(refuse(
            StatusCode::BAD_REQUEST,
            "'te: trailers' is missing: a client or a proxy on the way may not take trailers, \
             which say how a call ended",
        ));
    }
    if !matches!(request.uri().scheme_str(), Some("http" | "https")) {
        return Some(refuse(
            StatusCode::BAD_REQUEST,
            "the scheme must be http or https",
        ));
    }
    for (name, value) in headers {
        if name.as_str().ends_with("-bin") && !is_binary(value.as_bytes()) {
            let said = format!("the value of '{name}' must be base64");
            let status = status::error(Code::InvalidArgument, DOMAIN, "MALFORMED_METADATA", &said);
            return Some(status.into_http());
        }
    }
    None
}

fn has_content_type<B>(request: &Request<B>) -> bool {
    let mut values = request.headers().get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value.as_bytes().split(|byte| *byte == b';').next();
    essence.is_some_and(|essence| {
        let essence = essence.trim_ascii();
        let mut known = CONTENT_TYPES.iter().map(|known| known.as_bytes());
        known.any(|known| essence.eq_ignore_ascii_case(known))
    })
}

/// Base64 with or without padding, possibly several values.
fn is_binary(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').all(|value| {
        let value = value.trim_ascii();
        let padding = value.iter().rev().take_while(|byte| **byte == b'=').count();
        let digits = &value[..value.len() - padding];
        let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let padded = padding == 0 || (padding <= 2 && value.len().is_multiple_of(4));
        padded && digits.len() % 4 != 1 && digits.iter().all(digit)
    })
}

/// For a person with a browser or curl, a probe that speaks HTTP, and a client
/// of gRPC: the code is what HTTP's status means to one that reads only that.
fn refuse(http: StatusCode, said: &str) -> Response<Body> {
    let code = match http {
        StatusCode::BAD_REQUEST => Code::Internal,
        _ => Code::Unknown,
    };
    let mut answer = Response::new(Body::new(format!("{said}\n")));
    *answer.status_mut() = http;
    let headers = answer.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    status::add(&status::error(code, DOMAIN, "NOT_GRPC", said), headers);
    answer
}

/// What a request gets that does not bring the one message that its rpc takes.
pub(super) fn not_one_message() -> Status {
    status::error(
        Code::Unimplemented,
        DOMAIN,
        "NOT_ONE_MESSAGE",
        "this rpc takes exactly one message",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_values_are_base64_padded_or_not() {
        for value in [
            "",
            "AA",
            "AA==",
            "AAA",
            "AAA=",
            "AAAA",
            "+/09",
            "AA,AAA=, AAAA",
        ] {
            assert!(is_binary(value.as_bytes()), "{value}");
        }
        for value in [
            "A", "AAAAA", "AA=", "A===", "=", "AA==A", "A A", "-_09", "AA,%",
        ] {
            assert!(!is_binary(value.as_bytes()), "{value}");
        }
    }
}
