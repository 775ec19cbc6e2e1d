//! Calls to the gateway: REST in JSON, and a stream of events.

use gloo_net::http::{Request, RequestBuilder, Response};
use js_sys::{Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

use crate::browser;
use crate::events::Parser;
use crate::fault::Fault;
use crate::session::Session;
use crate::wire::{Order, Orders, Stock, Watched};

fn with(request: RequestBuilder, session: &Session) -> RequestBuilder {
    request.header("authorization", &format!("Bearer {}", session.token))
}

async fn read<T: DeserializeOwned>(sent: Result<Response, gloo_net::Error>) -> Result<T, Fault> {
    let answer = sent.map_err(|_| Fault::Unreachable)?;
    let text = answer.text().await.map_err(|_| Fault::Unreachable)?;
    if !answer.ok() {
        return Err(Fault::of(answer.status(), &text));
    }
    serde_json::from_str(&text).map_err(|_| Fault::Unreachable)
}

async fn get<T: DeserializeOwned>(session: &Session, path: &str) -> Result<T, Fault> {
    read(with(Request::get(path), session).send().await).await
}

async fn post<T: DeserializeOwned>(
    session: &Session,
    path: &str,
    traceparent: &str,
    body: &impl Serialize,
) -> Result<T, Fault> {
    let body = serde_json::to_string(body).map_err(|_| Fault::Unreachable)?;
    let request = with(Request::post(path), session)
        .header("content-type", "application/json")
        .header("traceparent", traceparent)
        .body(body)
        .map_err(|_| Fault::Unreachable)?;
    read(request.send().await).await
}

/// What is in stock.
///
/// # Errors
/// [`Fault`], as of all here.
pub async fn stock(session: &Session) -> Result<Stock, Fault> {
    get(session, "/v1/stock").await
}

/// The newest orders of the customer's.
pub async fn orders(session: &Session) -> Result<Orders, Fault> {
    get(
        session,
        "/v1/orders?order_by=create_time%20desc&page_size=20",
    )
    .await
}

/// One of the customer's.
pub async fn order(session: &Session, id: &str) -> Result<Order, Fault> {
    let id = String::from(js_sys::encode_uri_component(id));
    get(session, &format!("/v1/orders/{id}")).await
}

/// Places it. Without an answer it is tried once more under the same id, so that it is
/// placed once. The trace of it is remembered, to be looked at.
pub async fn place(session: &Session, order: &Order) -> Result<Order, Fault> {
    let path = format!("/v1/orders?request_id={}", browser::uuid());
    let trace = browser::random(16);
    let traceparent = format!("00-{trace}-{}-01", browser::random(8));
    let mut placed = post::<Order>(session, &path, &traceparent, order).await;
    if placed == Err(Fault::Unreachable) {
        placed = post(session, &path, &traceparent, order).await;
    }
    if let (Ok(placed), Some(storage)) = (&placed, browser::of_all()) {
        let _ = storage.set_item(&placed.name, &trace);
    }
    placed
}

/// Cancels it.
pub async fn cancel(session: &Session, name: &str) -> Result<Order, Fault> {
    let traceparent = format!("00-{}-{}-01", browser::random(16), browser::random(8));
    let path = format!("/v1/{name}:cancel");
    post(session, &path, &traceparent, &serde_json::json!({})).await
}

/// The trace of what placed the order, if it was placed by this browser.
#[must_use]
pub fn trace(order: &Order) -> Option<String> {
    browser::of_all()?.get_item(&order.name).ok()?
}

/// Tells of every change of the customer's orders, after the event `last`, until the
/// stream ends.
pub async fn follow(
    session: &Session,
    last: &mut Option<String>,
    mut tell: impl FnMut(Order),
) -> Result<(), Fault> {
    let mut request =
        with(Request::get("/v1/orders:watch"), session).header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = request.send().await.map_err(|_| Fault::Unreachable)?;
    if !answer.ok() {
        // It may be older than what the shop remembers: begin anew.
        *last = None;
        let text = answer.text().await.unwrap_or_default();
        return Err(Fault::of(answer.status(), &text));
    }
    let stream = answer.body().ok_or(Fault::Unreachable)?;
    let reader = stream
        .get_reader()
        .unchecked_into::<ReadableStreamDefaultReader>();
    let mut parser = Parser::default();
    loop {
        let read = JsFuture::from(reader.read()).await;
        let read = read.map_err(|_| Fault::Unreachable)?;
        let value = Reflect::get(&read, &"value".into()).map_err(|_| Fault::Unreachable)?;
        if value.is_undefined() {
            return Ok(());
        }
        for event in parser.push(&Uint8Array::new(&value).to_vec()) {
            if event.name == "error" {
                return Err(Fault::Unreachable);
            }
            if event.id.is_some() {
                *last = event.id;
            }
            let watched = serde_json::from_str::<Watched>(&event.data);
            if let Some(order) = watched.ok().and_then(|it| it.order) {
                tell(order);
            }
        }
    }
}
