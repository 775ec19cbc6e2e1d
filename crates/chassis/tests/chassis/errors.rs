//! Errors that every client accepts, whoever made them.

use std::collections::BTreeSet;

use chassis::status::soon;
use tonic::{Code, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::raw::{message, post, send};
use crate::support::{GET, Things, WATCH, start};

/// What Java's clients take, by default, of headers and of trailers.
const ACCEPTED: usize = 8192;

/// Three times what is accepted.
fn large() -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info("LARGE", "demo.v1", std::collections::HashMap::new());
    for number in 0..100 {
        let path = format!("a.path.that.is.rather.long.{number:03}.{}", "x".repeat(80));
        details.add_bad_request_violation(path, "cannot be updated: it is not there");
    }
    Status::with_error_details(Code::InvalidArgument, "wrong: ".repeat(300), details)
}

/// What HTTP/2 counts of the block (RFC 9113, 6.5.2).
fn weight(headers: &http::HeaderMap) -> usize {
    let status = ":status200".len() + 32;
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() + 32
    };
    headers.iter().map(field).sum::<usize>() + status
}

#[tokio::test]
async fn what_is_too_large_is_cut_in_headers_and_in_trailers() {
    let things = Things::unary(async |_| Err::<Response<String>, _>(large()));
    let things = things.stream(|_| tokio_stream::iter([Ok("first".to_owned()), Err(large())]));
    let server = start(&[], things).await;
    for path in [GET, WATCH] {
        let request = post(path).header("x-request-id", "i".repeat(128));
        let answer = send(server.address, request.body(()).unwrap(), &message("x")).await;
        let block = answer.trailers.as_ref().unwrap_or(&answer.headers);
        assert!(weight(block) <= ACCEPTED, "{path}: {}", weight(block));
        answer.says(Code::InvalidArgument, "LARGE");
        let status = answer.status();
        assert!(status.message().starts_with("wrong: wrong: "));
        let bad_request = status.get_details_bad_request().unwrap();
        let (last, kept) = bad_request.field_violations.split_last().unwrap();
        assert!(kept.len() > 10, "{}", kept.len());
        assert_eq!(last.description, format!("{} more", 100 - kept.len()));
    }
}

#[test]
fn the_documents_know_when_refused_calls_come_again() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/architecture.md");
    let text = std::fs::read_to_string(path).unwrap();
    let delays: BTreeSet<_> = (0..1000).map(|_| soon().as_millis()).collect();
    let (first, last) = (delays.first().unwrap(), delays.last().unwrap());
    let spread = format!("spread over {first} to {last} ms");
    assert!(text.contains(&spread), "{spread}");
}
