//{% capture source %}§{% raw %}
//! What it exposes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;
use service::GATEWAY;

use crate::helpers::Server;

/// One plain HTTP/1.0 request: status line and body.
fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nhost: gateway\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[test]
fn paths_of_the_proto_have_a_meaning_and_are_documented() {
    let document = GATEWAY.openapi().map_err(|fatal| fatal.to_string());
    let server = Server::start();
    let (status, body) = get(server.grpc, "/openapi.json");
    assert!(status.contains("200"), "{status}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body, document.unwrap());
}

#[test]
fn what_is_not_there_is_said() {
    let server = Server::start();
    let (status, body) = get(server.grpc, "/no/such/path");
    assert!(status.contains("404"), "{status}");
    assert!(body.contains("/openapi.json"), "{body}");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
