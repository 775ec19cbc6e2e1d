use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::{BASE64, SHA256, digest};

const PAGE: &str = "http://127.0.0.1:1";
const VERIFIER: &str = "what only the page knows";

/// The provider's host and port.
async fn provider() -> String {
    let keys = tempfile::NamedTempFile::new().unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let url = super::serve(any, &[PAGE.to_owned()], keys.path()).await;
    url.unwrap().trim_start_matches("http://").to_owned()
}

/// The whole answer.
fn send(host: &str, method: &str, path: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn asked(redirect: &str) -> String {
    use base64::Engine as _;
    let challenge = BASE64.encode(digest(&SHA256, VERIFIER.as_bytes()));
    format!(
        "response_type=code&client_id=shop-page&redirect_uri={redirect}&state=a1&\
         code_challenge={challenge}&code_challenge_method=S256"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_to_a_page_of_the_shop_only() {
    let host = provider().await;
    for wrong in [
        "http://evil.example/",
        "http://127.0.0.1:1/x",
        "http://127.0.0.1:1",
    ] {
        let form = format!("{}&customer=alice", asked(wrong));
        for answer in [
            send(&host, "GET", &format!("/authorize?{}", asked(wrong)), ""),
            send(&host, "POST", "/authorize", &form),
        ] {
            assert!(answer.starts_with("HTTP/1.1 400 "), "{wrong}: {answer}");
            assert!(!answer.contains("location: "), "{wrong}: {answer}");
        }
    }
    let right = format!("/authorize?{}", asked("http://127.0.0.1:1/"));
    assert!(send(&host, "GET", &right, "").starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_for_who_asked() {
    let host = provider().await;
    let code = || {
        let form = format!("{}&customer=alice", asked("http://127.0.0.1:1/"));
        let answer = send(&host, "POST", "/authorize", &form);
        let (_, rest) = answer.split_once("code=").unwrap();
        let (code, rest) = rest.split_once('&').unwrap();
        assert!(rest.starts_with("state=a1\r\n"), "{answer}");
        code.to_owned()
    };
    let exchange = |code: &str, verifier: &str| {
        let verifier = verifier.replace(' ', "+");
        let form = format!(
            "grant_type=authorization_code&client_id=shop-page&redirect_uri=http://127.0.0.1:1/&\
             code={code}&code_verifier={verifier}"
        );
        send(&host, "POST", "/token", &form)
    };
    let (first, second) = (code(), code());
    let stolen = exchange(&first, "something else");
    assert!(stolen.starts_with("HTTP/1.1 400 "), "{stolen}");
    assert!(stolen.contains("invalid_grant"), "{stolen}");
    // Whoever guesses once has used it up.
    assert!(exchange(&first, VERIFIER).starts_with("HTTP/1.1 400 "));
    let token = exchange(&second, VERIFIER);
    assert!(token.starts_with("HTTP/1.1 200 "), "{token}");
    assert!(
        token.contains("access-control-allow-origin: http://127.0.0.1:1\r\n"),
        "{token}"
    );
    assert!(token.contains("\"access_token\":\"ey"), "{token}");
    assert!(exchange(&second, VERIFIER).starts_with("HTTP/1.1 400 "));
}
