//! What operators do on the pages: the levers of `modregn release` and the like, by whoever is
//! signed in and named in `web.operators`, with a reason. What follows from it is the workers'
//! business, as after the same command.

use super::guard::Visitor;
use super::nouns::action_words;
use super::refusal::{Refusal, Why};
use super::site::{Look, Site};
use super::tokens::same_site;
use crate::config::web::Language;
use crate::store::{By, SqliteStore, Store, StoreError, Transfer};
use crate::transfer::levers::{Lever, LeverError, reason};
use crate::transfer::spool::Spool;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;
use uuid::Uuid;

/// What an endpoint is resumed by.
pub(super) const RESUME: &str = "resume";

/// Where endpoints are shown.
pub(super) const SYSTEM: &str = "/system";

/// What a form says.
#[derive(Deserialize)]
pub(super) struct Said {
    token: String,
    reason: String,
    /// The endpoint that is resumed.
    #[serde(default)]
    endpoint: String,
}

/// A button of a form.
pub(super) struct Button {
    /// What it does; part of its path.
    pub(super) action: &'static str,
    pub(super) says: &'static str,
    pub(super) token: String,
}

impl Button {
    fn new(
        site: &Site,
        (user, language): (&str, Language),
        action: &'static str,
        target: &str,
    ) -> Result<Self, Refusal> {
        let token = site.tokens().give(user, action, target)?;
        Ok(Self { action, says: action_words(action, language), token })
    }
}

/// What was done just now, where a page comes after it: with a seal, so that nobody is led to
/// believe it by a link.
pub(super) fn done(site: &Site, visitor: &Visitor, target: &str) -> Option<&'static str> {
    let (action, seal) = visitor.plain("done")?.split_once('.')?;
    site.tokens().check(seal, (visitor.operator()?, &sealed(action), target)).ok()?;
    Some(action_words(action, visitor.language))
}

/// The page that says what was done.
fn after(
    site: &Site,
    by: &By,
    (action, target): (&str, &str),
    page: &str,
) -> Result<Response, Refusal> {
    let seal = site.tokens().give(&by.who, &sealed(action), target)?;
    Ok(Redirect::to(&format!("{page}?done={action}.{seal}")).into_response())
}

fn sealed(action: &str) -> String {
    format!("done {action}")
}

/// The levers that would move a file; none for who may not act.
pub(super) fn buttons(
    site: &Site,
    look: &Look<'_>,
    visitor: &Visitor,
    transfer: &Transfer,
) -> Result<Vec<Button>, Refusal> {
    let Some(user) = visitor.operator() else { return Ok(Vec::new()) };
    let target = transfer.id.to_string();
    let levers = Lever::ALL.into_iter().filter(|lever| fits(*lever, look, transfer));
    let button = |lever: Lever| Button::new(site, (user, visitor.language), lever.word(), &target);
    levers.map(button).collect()
}

/// Encrypted bytes can only be had with a key that this machine need not have.
fn fits(lever: Lever, look: &Look<'_>, transfer: &Transfer) -> bool {
    let is_sealed = || Spool::new(&look.config.state_dir).is_sealed(transfer.id);
    lever.fits(transfer) && !(lever == Lever::Replay && is_sealed())
}

/// The button that resumes an endpoint; none for who may not act.
pub(super) fn resume_button(
    site: &Site,
    visitor: &Visitor,
    endpoint: &str,
) -> Result<Option<Button>, Refusal> {
    let Some(user) = visitor.operator() else { return Ok(None) };
    Button::new(site, (user, visitor.language), RESUME, endpoint).map(Some)
}

/// `POST /files/{id}/{lever}`
pub(super) async fn pull(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path((id, lever)): Path<(String, String)>,
    headers: HeaderMap,
    Form(said): Form<Said>,
) -> Result<Response, Refusal> {
    let id: Uuid = id.parse().map_err(|_| Why::NotFound)?;
    let lever = Lever::from_word(&lever).ok_or(Why::NotFound)?;
    let by = admitted(&site, &visitor, &headers, &said, (lever.word(), &id.to_string()))?;
    let sealing = site.clone();
    site.look(move |look| {
        let transfer = look.store.transfer(id)?.ok_or(Why::NotFound)?;
        if lever == Lever::Replay && !fits(lever, look, &transfer) && lever.fits(&transfer) {
            let what = format!("modregn replay {id} --identity FILE --reason …");
            return Err(Refusal::telling(Why::Conflict, what));
        }
        let mut store = SqliteStore::open(&look.config.store_path(), look.config.miljoe)?;
        let four_eyes = look.config.operators.four_eyes;
        lever.pull(&mut store, id, &by, four_eyes, look.now).map_err(refused)?;
        let id = id.to_string();
        after(&sealing, &by, (lever.word(), &id), &format!("/files/{id}"))
    })
    .await
}

/// `POST /system/resume`
pub(super) async fn resume(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(said): Form<Said>,
) -> Result<Response, Refusal> {
    let by = admitted(&site, &visitor, &headers, &said, (RESUME, &said.endpoint))?;
    let endpoint = said.endpoint;
    let sealing = site.clone();
    site.look(move |look| {
        if !look.config.endpoints.contains_key(&endpoint) {
            return Err(Why::NotFound.into());
        }
        let mut store = SqliteStore::open(&look.config.store_path(), look.config.miljoe)?;
        if !store.resume(&endpoint, &by, look.now)? {
            return Err(Why::Conflict.into());
        }
        after(&sealing, &by, (RESUME, SYSTEM), SYSTEM)
    })
    .await
}

/// Who acts, and why, where they may.
fn admitted(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    said: &Said,
    (action, target): (&str, &str),
) -> Result<By, Refusal> {
    let user = visitor.operator().ok_or(Why::NotAnOperator)?;
    same_site(&site.web(), site.hosts(), headers)?;
    site.tokens().check(&said.token, (user, action, target))?;
    let why = reason(&said.reason).map_err(|wrong| Refusal::telling(Why::BadReason, wrong))?;
    Ok(By { who: user.to_owned(), why })
}

/// What a lever that does not move is told as.
fn refused(error: LeverError) -> Refusal {
    match error {
        LeverError::Unknown(_) => Why::NotFound.into(),
        LeverError::OutOfPlace { .. }
        | LeverError::AtWork(_)
        | LeverError::SamePerson(..)
        | LeverError::Store(
            StoreError::Moved { .. } | StoreError::PlaceTaken(_) | StoreError::Impossible(_),
        ) => Refusal::telling(Why::Conflict, error.to_string()),
        LeverError::Store(error) => error.into(),
    }
}
