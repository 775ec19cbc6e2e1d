//! What the admin port shows of telemetry.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router};
use chassis_core::peer::AdminPeer;

use super::log::{AUDIT, Levels};
use super::metrics::prometheus::{self, Exposition};

pub(super) fn routes(metrics: Option<Exposition>, levels: Option<Levels>) -> Router {
    let mut router = Router::new();
    if let Some(metrics) = metrics {
        router = router.route("/metrics", get(scrape).with_state(metrics));
    }
    if let Some(levels) = levels {
        router = router.route("/loglevel", get(level).put(set_level).with_state(levels));
    }
    router
}

async fn scrape(State(metrics): State<Exposition>) -> impl IntoResponse {
    // Observing the process reads files: not on the threads that serve.
    let text = tokio::task::spawn_blocking(move || metrics.render()).await;
    match text {
        Ok(Ok(text)) => Ok(([(header::CONTENT_TYPE, prometheus::CONTENT_TYPE)], text)),
        _ => Err((StatusCode::SERVICE_UNAVAILABLE, "metrics are shut down\n")),
    }
}

async fn level(State(levels): State<Levels>) -> String {
    format!("{levels}\n")
}

async fn set_level(
    State(levels): State<Levels>,
    peer: Option<Extension<AdminPeer>>,
    directives: String,
) -> impl IntoResponse {
    let peer = peer.map(|Extension(AdminPeer(peer))| tracing::field::display(peer));
    let said = |from: &str, to: &str| {
        tracing::warn!(target: AUDIT, peer, from, to, "the log's level changes");
    };
    match levels.set(&directives, said) {
        Ok(()) => Ok(format!("{levels}\n")),
        Err(error) => Err((StatusCode::BAD_REQUEST, format!("{error}\n"))),
    }
}
