//! `/files`: every file there is, by page; and one of them.

pub(super) mod one;
mod report;

use super::guard::Visitor;
use super::nouns::{direction_word, state_class, state_word};
use super::page::{Frame, Section, Time, html, with, without};
use super::refusal::{Refusal, Why};
use super::site::{Look, Site};
use super::words::FilesWords;
use crate::config::FlowName;
use crate::config::web::Language;
use crate::domain::{ForespoergselId, Kommunekode};
use crate::store::{KVITTERING, Transfer, TransferFilter};
use crate::transfer::state::{Direction, State};
use askama::Template;
use axum::Extension;
use axum::extract::{Query, State as Of};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

/// Files on a page.
const PAGE: u32 = 50;
/// Longest text that is searched for, bytes: no name is longer.
const LONGEST: usize = 255;

/// What is asked for; what is empty asks for nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    state: String,
    flow: String,
    kommune: String,
    direction: String,
    before: Option<Uuid>,
    after: Option<Uuid>,
}

#[derive(Template)]
#[template(path = "files.html")]
struct Files {
    frame: Frame,
    words: &'static FilesWords,
    query: String,
    states: Vec<Choice>,
    flows: Vec<Choice>,
    kommuner: Vec<Choice>,
    directions: Vec<Choice>,
    rows: Vec<Row>,
    /// Whether files were looked for by their name, and come in its order.
    is_by_name: bool,
    newer: Option<String>,
    older: Option<String>,
}

/// What can be chosen in a list.
struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

/// A file in a list.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) changed: Time,
    pub(super) state: &'static str,
    pub(super) class: &'static str,
    pub(super) direction: &'static str,
    pub(super) arrow: &'static str,
    pub(super) flow: String,
    pub(super) kommune: String,
    pub(super) place: String,
    pub(super) name: String,
    pub(super) code: &'static str,
}

impl Row {
    pub(super) fn of(transfer: Transfer, language: Language) -> Self {
        let Transfer { id, direction, flow, place, state, kommunekode, problem, .. } = transfer;
        Self {
            id,
            changed: Time(transfer.changed_at),
            state: state_word(state, language),
            class: state_class(state),
            direction: direction_word(direction, language),
            arrow: if direction == Direction::Inbound { "←" } else { "→" },
            flow,
            kommune: kommunekode.map(named).unwrap_or_default(),
            place: format!("{}:{}", place.endpoint, place.directory),
            name: place.name,
            code: problem.map_or("", |problem| problem.code.as_str()),
        }
    }
}

/// `0101 København`
pub(super) fn named(kommune: Kommunekode) -> String {
    format!("{kommune} {}", kommune.navn())
}

/// The page.
pub(super) async fn page(
    Of(site): Of<Site>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    site.look(move |look| {
        let found = find(look, &asked)?;
        let Found { transfers, newer, older } = match found {
            Searched::One(id) => return Ok(Redirect::to(&format!("/files/{id}")).into_response()),
            Searched::Many(found) => found,
        };
        let language = visitor.language;
        let base = without(&visitor.query, &["before", "after"]);
        let is_by_name = !asked.q.trim().is_empty();
        let towards = |way: &str, id: Option<Uuid>| id.map(|id| with(&base, way, &id.to_string()));
        let chosen = |value: &str, name: String, chosen: &str| Choice {
            is_chosen: value == chosen,
            value: value.to_owned(),
            name,
        };
        let flows = FlowName::ALL.iter().map(|flow| flow.as_str()).chain([KVITTERING]);
        html(&Files {
            frame: Frame::new(&visitor, look, Section::Files),
            words: FilesWords::of(language),
            states: State::ALL
                .iter()
                .map(|it| chosen(it.word(), state_word(*it, language).into(), &asked.state))
                .collect(),
            flows: flows.map(|flow| chosen(flow, flow.to_owned(), &asked.flow)).collect(),
            kommuner: Kommunekode::all()
                .map(|it| chosen(&it.to_string(), named(it), &asked.kommune))
                .collect(),
            directions: Direction::ALL
                .iter()
                .map(|it| chosen(it.word(), direction_word(*it, language).into(), &asked.direction))
                .collect(),
            rows: transfers.into_iter().map(|transfer| Row::of(transfer, language)).collect(),
            newer: towards("after", newer),
            older: towards(if is_by_name { "after" } else { "before" }, older),
            is_by_name,
            query: asked.q,
        })
    })
    .await
}

enum Searched {
    /// The one whose id was given.
    One(Uuid),
    Many(Found),
}

/// A page of files, and the files that the pages beside it begin behind.
#[derive(Default)]
struct Found {
    transfers: Vec<Transfer>,
    newer: Option<Uuid>,
    older: Option<Uuid>,
}

fn find(look: &Look<'_>, asked: &Asked) -> Result<Searched, Refusal> {
    let text = asked.q.trim();
    if text.len() > LONGEST {
        return Err(Why::BadRequest.into());
    }
    if text.is_empty() {
        return filtered(look, asked).map(Searched::Many);
    }
    if let Ok(id) = text.parse() {
        if look.store.transfer(id)?.is_some() {
            return Ok(Searched::One(id));
        }
        let forespoergsel_id = Some(ForespoergselId(id));
        let filter = TransferFilter { forespoergsel_id, limit: Some(PAGE), ..Default::default() };
        let transfers = look.store.transfers(&filter)?;
        return Ok(Searched::Many(Found { transfers, ..Found::default() }));
    }
    let mut transfers = look.store.named(text, asked.after, PAGE + 1)?;
    let older = cut(&mut transfers);
    Ok(Searched::Many(Found { transfers, newer: None, older }))
}

fn filtered(look: &Look<'_>, asked: &Asked) -> Result<Found, Refusal> {
    let (before, after) = (asked.before, asked.after.filter(|_| asked.before.is_none()));
    let filter = TransferFilter {
        direction: known(&asked.direction, Direction::from_word)?,
        states: known(&asked.state, State::from_word)?.into_iter().collect(),
        flow: Some(asked.flow.clone()).filter(|flow| !flow.is_empty()),
        kommunekode: known(&asked.kommune, |code| Kommunekode::parse(code.as_bytes()).ok())?,
        before,
        after,
        limit: Some(PAGE + 1),
        ..TransferFilter::default()
    };
    let mut transfers = look.store.transfers(&filter)?;
    let first = |transfers: &[Transfer]| transfers.first().map(|transfer| transfer.id);
    if after.is_none() {
        let older = cut(&mut transfers);
        let newer = first(&transfers).filter(|_| before.is_some());
        return Ok(Found { transfers, newer, older });
    }
    let is_more = transfers.len() > PAGE as usize;
    if is_more {
        // The one next to the page before, and the newest of these.
        transfers.remove(0);
    }
    let older = transfers.last().map(|transfer| transfer.id);
    Ok(Found { newer: first(&transfers).filter(|_| is_more), older, transfers })
}

/// Takes away what is more than a page; the last of the page, where there was more.
fn cut(transfers: &mut Vec<Transfer>) -> Option<Uuid> {
    let is_more = transfers.len() > PAGE as usize;
    transfers.truncate(PAGE as usize);
    transfers.last().map(|transfer| transfer.id).filter(|_| is_more)
}

/// What a word of the query names; the empty one names nothing.
fn known<T>(word: &str, of: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Refusal> {
    if word.is_empty() {
        return Ok(None);
    }
    of(word).map(Some).ok_or_else(|| Why::BadRequest.into())
}
