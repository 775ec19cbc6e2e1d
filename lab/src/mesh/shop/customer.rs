//! A customer, who comes by the ingress, over REST and with a token.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::running::{INGRESS, Shop};

/// Signs tokens, as the shop's own provider does.
#[path = "../../../../shop/src/sign_in/key.rs"]
#[allow(unreachable_pub, reason = "it is another crate's too")]
mod key;

pub(super) use key::Key;

/// As `shop/deploy/shop.yaml` has them.
const ISSUER: &str = "https://sign-in.shop.example";
const AUDIENCE: &str = "shop";

/// Alice.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    host: String,
    token: String,
}

/// What the gateway says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Customer {
    pub(super) fn of(shop: &Shop<'_>) -> Result<Self> {
        let (address, host) = shop.way(INGRESS, "shop-gateway")?;
        let claims = json!({"iss": ISSUER, "sub": "alice", "aud": AUDIENCE});
        let token = shop.key.token(claims, Duration::from_hours(1))?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address,
            host,
            token: format!("Bearer {token}"),
        })
    }

    /// Without the token.
    pub(super) fn unknown(&self) -> Self {
        Self {
            token: "Bearer none".to_owned(),
            ..self.clone()
        }
    }

    pub(super) async fn asks(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<Answer> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("host", &self.host)
            .header("authorization", &self.token)
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.client.request(request.body(Full::from(body))?).await?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_slice(&body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned())),
        })
    }
}
