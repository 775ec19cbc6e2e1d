//! Sizes and encodings of messages, whatever a service sets for itself.

use bytes::Bytes;
use http::uri::PathAndQuery;
use tokio_stream::StreamExt;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::support::{GATHER, GET, Running, Things, WATCH, call, open, reason, start};

fn text(bytes: usize) -> Request<String> {
    Request::new("x".repeat(bytes))
}

async fn gather(server: &Running, messages: Vec<String>) -> Result<Response<String>, Status> {
    let mut grpc = tonic::client::Grpc::new(server.channel());
    grpc.ready().await.unwrap();
    grpc.client_streaming(
        Request::new(tokio_stream::iter(messages)),
        PathAndQuery::from_static(GATHER),
        ProstCodec::<String, String>::default(),
    )
    .await
}

#[track_caller]
fn too_large(status: &Status) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert_eq!(reason(status), "MESSAGE_TOO_LARGE");
}

#[tokio::test]
async fn requests_keep_to_the_limit_of_the_settings() {
    let server = start(&["--max-request-bytes=1KiB"], Things::echo()).await;
    let channel = server.channel();
    let taken = call(&channel, GET, text(1000)).await.unwrap();
    assert_eq!(taken.into_inner().len(), 1000);
    too_large(&call(&channel, GET, text(1100)).await.unwrap_err());
}

#[tokio::test]
async fn later_messages_of_a_stream_keep_to_it_too() {
    let server = start(&["--max-request-bytes=1KiB"], Things::echo()).await;
    let (small, large) = ("x".repeat(1000), "x".repeat(1100));
    let taken = gather(&server, vec![small.clone(); 20]).await.unwrap();
    assert_eq!(taken.into_inner(), "20");
    let refused = gather(&server, vec![small.clone(), small, large]).await;
    too_large(&refused.unwrap_err());
}

#[tokio::test]
async fn a_long_stream_of_small_messages_takes_no_more_room_than_one() {
    let limits = ["--max-request-bytes=16KiB", "--max-receiving-bytes=256KiB"];
    let server = start(&limits, Things::echo()).await;
    let many = vec!["x".repeat(8 << 10); 100];
    let taken = gather(&server, many).await.unwrap();
    assert_eq!(taken.into_inner(), "100");
}

#[tokio::test]
async fn answers_keep_to_the_limit_of_the_settings() {
    let things = Things::echo()
        .stream(|_| tokio_stream::iter([1000, 1100].map(|size| Ok("x".repeat(size)))));
    let server = start(&["--max-response-bytes=1KiB"], things).await;
    let channel = server.channel();
    call(&channel, GET, text(1000)).await.unwrap();
    too_large(&call(&channel, GET, text(1100)).await.unwrap_err());
    let answers = open(&channel, WATCH, text(1)).await.unwrap();
    let answers: Vec<_> = answers.collect().await;
    too_large(answers.last().unwrap().as_ref().unwrap_err());
}

/// Sends `body` as it is.
async fn raw(server: &Running, body: &[u8], encoding: Option<&str>) -> Status {
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let mut request = http::Request::post(format!("http://localhost{GET}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(encoding) = encoding {
        request = request.header("grpc-encoding", encoding);
    }
    let request = request.body(()).unwrap();
    let (response, mut sending) = client.send_request(request, false).unwrap();
    // The call may have been refused by now.
    let _ = sending.send_data(Bytes::copy_from_slice(body), true);
    let (head, mut body) = response.await.unwrap().into_parts();
    if let Some(status) = Status::from_header_map(&head.headers) {
        return status;
    }
    while let Some(data) = body.data().await {
        let _ = body.flow_control().release_capacity(data.unwrap().len());
    }
    Status::from_header_map(&body.trailers().await.unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn what_is_marked_as_compressed_names_how() {
    let server = start(&[], Things::echo()).await;
    let marked = b"\x01\0\0\0\x03\x0a\x01x";
    for encoding in [None, Some("identity")] {
        let status = raw(&server, marked, encoding).await;
        assert_eq!(status.code(), Code::Internal, "{status:?}");
        assert_eq!(reason(&status), "MALFORMED_MESSAGE");
        assert!(status.message().contains("Compressed-Flag"), "{status:?}");
    }
    let status = raw(&server, b"\x02\0\0\0\x03\x0a\x01x", None).await;
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(reason(&status), "MALFORMED_MESSAGE");
    let status = raw(&server, b"\0\0\0\0\x03\x0a\x01x", Some("identity")).await;
    assert_eq!(status.code(), Code::Ok, "{status:?}");
}

#[tokio::test]
async fn an_encoding_that_is_not_accepted_is_refused_with_those_that_are() {
    let server = start(&[], Things::echo()).await;
    let status = raw(&server, b"\x01\0\0\0\x01x", Some("gzip")).await;
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    assert_eq!(reason(&status), "UNKNOWN_ENCODING");
    let accepted = status.metadata().get("grpc-accept-encoding").unwrap();
    assert_eq!(accepted, "identity");
}

#[cfg(feature = "gzip")]
mod gzip {
    use tonic::codec::CompressionEncoding::Gzip;

    use http::uri::PathAndQuery;
    use tonic::{Code, Response, Status};
    use tonic_prost::ProstCodec;

    use super::{raw, text, too_large};
    use crate::support::{GET, Running, Things, call, reason, start};

    const BOTH_WAYS: [&str; 2] = ["--accept-compression=gzip", "--send-compression=gzip"];

    async fn compressed(server: &Running, bytes: usize) -> Result<Response<String>, Status> {
        let mut grpc = tonic::client::Grpc::new(server.channel())
            .send_compressed(Gzip)
            .accept_compressed(Gzip);
        grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static(GET);
        let codec = ProstCodec::<String, String>::default();
        grpc.unary(text(bytes), path, codec).await
    }

    #[tokio::test]
    async fn messages_go_both_ways() {
        let server = start(&BOTH_WAYS, Things::echo()).await;
        for size in [0, 10, 100_000, 4_000_000] {
            let answer = compressed(&server, size).await.unwrap();
            assert_eq!(answer.metadata().get("grpc-encoding").unwrap(), "gzip");
            assert_eq!(answer.into_inner(), "x".repeat(size));
        }
        // Who does not ask for it gets none.
        let plain = call(&server.channel(), GET, text(100_000)).await.unwrap();
        assert!(!plain.metadata().contains_key("grpc-encoding"));
    }

    #[tokio::test]
    async fn answers_stay_as_they_are_unless_the_settings_say_so() {
        let server = start(&["--accept-compression=gzip"], Things::echo()).await;
        let answer = compressed(&server, 100_000).await.unwrap();
        assert!(!answer.metadata().contains_key("grpc-encoding"));
    }

    #[tokio::test]
    async fn what_inflates_to_too_much_is_refused() {
        let args = [BOTH_WAYS[0], "--max-request-bytes=64KiB"];
        let server = start(&args, Things::echo()).await;
        compressed(&server, 64_000).await.unwrap();
        too_large(&compressed(&server, 10_000_000).await.unwrap_err());
    }

    #[tokio::test]
    async fn what_is_inflated_takes_room() {
        // One message of the largest size fits, once received and once decoded.
        let bounds = ["--max-request-bytes=1MiB", "--max-receiving-bytes=2MiB"];
        let args = [BOTH_WAYS[0], bounds[0], bounds[1]];
        let (entered, mut inside) = tokio::sync::mpsc::channel(8);
        let things = Things::unary(move |_| {
            let entered = entered.clone();
            async move {
                let _ = entered.send(()).await;
                std::future::pending().await
            }
        });
        let server = std::sync::Arc::new(start(&args, things).await);
        let first = std::sync::Arc::clone(&server);
        tokio::spawn(async move { compressed(&first, 1_000_000).await });
        // Decoded, and kept by the service.
        inside.recv().await.unwrap();
        let status = compressed(&server, 1_000_000).await.unwrap_err();
        assert_eq!(reason(&status), "TOO_MANY_BYTES", "{status:?}");
    }

    #[tokio::test]
    async fn what_is_no_gzip_is_refused() {
        let server = start(&BOTH_WAYS, Things::echo()).await;
        for body in [
            &b"\x01\0\0\0\x03abc"[..],
            b"\x01\0\0\0\0",
            b"\x01\0\0\0\x0a\x1f\x8b\x08\0\0\0\0\0\0\xff",
        ] {
            let status = raw(&server, body, Some("gzip")).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
            assert_eq!(reason(&status), "MALFORMED_MESSAGE");
        }
    }
}
