//! Who is signed in: an OAuth 2.0 public client, by authorization code with PKCE.

use gloo_net::http::Request;
use serde::{Deserialize, Serialize};

use crate::browser;

/// Where the page finds what is not the gateway's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The provider of identities.
    pub sign_in: String,
    /// The viewer of traces.
    pub traces: String,
}

impl Config {
    /// What is served beside the page.
    pub async fn load() -> Option<Self> {
        let answer = Request::get("/config.json").send().await.ok()?;
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }
}

/// A customer who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Says so to the gateway.
    pub token: String,
    /// Who it is.
    pub customer: String,
}

/// Where this window keeps the session, the secret of a sign-in, and where to go after.
const SESSION: &str = "session";
const VERIFIER: &str = "verifier";
const AFTER: &str = "after";
/// As the provider knows the page.
const CLIENT: &str = "shop-page";

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

impl Session {
    /// The one of this window, or the one that the provider just sent here.
    pub async fn find(config: &Config) -> Option<Self> {
        if let Some(session) = Self::arrive(config).await {
            let kept = serde_json::to_string(&session).ok()?;
            browser::of_window()?.set_item(SESSION, &kept).ok()?;
            return Some(session);
        }
        let kept = browser::of_window()?.get_item(SESSION).ok()??;
        serde_json::from_str(&kept).ok()
    }

    /// Exchanges the code in the address for a token.
    async fn arrive(config: &Config) -> Option<Self> {
        let location = browser::location()?;
        let search = web_sys::UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
        let (code, state) = (search.get("code")?, search.get("state")?);
        let storage = browser::of_window()?;
        let verifier = storage.get_item(VERIFIER).ok()??;
        storage.remove_item(VERIFIER).ok()?;
        browser::show_address(&storage.get_item(AFTER).ok()?.unwrap_or_default());
        // The secret comes before the colon, what the provider repeats after it.
        let (verifier, expected) = verifier.split_once(':')?;
        if state != expected {
            return None;
        }
        let form = web_sys::UrlSearchParams::new().ok()?;
        for (name, value) in [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("code", &code),
            ("code_verifier", verifier),
            ("redirect_uri", &redirect()?),
        ] {
            form.append(name, value);
        }
        let url = format!("{}/token", config.sign_in);
        let request = Request::post(&url).body(form).ok()?;
        let answer = request.send().await.ok()?.text().await.ok()?;
        let token: Token = serde_json::from_str(&answer).ok()?;
        let claims = browser::from_base64(token.access_token.split('.').nth(1)?)?;
        let claims: Claims = serde_json::from_str(&claims).ok()?;
        Some(Self {
            token: token.access_token,
            customer: claims.sub,
        })
    }
}

fn redirect() -> Option<String> {
    Some(format!("{}/", browser::location()?.origin().ok()?))
}

/// Sends the browser to the provider, who sends it back.
pub async fn sign_in(config: &Config) -> Option<()> {
    let (verifier, state) = (browser::random(32), browser::random(16));
    let challenge = browser::digest(&verifier).await?;
    let storage = browser::of_window()?;
    storage
        .set_item(VERIFIER, &format!("{verifier}:{state}"))
        .ok()?;
    storage.set_item(AFTER, &browser::path()).ok()?;
    let query = web_sys::UrlSearchParams::new().ok()?;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("code_challenge_method", "S256"),
        ("code_challenge", &challenge),
        ("state", &state),
        ("redirect_uri", &redirect()?),
    ] {
        query.append(name, value);
    }
    let query = String::from(query.to_string());
    browser::go(&format!("{}/authorize?{query}", config.sign_in));
    Some(())
}

/// Forgets who was signed in.
pub fn forget() {
    if let Some(storage) = browser::of_window() {
        let _ = storage.remove_item(SESSION);
    }
}
