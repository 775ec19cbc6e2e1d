//! What the standard methods promise, on a store in a file. The wire, on a real port, is
//! tested with the sample service of the template.
#![allow(clippy::unwrap_used, reason = "a test panics to fail")]

mod memo;

use std::time::Duration;

use aip::grpc::{Violations, etag, status};
use aip::{Collection, Error, Filter, Listing, OwnerName, Requester, Sort, Watching, token};
use prost_types::FieldMask;
use store::{Limits, Position, Version};
use tempfile::TempDir;
use tonic::Code;
use tonic::metadata::MetadataMap;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use memo::Memo;

async fn memos() -> (TempDir, Collection<Memo>) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/memos.db", folder.path().display());
    let url = url.parse().unwrap();
    let store = store::open::<Memo>(&url, Limits::default()).await;
    (folder, Collection::new(store.unwrap(), None))
}

fn by(owner: &str) -> Requester {
    Requester {
        owner: OwnerName::parse(owner).unwrap(),
        sees_all: owner == "overseer",
        ..Requester::default()
    }
}

fn listing(filter: &str, sort: Sort, after: Option<Uuid>, size: usize) -> Listing {
    Listing {
        filter: Filter::parse::<Memo>(filter).unwrap(),
        sort,
        after,
        size,
    }
}

#[tokio::test]
async fn pages_hold_each_once_and_a_token_belongs_to_its_question() {
    let (_folder, memos) = memos().await;
    let me = by("me");
    for number in 0..7 {
        let text = ["milk", "ink"][number % 2].to_owned();
        memos.create(&me, text, None).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let listing = listing("text = milk", Sort::Newest, after, 3);
        let filter = listing.filter.clone();
        let page = memos.list(&me, listing).await.unwrap();
        seen.extend(page.items.into_iter().map(|memo| memo.id.0));
        let Some(next) = page.next else { break };
        after = token::parse_page(&next, &me, &filter, Sort::Newest).ok();
        assert_eq!(after, seen.last().copied());
        for refused in [
            token::parse_page(&next, &by("you"), &filter, Sort::Newest),
            token::parse_page(&next, &me, &filter, Sort::Oldest),
            token::parse_page(&next, &me, &Filter::default(), Sort::Newest),
        ] {
            assert!(refused.is_err());
        }
    }
    assert_eq!(seen.len(), 4);
    assert!(seen.is_sorted_by(|one, other| one > other));
}

#[tokio::test]
async fn a_request_id_creates_once_for_each_caller() {
    let (_folder, memos) = memos().await;
    let id = Some(Uuid::new_v4());
    let first = memos
        .create(&by("me"), "milk".to_owned(), id)
        .await
        .unwrap();
    let again = memos
        .create(&by("me"), "milk".to_owned(), id)
        .await
        .unwrap();
    assert_eq!(again, first);
    let other = memos.create(&by("me"), "ink".to_owned(), id).await;
    assert!(matches!(other, Err(Error::RequestIdReused(_))), "{other:?}");
    let yours = memos
        .create(&by("you"), "ink".to_owned(), id)
        .await
        .unwrap();
    assert_ne!(yours.id, first.id);
}

#[tokio::test]
async fn what_is_not_theirs_is_not_there() {
    let (_folder, memos) = memos().await;
    let memo = memos
        .create(&by("me"), "milk".to_owned(), None)
        .await
        .unwrap();
    for (who, sees) in [
        ("me", true),
        ("you", false),
        ("", false),
        ("overseer", true),
    ] {
        let who = by(who);
        assert_eq!(memos.get(&who, memo.id).await.is_ok(), sees, "{who:?}");
        let page = memos
            .list(&who, listing("", Sort::Oldest, None, 9))
            .await
            .unwrap();
        assert_eq!(page.items.len(), usize::from(sees), "{who:?}");
        let stale = Some(Version(9));
        match memos.change(&who, memo.id, "ink".to_owned(), stale).await {
            Err(Error::Stale(_)) => assert!(sees, "{who:?}"),
            Err(Error::NotFound(_)) => assert!(!sees, "{who:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_watch_resumes_where_it_left_off() {
    let (_folder, memos) = memos().await;
    let me = by("me");
    let filter = Filter::parse::<Memo>("text = milk").unwrap();
    let watching = |after| Watching {
        filter: filter.clone(),
        after,
    };
    let mut token = memos
        .watch(me.clone(), watching(None))
        .await
        .unwrap()
        .token();
    let mut wanted = Vec::new();
    for number in 0..30 {
        let (who, text) = [("me", "milk"), ("you", "milk"), ("me", "ink")][number % 3];
        let memo = memos.create(&by(who), text.to_owned(), None).await.unwrap();
        wanted.extend((number % 3 == 0).then_some(memo.id));
    }
    let mut seen = Vec::new();
    while seen.len() < wanted.len() {
        let after = token::parse_watch(&token, &me, &filter).unwrap();
        let mut watch = memos
            .watch(me.clone(), watching(Some(after)))
            .await
            .unwrap();
        let told = tokio::time::timeout(Duration::from_secs(30), watch.next()).await;
        seen.extend(
            told.unwrap()
                .unwrap()
                .unwrap()
                .into_iter()
                .map(|it| it.resource.id),
        );
        token = watch.token();
    }
    assert_eq!(seen, wanted);
    assert!(token::parse_watch(&token, &by("you"), &filter).is_err());
    assert!(token::parse_watch(&token, &me, &Filter::default()).is_err());
    let all = token::everything(Position(3));
    assert!(token::parse_watch(&all, &by("overseer"), &Filter::default()).is_ok());
}

#[test]
fn filters_say_what_is_wrong() {
    for (text, why) in [
        ("text", "must be comparisons"),
        ("text = \"milk", "without its closing quote"),
        ("name = x", "can compare only text"),
        ("text = a AND text = b", "compares text twice"),
        ("text = a OR text = b", "must join comparisons by AND"),
    ] {
        let said = Filter::parse::<Memo>(text).unwrap_err().to_string();
        assert!(said.contains(why), "{text}: {said}");
    }
    let filter = Filter::parse::<Memo>("text=milk").unwrap();
    assert_eq!(filter.to_string(), "text = \"milk\"");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let mut violations = Violations::new("memo.v1");
    let mut repeated = MetadataMap::new();
    repeated.insert("grpc-previous-rpc-attempts", "1".parse().unwrap());
    violations.request_id("", &repeated);
    violations.request_id("x", &MetadataMap::new());
    violations.etag("memo.etag", "v01");
    violations.text("memo.text", "abc".to_owned(), 2);
    violations.page_size(-1, 50, 100);
    let mask = FieldMask {
        paths: vec!["text".to_owned(), "name".to_owned()],
    };
    let mask = violations.mask(Some(mask), &["text"]);
    assert!(mask.has("text", false) && !mask.has("note", true));
    violations.listing::<Memo>(&by("me"), "x", "x", "x", Some(1));
    violations.watching::<Memo>(&by("me"), "", "x");
    let status = violations.finish(Some(())).unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let violations = details.bad_request().unwrap().field_violations.iter();
    let fields: Vec<_> = violations.map(|it| it.field.as_str()).collect();
    let expected = [
        "request_id",
        "request_id",
        "memo.etag",
        "memo.text",
        "page_size",
        "update_mask",
        "filter",
        "order_by",
        "resume_token",
    ];
    assert_eq!(fields, expected);
    assert_eq!(
        Violations::new("memo.v1").etag("etag", &etag(Version(7))),
        Some(Version(7))
    );
}

#[test]
fn each_failure_has_its_status() {
    use store::Error as Failed;
    let lost = || "secret".into();
    for (error, code, reason) in [
        (
            Error::NotFound("memos/1".to_owned()),
            Code::NotFound,
            "NOT_FOUND",
        ),
        (
            Error::Stale("memos/1".to_owned()),
            Code::Aborted,
            "STALE_ETAG",
        ),
        (
            Failed::RequestIdReused(Uuid::nil()).into(),
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
        ),
        (
            Failed::HistoryExpired.into(),
            Code::OutOfRange,
            "HISTORY_EXPIRED",
        ),
        (
            Failed::Unavailable(lost()).into(),
            Code::Unavailable,
            "STORE_UNAVAILABLE",
        ),
        (Failed::Busy.into(), Code::ResourceExhausted, "STORE_BUSY"),
        (Failed::Full.into(), Code::ResourceExhausted, "STORE_FULL"),
        (
            Failed::DeadlineExceeded.into(),
            Code::DeadlineExceeded,
            "DEADLINE_EXCEEDED",
        ),
        (Failed::Internal(lost()).into(), Code::Internal, "INTERNAL"),
    ] {
        let status = status::<Memo>(error);
        assert_eq!(status.code(), code);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            (reason, "memo.v1")
        );
        assert!(!status.message().contains("secret"), "{status:?}");
    }
}
