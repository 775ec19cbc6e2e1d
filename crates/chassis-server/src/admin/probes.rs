//! Probes, in the form Kubernetes gives its own: `ok`, or 503 and the reasons.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chassis_core::health::{DependencyState, Health};

use super::json::json;

pub(super) fn routes(health: Health) -> Router {
    Router::new()
        // Answering is the proof: whatever else is wrong, a restart is no cure.
        .route("/livez", get(|| async { json(&Livez { status: "ok" }) }))
        .route("/readyz", get(readyz))
        .route("/startupz", get(startupz))
        .with_state(health)
}

#[derive(serde::Serialize)]
struct Livez {
    status: &'static str,
}

#[derive(serde::Serialize)]
struct Readyz {
    status: &'static str,
    draining: bool,
    dependencies: Vec<DependencyState>,
}

async fn readyz(State(health): State<Health>) -> Response {
    answer(&health, health.is_ready())
}

async fn startupz(State(health): State<Health>) -> Response {
    answer(&health, health.is_started())
}

fn answer(health: &Health, ok: bool) -> Response {
    let (code, status) = if ok {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    let body = Readyz {
        status,
        draining: health.is_leaving(),
        dependencies: health.dependencies(),
    };
    (code, json(&body)).into_response()
}
