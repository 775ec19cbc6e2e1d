//! An issuer of tokens, with its keys where a mesh can fetch them.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tonic::Code;

const KEY: &[u8] = b"a key of the lab's issuer, 32 bytes and more";

/// Serves its keys for as long as it lives.
pub(crate) struct Issuer {
    uri: String,
    serving: AbortHandle,
}

/// Who that is, and for whom its tokens are.
const NAME: &str = "https://issuer.example";
const AUDIENCE: &str = "shop";
/// The chart's value for the claim that is asked for.
pub(crate) const CLAIMS: &str = "jwt.claims.role={admin,user}";
/// The token that may call.
pub(crate) const RIGHT: &str = "the right token";
/// One that nobody's rules let in.
pub(crate) const WRONG: &str = "one with another key";
/// What only rules on claims refuse.
pub(crate) const ABOUT_CLAIMS: [&str; 2] = ["one with another claim", "one without the claim"];

/// One token and what it is worth.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) what: &'static str,
    /// The value of `authorization`.
    pub(crate) token: Option<String>,
    pub(crate) expected: Code,
}

impl Issuer {
    /// Listens on an address of this machine.
    pub(crate) async fn start(host: &str) -> Result<Self> {
        let listener = TcpListener::bind((host, 0)).await?;
        let uri = format!("http://{}/jwks", listener.local_addr()?);
        let keys = json!({"keys": [
            {"kty": "oct", "alg": "HS256", "kid": "lab", "k": BASE64.encode(KEY)},
        ]})
        .to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{keys}",
            keys.len()
        );
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // Any request is one for the keys, and fits.
                if stream.read(&mut [0; 4096]).await.is_err() {
                    continue;
                }
                stream.write_all(answer.as_bytes()).await.ok();
            }
        });
        Ok(Self {
            uri,
            serving: serving.abort_handle(),
        })
    }

    /// The chart's values for its tokens.
    pub(crate) fn values(&self) -> [String; 4] {
        [
            "jwt.enabled=true".to_owned(),
            format!("jwt.issuer={NAME}"),
            format!("jwt.audiences={{{AUDIENCE}}}"),
            format!("jwt.jwksUri={}", self.uri),
        ]
    }

    /// The right token, what is wrong with others, and none.
    pub(crate) fn cases() -> Result<Vec<Case>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let good = json!({
            "iss": NAME,
            "sub": "alice",
            "aud": AUDIENCE,
            "role": "user",
            "exp": now + 3600,
        });
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let mut nobody = good.clone();
        if let Some(claims) = nobody.as_object_mut() {
            claims.remove("role");
        }
        let case = |what, claims: &Value, key, expected| {
            let token = Some(format!("Bearer {}", sign(claims, key)?));
            anyhow::Ok(Case {
                what,
                token,
                expected,
            })
        };
        let (denied, unknown) = (Code::PermissionDenied, Code::Unauthenticated);
        let mut cases = vec![
            case(RIGHT, &good, KEY, Code::Ok)?,
            case(
                "an expired one",
                &with("exp", json!(now - 3600)),
                KEY,
                unknown,
            )?,
            case(
                "one for another audience",
                &with("aud", json!("bank")),
                KEY,
                denied,
            )?,
            case(ABOUT_CLAIMS[0], &with("role", json!("guest")), KEY, denied)?,
            case(ABOUT_CLAIMS[1], &nobody, KEY, denied)?,
            case(
                "one of another issuer",
                &with("iss", json!("https://x")),
                KEY,
                unknown,
            )?,
            case(WRONG, &good, b"another key", unknown)?,
        ];
        cases.push(Case {
            what: "no token",
            token: None,
            expected: denied,
        });
        Ok(cases)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A JWT, by HS256.
fn sign(claims: &Value, key: &[u8]) -> Result<String> {
    let header = json!({"alg": "HS256", "kid": "lab", "typ": "JWT"});
    let content = format!(
        "{}.{}",
        BASE64.encode(header.to_string()),
        BASE64.encode(claims.to_string())
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(content.as_bytes());
    let signature = BASE64.encode(mac.finalize().into_bytes());
    Ok(format!("{content}.{signature}"))
}
