//! Requests that are answered before all of them was read, over HTTP/1.1: the answer
//! arrives, and so does that to the next one, unless it was said that none would.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::process::Running;

/// A caller's connection.
struct Caller(BufReader<TcpStream>);

impl Caller {
    async fn of(running: &Running) -> Self {
        Self(BufReader::new(
            TcpStream::connect(running.address).await.unwrap(),
        ))
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next answer: its status and headers, a line each.
    async fn answer(&mut self) -> Vec<String> {
        let (mut head, mut line) = (Vec::new(), String::new());
        while self.0.read_line(&mut line).await.unwrap() > 2 {
            head.push(line.trim_end().to_owned());
            line.clear();
        }
        let length = head
            .iter()
            .find_map(|it| it.strip_prefix("content-length: "));
        let length = length.unwrap_or_else(|| panic!("{head:?}"));
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        head
    }

    /// Whether nothing comes any more, and no reset.
    async fn is_over(&mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.unwrap() == 0
    }
}

const NEXT: &str = "GET /v1/orders HTTP/1.1\r\nhost: a\r\n\r\n";
const CLOSE: &str = "connection: close";

fn says_close(head: &[String]) -> bool {
    head.iter().any(|line| line == CLOSE)
}

#[tokio::test]
async fn a_connection_goes_on_after_a_refusal() {
    let running = Running::start();
    let half = vec![b' '; 100 << 10];
    for (request, kind, status) in [
        ("POST /v1/nothing", "application/json", "404"),
        (
            "POST /acme.order.v1.OrderService/GetOrder",
            "text/plain",
            "415",
        ),
        (
            "DELETE /acme.order.v1.OrderService/GetOrder",
            "application/grpc-web+proto",
            "405",
        ),
    ] {
        let mut caller = Caller::of(&running).await;
        let length = 2 * half.len();
        let head = format!(
            "{request} HTTP/1.1\r\nhost: a\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
        );
        caller.send(head).await;
        caller.send(&half).await;
        let refused = caller.answer().await;
        assert!(refused[0].contains(status), "{request}: {refused:?}");
        assert!(!says_close(&refused), "{request}: {refused:?}");
        caller.send(&half).await;
        caller.send(NEXT).await;
        let next = caller.answer().await;
        assert!(next[0].contains("200"), "{request}: {next:?}");
    }
}

#[tokio::test]
async fn who_sends_too_much_is_told_so() {
    let running = Running::start();
    let mut caller = Caller::of(&running).await;
    let length = 32 << 20;
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    caller.send(head).await;
    // All of it, before it looks for an answer.
    caller.send(vec![b' '; length]).await;
    let refused = caller.answer().await;
    assert!(refused[0].contains("413"), "{refused:?}");
    assert!(says_close(&refused), "{refused:?}");
    assert!(caller.is_over().await);
}

#[tokio::test]
async fn who_may_send_without_end_is_told_that_the_connection_ends() {
    let running = Running::start();
    for header in [
        "transfer-encoding: chunked",
        "content-length: 8\r\nexpect: 100-continue",
    ] {
        let mut caller = Caller::of(&running).await;
        let head = format!("POST /v1/nothing HTTP/1.1\r\nhost: a\r\n{header}\r\n\r\n");
        caller.send(head).await;
        let refused = caller.answer().await;
        assert!(refused[0].contains("404"), "{header}: {refused:?}");
        assert!(says_close(&refused), "{header}: {refused:?}");
        caller.send("3\r\nabc\r\n0\r\n\r\n").await;
        assert!(caller.is_over().await, "{header}");
    }
}
