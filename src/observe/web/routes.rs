//! Which path is whose.

use super::guard::{self, BODY_BYTES};
use super::refusal::{Refusal, Why};
use super::site::Site;
use super::{acting, assets, debitor, expectations, files, machines, payout, system};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

/// All of them, guarded.
pub(super) fn all(site: Site) -> Router {
    Router::new()
        .route("/", get(payout::current))
        .route("/payout/{dispositionsdato}", get(payout::of))
        .route("/expectations", get(expectations::page))
        .route("/debitor", get(debitor::page))
        .route("/debitor/rejected", get(debitor::rejected))
        .route("/files", get(files::page))
        .route("/files/{id}", get(files::one::page))
        .route("/files/{id}/report/{form}", get(files::one::report_file))
        .route("/files/{id}/{lever}", post(acting::pull))
        .route("/system/resume", post(acting::resume))
        .route("/system", get(system::page))
        .route("/metrics", get(machines::metrics))
        .route("/health/live", get(machines::live))
        .route("/health/ready", get(machines::ready))
        .route("/static/{name}", get(assets::file))
        .fallback(async || Refusal::from(Why::NotFound))
        .method_not_allowed_fallback(async || Refusal::from(Why::BadMethod))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(site.clone(), guard::guard))
        .with_state(site)
}
