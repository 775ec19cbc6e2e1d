//! Who may change something through the admin port; reading is for everyone
//! who reaches it.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chassis_core::exit::Fatal;
use chassis_core::mesh::Provider;
use chassis_core::peer::AdminPeer;

use crate::admin::AdminSettings;

/// Characters of a secret, at least and at most.
const SHORTEST: usize = 16;
const LONGEST: usize = 4096;

/// What a proxy writes that brings the requests of others.
static FORWARDED: [HeaderName; 4] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
];

/// Those who may change something.
#[derive(Debug)]
pub(super) struct Changers {
    /// Whether a peer of this machine is a person or program of this machine. A
    /// sidecar is a peer of this machine too, and brings everyone's requests.
    trusts_loopback: bool,
    token: Option<PathBuf>,
}

impl Changers {
    /// # Errors
    /// [`Fatal::usage`] if the secret's file cannot be used.
    pub(super) fn new(settings: &AdminSettings, mesh: Provider) -> Result<Self, Fatal> {
        if let Some(path) = &settings.admin_token_file {
            secret(path).map_err(|error| {
                Fatal::usage(format!(
                    "--admin-token-file {}: {error}; name a file that holds {SHORTEST} to \
                     {LONGEST} visible characters",
                    path.display(),
                ))
            })?;
        }
        Ok(Self {
            trusts_loopback: !mesh.has_sidecars(),
            token: settings.admin_token_file.clone(),
        })
    }

    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        if let (Some(path), Some(shown)) = (&self.token, bearer(request.headers())) {
            let known = secret(path).map_err(|error| {
                tracing::warn!(path = %path.display(), %error, "--admin-token-file");
                Refusal::Token
            })?;
            return if equal(known.as_bytes(), shown.as_bytes()) {
                Ok(())
            } else {
                Err(Refusal::Token)
            };
        }
        if !self.trusts_loopback || !is_of_this_machine(request) {
            return Err(Refusal::Stranger);
        }
        if !names_this_machine(request) {
            return Err(Refusal::Host);
        }
        Ok(())
    }
}

/// Lets a request through that only reads, or whose sender may change things.
pub(super) async fn guard(
    State(changers): State<Arc<Changers>>,
    request: Request,
    next: Next,
) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match changers.admit(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            let peer = request.extensions().get::<AdminPeer>();
            let peer = peer.map(|peer| tracing::field::display(peer.0));
            tracing::debug!(peer, reason = ?refusal, "a change through the admin port is refused");
            refusal.into_response()
        }
    }
}

/// Why nothing may be changed.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    Stranger,
    Host,
    Token,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Stranger => (
                StatusCode::FORBIDDEN,
                "changes are for this machine, where no sidecar is, or for those who show the \
                 secret of --admin-token-file: authorization: Bearer …\n",
            )
                .into_response(),
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "changes are asked for by an address or as localhost, not under another name\n",
            )
                .into_response(),
            Self::Token => (
                StatusCode::UNAUTHORIZED,
                [(header::WWW_AUTHENTICATE, "Bearer")],
                "this is not the secret of --admin-token-file\n",
            )
                .into_response(),
        }
    }
}

/// Whether no proxy of this machine brought it for somebody else, nor a browser
/// for a page.
fn is_of_this_machine(request: &Request) -> bool {
    let headers = request.headers();
    let peer = request.extensions().get::<AdminPeer>();
    peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback())
        && !headers.contains_key(header::ORIGIN)
        && !FORWARDED.iter().any(|name| headers.contains_key(name))
}

/// Whether the request asks for an address or `localhost`: any other name may be
/// one that its owner led here (DNS rebinding).
fn names_this_machine(request: &Request) -> bool {
    let mut named = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return false;
    };
    let Some(authority) = (host.to_str().ok()).and_then(|host| host.parse::<Authority>().ok())
    else {
        return false;
    };
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost") || bare.unwrap_or(host).parse::<IpAddr>().is_ok()
}

/// The secret in `authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// Read each time: a mounted secret may change.
fn secret(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX) + 2;
    File::open(path)?.take(most).read_to_string(&mut text)?;
    let secret = text.trim();
    let fits = (SHORTEST..=LONGEST).contains(&secret.len());
    if !fits || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(io::Error::other("its content is no secret"));
    }
    Ok(secret.to_owned())
}

/// In a time that does not tell where they differ.
fn equal(known: &[u8], shown: &[u8]) -> bool {
    let differ = (known.iter().zip(shown)).fold(0, |differ, (one, other)| differ | (one ^ other));
    known.len() == shown.len() && std::hint::black_box(differ) == 0
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[track_caller]
    fn asks(host: &str) -> bool {
        let request = Request::put("/loglevel").header(header::HOST, host);
        names_this_machine(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn names_that_can_be_led_elsewhere_do_not_count() {
        for host in [
            "localhost",
            "LocalHost:9090",
            "127.0.0.1:9090",
            "[::1]:9090",
            "10.0.0.7",
        ] {
            assert!(asks(host), "{host}");
        }
        for host in [
            "rebound.example",
            "localhost.rebound.example:9090",
            "127.0.0.1.rebound.example",
            "",
            "127.0.0.1, localhost",
        ] {
            assert!(!asks(host), "{host}");
        }
        let twice = Request::put("/")
            .header(header::HOST, "localhost")
            .header(header::HOST, "rebound.example");
        assert!(!names_this_machine(&twice.body(Body::empty()).unwrap()));
    }

    #[test]
    fn secrets_are_equal_or_not() {
        assert!(equal(b"0123456789abcdef", b"0123456789abcdef"));
        for other in [&b""[..], b"0123456789abcde", b"0123456789abcdeF"] {
            assert!(!equal(b"0123456789abcdef", other));
        }
    }
}
