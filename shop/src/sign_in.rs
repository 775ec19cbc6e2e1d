//! A provider of identities for who tries the shop: OAuth 2.0's authorization code with
//! PKCE, for public clients. Whoever asks is whom they say they are; a company's own
//! provider takes its place.

pub(crate) mod key;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics to fail")]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::extract::{Path as Named, Query, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::json;

use key::Key;

/// Who may sign in.
const CUSTOMERS: [&str; 2] = ["alice", "bob"];
/// The page, as it calls itself.
const CLIENT: &str = "shop-page";
/// For whom tokens are.
pub(crate) const AUDIENCE: &str = "shop";
/// How long a code may be exchanged.
const CODE: Duration = Duration::from_mins(1);
/// How long a token counts.
const TOKEN: Duration = Duration::from_hours(8);
/// Codes that are kept at most.
const MOST: usize = 1_000;

const STYLE: &str = "body{font:16px system-ui,sans-serif;margin:3rem auto;max-width:30rem;\
     color-scheme:light dark}button{font:inherit;padding:.5rem 1.2rem;margin-right:1rem}";

/// What is signed in, and what may be.
struct Provider {
    url: String,
    /// Pages that codes are sent to.
    pages: Vec<String>,
    key: Key,
    codes: Mutex<HashMap<String, Granted>>,
}

/// For whom a code is, and who may exchange it.
struct Granted {
    customer: String,
    challenge: String,
    redirect_uri: String,
    until: Instant,
}

/// What a page asks.
#[derive(Deserialize)]
struct Asked {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
    code_challenge: String,
    code_challenge_method: String,
    customer: Option<String>,
}

#[derive(Deserialize)]
struct Exchange {
    grant_type: String,
    client_id: String,
    redirect_uri: String,
    code: String,
    code_verifier: String,
}

/// Serves at `address` for pages at `origins` while the runtime lives, and writes its
/// public keys to `keys`; returns its URL, which is the issuer's name.
pub(crate) async fn serve(address: SocketAddr, origins: &[String], keys: &Path) -> Result<String> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("{address}: is taken by another program"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let key = Key::new()?;
    std::fs::write(keys, json!({"keys": [key.public()]}).to_string())?;
    let provider = Provider {
        url: url.clone(),
        pages: origins.iter().map(|it| format!("{it}/")).collect(),
        key,
        codes: Mutex::default(),
    };
    let router = Router::new()
        .route("/authorize", get(ask).post(grant))
        .route("/token", post(exchange))
        .route("/token/{customer}", get(for_shells))
        .with_state(Arc::new(provider));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

type Shared = State<Arc<Provider>>;

/// Why not, in words.
type Refused = (StatusCode, String);

impl Provider {
    /// Refuses what is not asked by a page of the shop: nothing is sent elsewhere.
    fn check(&self, asked: &Asked) -> Result<(), Refused> {
        let wrong = if asked.client_id != CLIENT {
            "client_id: is not known; the shop's page is shop-page"
        } else if !self.pages.contains(&asked.redirect_uri) {
            "redirect_uri: is no page of the shop; begin at the address that cargo shop prints"
        } else if asked.response_type != "code" {
            "response_type: must be code"
        } else if asked.code_challenge_method != "S256" || asked.code_challenge.is_empty() {
            "code_challenge: must be there, with code_challenge_method S256"
        } else {
            return Ok(());
        };
        Err((StatusCode::BAD_REQUEST, format!("{wrong}\n")))
    }

    fn token(&self, customer: &str) -> Result<String, Refused> {
        let claims = json!({"iss": self.url, "sub": customer, "aud": AUDIENCE});
        let token = self.key.token(claims, TOKEN);
        token.map_err(|why| (StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n")))
    }
}

/// Who wants to sign in chooses who they are.
async fn ask(State(provider): Shared, Query(asked): Query<Asked>) -> Result<Response, Refused> {
    provider.check(&asked)?;
    let fields = [
        ("response_type", &asked.response_type),
        ("client_id", &asked.client_id),
        ("redirect_uri", &asked.redirect_uri),
        ("state", &asked.state),
        ("code_challenge", &asked.code_challenge),
        ("code_challenge_method", &asked.code_challenge_method),
    ];
    let fields = fields.map(|(name, value)| {
        let value = crate::traces::escaped(value);
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
    });
    let buttons =
        CUSTOMERS.map(|it| format!("<button name=\"customer\" value=\"{it}\">{it}</button>"));
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sign in</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\
         <style>{STYLE}</style><main><h1>Sign in to the shop</h1><p>For trying it out: no password \
         is asked.</p><form method=\"post\" action=\"/authorize\">{}<p>{}</p></form></main></html>",
        fields.concat(),
        buttons.concat()
    );
    let policy =
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'";
    Ok(([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
}

/// Sends the browser back with a code.
async fn grant(State(provider): Shared, Form(asked): Form<Asked>) -> Result<Response, Refused> {
    provider.check(&asked)?;
    let customer = asked.customer.filter(|it| CUSTOMERS.contains(&it.as_str()));
    let customer = customer.ok_or_else(unknown)?;
    let code = uuid::Uuid::new_v4().simple().to_string();
    let state = asked.state.chars().filter(char::is_ascii_alphanumeric);
    let back = format!(
        "{}?code={code}&state={}",
        asked.redirect_uri,
        state.collect::<String>()
    );
    let granted = Granted {
        customer,
        challenge: asked.code_challenge,
        redirect_uri: asked.redirect_uri,
        until: Instant::now() + CODE,
    };
    let mut codes = provider
        .codes
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    codes.retain(|_, it| it.until > Instant::now());
    if codes.len() >= MOST {
        let why = "too many sign-ins at once; try again in a minute\n";
        return Err((StatusCode::TOO_MANY_REQUESTS, why.to_owned()));
    }
    codes.insert(code, granted);
    Ok(Redirect::to(&back).into_response())
}

/// A token for a code: once, for the page that asked, which knows what it hashed.
async fn exchange(
    State(provider): Shared,
    Form(asked): Form<Exchange>,
) -> Result<Response, Response> {
    let mut codes = provider
        .codes
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let granted = codes.remove(&asked.code);
    drop(codes);
    let proof = BASE64.encode(digest(&SHA256, asked.code_verifier.as_bytes()));
    let granted = granted.filter(|it| {
        asked.grant_type == "authorization_code"
            && asked.client_id == CLIENT
            && it.until > Instant::now()
            && it.challenge == proof
            && it.redirect_uri == asked.redirect_uri
    });
    let Some(granted) = granted else {
        let wrong = json!({
            "error": "invalid_grant",
            "error_description": "the code is unknown, used, old or another page's: sign in again",
        });
        return Err((StatusCode::BAD_REQUEST, Json(wrong)).into_response());
    };
    let token = provider.token(&granted.customer);
    let token = json!({
        "access_token": token.map_err(IntoResponse::into_response)?,
        "token_type": "Bearer",
        "expires_in": TOKEN.as_secs(),
    });
    let origin = granted.redirect_uri.trim_end_matches('/').to_owned();
    let headers: [(HeaderName, String); 2] = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Json(token)).into_response())
}

/// A token as it is, for who types commands. No page of another origin can read it.
async fn for_shells(
    State(provider): Shared,
    Named(customer): Named<String>,
) -> Result<String, Refused> {
    if !CUSTOMERS.contains(&customer.as_str()) {
        return Err(unknown());
    }
    provider.token(&customer)
}

fn unknown() -> Refused {
    let names = CUSTOMERS.join(", ");
    (
        StatusCode::NOT_FOUND,
        format!("no such customer; there are {names}\n"),
    )
}
