//{% capture source %}§{% raw %}
//! What no well-meaning client sends.

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use service::proto::acme::order::v1 as pb;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::helpers::{Server, create, create_request, item, money, refused, wrong_fields};

const RPCS: [&str; 6] = [
    "CreateOrder",
    "GetOrder",
    "ListOrders",
    "UpdateOrder",
    "CancelOrder",
    "WatchOrders",
];

/// Sends bytes as they are.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

async fn call(channel: &Channel, service: &str, rpc: &str, message: Bytes) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::try_from(format!("/{service}/{rpc}")).unwrap();
    let stream = grpc.server_streaming(Request::new(message), path, Raw);
    stream.await?.into_inner().message().await?;
    Ok(())
}

#[tokio::test]
async fn arbitrary_bytes_get_a_status_that_blames_the_caller() {
    let server = Server::start();
    let channel = server.channel().await;
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let cases = (0..RPCS.len(), bytes);
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        TestRunner::new(Config::with_cases(600)).run(&cases, |(rpc, bytes)| {
            let rpc = RPCS[rpc];
            let service = "acme.order.v1.OrderService";
            let answer = handle.block_on(call(&channel, service, rpc, bytes.into()));
            let code = answer.err().map_or(Code::Ok, |status| status.code());
            prop_assert!(
                matches!(code, Code::Ok | Code::InvalidArgument | Code::NotFound),
                "{rpc}: {code:?}"
            );
            Ok(())
        })
    })
    .await
    .unwrap()
    .unwrap();
    // Still in its senses.
    server
        .client()
        .await
        .create_order(create_request("alice"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let server = Server::start_with(&["--max-request-bytes", "64KiB"]);
    let mut client = server.client().await;
    let mut request = create_request("alice");
    request.order.as_mut().unwrap().items = vec![item("a", 1, money(1, 0)); 10_000];
    let status = client.create_order(request).await.unwrap_err();
    refused(&status, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
}

/// A field of a message within `field`, as often as 4 MiB have it.
fn many(field: u8, within: &[u8]) -> Bytes {
    const MOST: usize = (4 << 20) - 16;
    let one = [&[field, u8::try_from(within.len()).unwrap()], within].concat();
    one.repeat(MOST / one.len()).into()
}

/// `content` as the message in a field.
fn within(field: u8, content: &Bytes) -> Bytes {
    let mut message = vec![field];
    prost::encoding::encode_varint(content.len() as u64, &mut message);
    message.extend_from_slice(content);
    message.into()
}

#[tokio::test]
async fn a_message_that_would_grow_in_memory_is_refused_before_it_is_decoded() {
    let server = Server::start();
    let channel = server.channel().await;
    let service = "acme.order.v1.OrderService";
    for (rpc, message) in [
        // Paths without a letter in `update_mask`, and items without content.
        ("UpdateOrder", within(0x12, &many(0x0A, &[]))),
        ("UpdateOrder", many(0x12, &[0x0A, 0])),
        ("UpdateOrder", within(0x0A, &many(0x1A, &[]))),
        ("CreateOrder", within(0x0A, &many(0x1A, &[]))),
        ("CreateOrder", within(0x0A, &many(0x1A, &[0x1A, 0]))),
    ] {
        let status = call(&channel, service, rpc, message).await.unwrap_err();
        refused(&status, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
        assert!(status.message().contains("decoded"), "{status:?}");
    }
    let most = server.most_memory();
    assert!(most < 100 << 20, "{most} bytes");
}

#[tokio::test]
async fn a_mask_names_no_more_than_there_is() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut request = pb::UpdateOrderRequest {
        order: Some(create(&mut client, "alice").await),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["note".to_owned(); 100],
        }),
    };
    client.update_order(request.clone()).await.unwrap();
    let mask = request.update_mask.as_mut().unwrap();
    mask.paths = vec!["note".to_owned(); 10_000];
    let status = client.update_order(request.clone()).await.unwrap_err();
    wrong_fields(&status, &["update_mask"]);
    let mask = request.update_mask.as_mut().unwrap();
    mask.paths = vec!["state".to_owned(); 10_000];
    let status = client.update_order(request).await.unwrap_err();
    let details = refused(&status, Code::InvalidArgument, "INVALID_FIELDS");
    assert!(details.bad_request().unwrap().field_violations.len() <= 41);
}

#[tokio::test]
async fn unknown_methods_are_unimplemented() {
    let server = Server::start();
    let channel = server.channel().await;
    for (service, rpc) in [
        ("acme.order.v1.OrderService", "DeleteEverything"),
        ("acme.order.v2.OrderService", "GetOrder"),
        ("nothing", "nothing"),
    ] {
        let status = call(&channel, service, rpc, Bytes::new())
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    }
}

/// Texts that look almost right.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{0,9} ?= ?\"?[A-Za-z]{0,9}\"?( AND state = OPEN)?",
        "(orders/)?[0-9a-f-]{0,40}",
        "[A-Za-z0-9_-]{0,40}",
        "v?[0-9]{0,22}",
    ]
}

#[test]
fn parsers_take_any_text() {
    use aip::{Filter, Requester, Sort, token};
    use service::order::{Order, OrderId};

    let by = Requester::default();
    TestRunner::new(Config::with_cases(20_000))
        .run(&(text(), text()), |(text, other)| {
            let sort = Sort::parse(&text).unwrap_or_default();
            let _ = text.parse::<OrderId>();
            let filter = Filter::parse::<Order>(&text).unwrap_or_default();
            prop_assert_eq!(
                Filter::parse::<Order>(&filter.to_string()),
                Ok(filter.clone())
            );
            let _ = token::parse_page(&other, &by, &filter, sort);
            let _ = token::parse_watch(&other, &by, &filter);
            Ok(())
        })
        .unwrap();
}

#[test]
fn tokens_lead_back_to_where_they_were_made() {
    use aip::{Filter, OwnerName, Requester, Sort, token};
    use service::order::Order;
    use store::Position as EventPosition;

    let owned_by = |name| Requester {
        owner: OwnerName::parse(name).unwrap(),
        ..Requester::default()
    };
    let (by, another) = (owned_by("me"), owned_by("you"));
    let filter = Filter::parse::<Order>("customer = alice AND state = OPEN").unwrap();
    TestRunner::default()
        .run(&(any::<u128>(), any::<u64>()), |(id, position)| {
            let id = uuid::Uuid::from_u128(id);
            let page = token::page(&by, &filter, Sort::Newest, id);
            prop_assert_eq!(token::parse_page(&page, &by, &filter, Sort::Newest), Ok(id));
            prop_assert!(token::parse_page(&page, &by, &filter, Sort::Oldest).is_err());
            prop_assert!(token::parse_watch(&page, &by, &filter).is_err());
            let watch = token::watch(&by, &filter, EventPosition(position));
            prop_assert_eq!(
                token::parse_watch(&watch, &by, &filter),
                Ok(EventPosition(position))
            );
            prop_assert!(token::parse_watch(&watch, &by, &Filter::default()).is_err());
            prop_assert!(token::parse_page(&page, &another, &filter, Sort::Newest).is_err());
            prop_assert!(token::parse_watch(&watch, &another, &filter).is_err());
            Ok(())
        })
        .unwrap();
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
