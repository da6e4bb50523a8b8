//! For machines: `/metrics`, `/health/live`, `/health/ready`.

use super::refusal::Refusal;
use super::site::Site;
use crate::observe::health::{self, Health};
use crate::observe::metrics;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Extension, http::HeaderName};

/// Marks an answer that is what was asked for, whatever its status.
#[derive(Clone, Copy)]
pub(super) struct AsAsked;

const TEXT: (HeaderName, &str) = (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");

/// `GET /metrics`, in Prometheus' text format.
pub(super) async fn metrics(State(site): State<Site>) -> Result<Response, Refusal> {
    let pulse = site.clone();
    site.look(move |look| {
        let pulse = Some(pulse.pulse());
        let text = metrics::render(look.config, look.store, &look.figures, pulse, look.now)?;
        Ok(([TEXT], text).into_response())
    })
    .await
}

/// `GET /health/live`: 200 while every worker gets on, else 503.
pub(super) async fn live(State(site): State<Site>) -> Response {
    told(&health::live(site.pulse()))
}

/// `GET /health/ready`: 200 while files can be taken in and answered, else 503.
pub(super) async fn ready(State(site): State<Site>) -> Result<Response, Refusal> {
    let pulse = site.clone();
    site.aside(move || Ok(told(&health::ready(pulse.pulse())))).await
}

fn told(health: &Health) -> Response {
    let is_good = health.is_good();
    let status = if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Extension(AsAsked), [TEXT], health.text()).into_response()
}
