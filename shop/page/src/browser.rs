//! What the browser has: places on the page, storage, randomness, addresses.

use std::fmt::Write as _;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, Element, HtmlElement, Location, Storage, Window};

fn window() -> Option<Window> {
    web_sys::window()
}

fn crypto() -> Option<Crypto> {
    window()?.crypto().ok()
}

/// The address that is shown.
#[must_use]
pub fn location() -> Option<Location> {
    Some(window()?.location())
}

/// The path of the address that is shown.
#[must_use]
pub fn path() -> String {
    let path = location().and_then(|it| it.pathname().ok());
    path.unwrap_or_default()
}

/// The element with that id.
#[must_use]
pub fn element(id: &str) -> Option<Element> {
    window()?.document()?.get_element_by_id(id)
}

/// Moves the focus to the element with that id: what had it is about to go.
pub fn focus(id: &str) {
    let element = element(id).and_then(|it| it.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        let _ = element.focus();
    }
}

/// Goes there.
pub fn go(url: &str) {
    if let Some(location) = location() {
        let _ = location.assign(url);
    }
}

/// Shows another address without going there.
pub fn show_address(path: &str) {
    if let Some(history) = window().and_then(|it| it.history().ok()) {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(path));
    }
}

/// What this window keeps until it is closed.
#[must_use]
pub fn of_window() -> Option<Storage> {
    window()?.session_storage().ok()?
}

/// What every window of the shop keeps.
#[must_use]
pub fn of_all() -> Option<Storage> {
    window()?.local_storage().ok()?
}

/// `count` random bytes, in hexadecimal.
#[must_use]
pub fn random(count: usize) -> String {
    let mut bytes = vec![0; count];
    if let Some(crypto) = crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A random UUID.
#[must_use]
pub fn uuid() -> String {
    crypto().map(|it| it.random_uuid()).unwrap_or_default()
}

/// SHA-256 of `text`, in base64url.
pub async fn digest(text: &str) -> Option<String> {
    let bytes = Uint8Array::from(text.as_bytes());
    let subtle = crypto()?.subtle();
    let digest = subtle.digest_with_str_and_buffer_source("SHA-256", &bytes);
    let digest = JsFuture::from(digest.ok()?).await.ok()?;
    let bytes = Uint8Array::new(&digest).to_vec();
    let binary = bytes.into_iter().map(char::from).collect::<String>();
    let base64 = window()?.btoa(&binary).ok()?;
    Some(base64.replace('+', "-").replace('/', "_").replace('=', ""))
}

/// What stands in base64url.
#[must_use]
pub fn from_base64(text: &str) -> Option<String> {
    let binary = window()?.atob(&text.replace('-', "+").replace('_', "/"));
    let bytes = binary
        .ok()?
        .chars()
        .map(u8::try_from)
        .collect::<Result<_, _>>();
    String::from_utf8(bytes.ok()?).ok()
}

/// A point of time as the customer writes it.
#[must_use]
pub fn local_time(rfc3339: &str) -> String {
    let date = js_sys::Date::new(&JsValue::from_str(rfc3339));
    let text = date.to_locale_string("default", &JsValue::from(Array::new()));
    text.into()
}
