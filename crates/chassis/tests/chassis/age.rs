//! A connection's age ends its calls with a word, and in time to move.

use std::time::Duration;

use chassis::ending::Ending;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::StatusExt;

use crate::support::{GET, Running, Things, WATCH, call, open, reason, start};

const SOON: Duration = Duration::from_secs(10);

/// A server whose connections are old after a moment, and cut after `grace`.
async fn aging(grace: &str, things: Things) -> Running {
    let grace = format!("--max-connection-age-grace={grace}");
    let args = [
        "--max-connection-age=200ms",
        "--handshake-timeout=100ms",
        &grace,
    ];
    start(&args, things).await
}

async fn watch(channel: &Channel) -> Streaming<String> {
    let request = Request::new("x".into());
    open(channel, WATCH, request).await.unwrap()
}

/// Reads to the end, which must come, and must be a status.
async fn ended(stream: &mut Streaming<String>) -> Status {
    let end = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended well"),
                Err(status) => return status,
            }
        }
    };
    tokio::time::timeout(SOON, end).await.expect("an end")
}

#[track_caller]
fn says_to_move(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(reason(status), "CONNECTION_AGED", "{status:?}");
    let retry = status.get_details_retry_info().unwrap();
    assert_eq!(retry.retry_delay, Some(Duration::ZERO));
}

#[tokio::test]
async fn a_stream_that_knows_nothing_of_it_ends_with_a_status_before_the_cut() {
    struct Dropped(mpsc::UnboundedSender<()>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    let (dropped, mut was_dropped) = mpsc::unbounded_channel();
    let things = Things::echo().stream(move |_| {
        let guard = Dropped(dropped.clone());
        tokio_stream::once(Ok("first".to_owned()))
            .chain(tokio_stream::pending())
            .map(move |item: Result<String, Status>| {
                let _ = &guard;
                item
            })
    });
    let server = aging("400ms", things).await;
    let mut stream = watch(&server.channel()).await;
    says_to_move(&ended(&mut stream).await);
    // The handler itself is gone too.
    let gone = tokio::time::timeout(SOON, was_dropped.recv());
    gone.await.unwrap();
}

#[tokio::test]
async fn a_stream_that_never_pauses_ends_with_a_status_too() {
    // Large, for little is to be read of what is on its way.
    let more = "x".repeat(64 << 10);
    let things = Things::echo().stream(move |_| {
        let more = more.clone();
        tokio_stream::iter(std::iter::repeat_with(move || Ok(more.clone())))
    });
    let server = aging("400ms", things).await;
    let mut stream = watch(&server.channel()).await;
    says_to_move(&ended(&mut stream).await);
}

#[tokio::test]
async fn a_unary_call_that_takes_too_long_ends_with_a_status_too() {
    let things = Things::unary(async |request: Request<String>| {
        if request.get_ref() == "stuck" {
            std::future::pending::<()>().await;
        }
        Ok(Response::new("done".to_owned()))
    });
    let server = aging("400ms", things).await;
    let channel = server.channel();
    let answer = call(&channel, GET, Request::new("stuck".into())).await;
    says_to_move(&answer.unwrap_err());
}

/// Follows `Ending`, as a watch does.
fn cooperative() -> Things {
    Things::echo().stream(|request| {
        let ending = Ending::of(&request);
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            sender.send(Ok("first".to_owned())).await.unwrap();
            let status = ending.wait().await;
            let _ = sender.send(Err(status)).await;
        });
        tokio_stream::wrappers::ReceiverStream::new(receiver)
    })
}

#[tokio::test]
async fn a_stream_that_watches_for_it_ends_at_once_and_its_client_moves() {
    let server = aging("1h", cooperative()).await;
    let channel = server.channel();
    let mut stream = watch(&channel).await;
    says_to_move(&ended(&mut stream).await);
    // The same client, on a new connection.
    let mut stream = watch(&channel).await;
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("first"));
    says_to_move(&ended(&mut stream).await);
}

#[tokio::test]
async fn a_stream_that_ends_in_time_ends_well() {
    let things = Things::echo().stream(|request| {
        let ending = Ending::of(&request);
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            ending.wait().await;
            sender.send(Ok("last".to_owned())).await.unwrap();
        });
        tokio_stream::wrappers::ReceiverStream::new(receiver)
    });
    let server = aging("1h", things).await;
    let mut stream = watch(&server.channel()).await;
    let read = async {
        assert_eq!(stream.message().await.unwrap().as_deref(), Some("last"));
        assert_eq!(stream.message().await.unwrap(), None);
    };
    tokio::time::timeout(SOON, read).await.unwrap();
}
