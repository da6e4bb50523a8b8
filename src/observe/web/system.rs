//! `/system`: endpoints, schedules, versions, layouts in force.

use super::guard::Visitor;
use super::page::{Frame, Section, html};
use super::refusal::Refusal;
use super::site::{Look, Site};
use super::words::SystemWords;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;

#[derive(Template)]
#[template(path = "system.html")]
struct System {
    frame: Frame,
    words: &'static SystemWords,
    version: &'static str,
    aftaler: u64,
}

/// The page.
pub(super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    site.look(move |look: &Look<'_>| {
        let frame = Frame::new(&visitor, look, Section::System);
        let aftaler = look.store.count_aftaler()?;
        let (words, version) = (SystemWords::of(visitor.language), env!("CARGO_PKG_VERSION"));
        html(&System { frame, words, version, aftaler })
    })
    .await
}
