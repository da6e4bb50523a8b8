//! `/files/{id}`: one file, its whole history, what is wrong with it, and what belongs to it.

use super::super::acting::{Button, buttons, done};
use super::super::guard::Visitor;
use super::super::masked::masked;
use super::super::nouns::{direction_word, event_word, state_class, state_word, verdict_word};
use super::super::page::{Frame, Section, Time, html};
use super::super::refusal::{Refusal, Why};
use super::super::site::{Look, Site};
use super::super::words::{ActingWords, FileWords, FilesWords};
use super::report::{self, Shown};
use super::{Row, named};
use crate::config::web::Language;
use crate::fault::Code;
use crate::store::{Delivery, EventRow, Problem, Receipt, Transfer, TransferFilter};
use crate::transfer::levers::LONGEST_REASON;
use crate::transfer::spool::Spool;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State as Of};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// Most files shown of the same request.
const RELATED: u32 = 20;

#[derive(Template)]
#[template(path = "file.html")]
struct OneFile {
    frame: Frame,
    words: &'static FileWords,
    list_words: &'static FilesWords,
    file: Row,
    facts: Vec<(&'static str, String)>,
    problem: Option<Wrong>,
    events: Vec<Event>,
    receipts: Vec<Kvittering>,
    report: Option<Shown>,
    /// Whether the report is kept as files, too.
    is_kept: bool,
    related: Vec<Row>,
    acting: &'static ActingWords,
    buttons: Vec<Button>,
    /// What was done just now.
    done: Option<&'static str>,
}

/// A step of its life.
struct Event {
    at: Time,
    what: &'static str,
    state: &'static str,
    class: &'static str,
    by: Option<(String, String)>,
    problem: Option<Wrong>,
}

/// What is wrong: the text is our operators', in English.
struct Wrong {
    code: &'static str,
    meaning: &'static str,
    text: String,
}

impl Wrong {
    fn of(problem: Problem, language: Language) -> Self {
        let meaning = match language {
            Language::Da => problem.code.dansk().unwrap_or_default(),
            Language::En => problem.code.meaning(),
        };
        Self { code: problem.code.as_str(), meaning, text: problem.text }
    }
}

/// A receipt, and the file at its other end.
struct Kvittering {
    transfer: Uuid,
    verdict: &'static str,
    reason: String,
    /// Whether it is this file that is the receipt.
    is_this: bool,
}

/// The page.
pub(in super::super) async fn page(
    Of(site): Of<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id: Uuid = id.parse().map_err(|_| Why::NotFound)?;
    let with_buttons = site.clone();
    site.look(move |look| html(&one(&with_buttons, look, &visitor, id)?)).await
}

fn one(site: &Site, look: &Look<'_>, visitor: &Visitor, id: Uuid) -> Result<OneFile, Refusal> {
    let (store, language) = (look.store, visitor.language);
    let transfer = store.transfer(id)?.ok_or(Why::NotFound)?;
    let words = FileWords::of(language);
    let events = store.events(id)?.into_iter().map(|row| Event::of(row, language)).collect();
    let quarantine = Spool::new(&look.config.state_dir).quarantine(id);
    let kept = report::text(&quarantine, crate::transfer::report::JSON)?;
    let is_kept = kept.is_some();
    let told = match kept {
        Some(json) => Some(json),
        None => store.rapport(id)?,
    };
    let mut receipts: Vec<_> =
        store.receipts(id)?.into_iter().map(|it| Kvittering::of(it, false, language)).collect();
    let itself = store.receipt(id)?;
    receipts.extend(itself.map(|it| Kvittering::of(it, true, language)));
    Ok(OneFile {
        frame: Frame::new(visitor, look, Section::Files),
        words,
        list_words: FilesWords::of(language),
        facts: facts(&transfer, store.delivery(id)?, words, language),
        problem: transfer.problem.clone().map(|it| Wrong::of(it, language)),
        events,
        receipts,
        report: told.as_deref().and_then(|json| report::shown(json, language)),
        is_kept,
        related: related(look, &transfer, language)?,
        acting: ActingWords::of(language),
        buttons: buttons(site, look, visitor, &transfer)?,
        done: done(site, visitor, &id.to_string()),
        file: Row::of(transfer, language),
    })
}

impl Event {
    fn of(row: EventRow, language: Language) -> Self {
        let words = FileWords::of(language);
        // What an operator decided is their reason, told already.
        let problem = row.problem.filter(|problem| problem.code != Code::ByOperator);
        Self {
            at: Time(row.at),
            what: row.event.map_or(words.begins, |event| event_word(event, language)),
            state: state_word(row.state, language),
            class: state_class(row.state),
            by: row.by.map(|by| (by.who, by.why)),
            problem: problem.map(|problem| Wrong::of(problem, language)),
        }
    }
}

impl Kvittering {
    fn of(receipt: Receipt, is_this: bool, language: Language) -> Self {
        Self {
            transfer: if is_this { receipt.about } else { receipt.transfer },
            verdict: verdict_word(receipt.verdict, language),
            reason: receipt.reason.unwrap_or_default(),
            is_this,
        }
    }
}

fn facts(
    transfer: &Transfer,
    delivery: Option<Delivery>,
    words: &'static FileWords,
    language: Language,
) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        (words.id, transfer.id.to_string()),
        (words.direction, direction_word(transfer.direction, language).to_owned()),
        (words.flow, transfer.flow.clone()),
        (words.place, format!("{}:{}", transfer.place.endpoint, transfer.place.directory)),
    ];
    let mut known = |word, value: Option<String>| facts.extend(value.map(|value| (word, value)));
    known(words.kommune, transfer.kommunekode.map(named));
    known(words.forespoergsel, transfer.forespoergsel_id.map(|id| id.to_string()));
    known(words.dispositionsdato, transfer.dispositionsdato.map(|day| day.to_string()));
    let payload = transfer.payload;
    known(words.size, payload.map(|payload| format!("{} {}", payload.size, words.bytes)));
    known(words.sha256, payload.map(|payload| hex::encode(payload.sha256)));
    known(words.created, Some(Time(transfer.created_at).text()));
    known(words.attempts, Some(transfer.attempts).filter(|n| *n > 0).map(|n| n.to_string()));
    let brought = |it: Delivery| format!("{}, {}", it.sender, it.file_transfer_uuid);
    known(words.brought, delivery.map(brought));
    facts
}

/// The other files of the same request.
fn related(look: &Look<'_>, transfer: &Transfer, language: Language) -> Result<Vec<Row>, Refusal> {
    if transfer.forespoergsel_id.is_none() {
        return Ok(Vec::new());
    }
    let forespoergsel_id = transfer.forespoergsel_id;
    let filter = TransferFilter { forespoergsel_id, limit: Some(RELATED), ..Default::default() };
    let mut all = look.store.transfers(&filter)?;
    all.retain(|other| other.id != transfer.id);
    Ok(all.into_iter().map(|other| Row::of(other, language)).collect())
}

/// `/files/{id}/report/{form}`: the error report as a file.
pub(in super::super) async fn report_file(
    Of(site): Of<Site>,
    Extension(visitor): Extension<Visitor>,
    Path((id, form)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let id: Uuid = id.parse().map_err(|_| Why::NotFound)?;
    let (name, kind) = report::file_of(&form, visitor.language).ok_or(Why::NotFound)?;
    site.look(move |look| {
        // Its name is made of what the store knows, never of what was asked.
        let transfer = look.store.transfer(id)?.ok_or(Why::NotFound)?;
        let directory = Spool::new(&look.config.state_dir).quarantine(transfer.id);
        let text = report::text(&directory, name)?.ok_or(Why::NotFound)?;
        let as_file = format!("attachment; filename=\"{}-{name}\"", transfer.id);
        let headers = [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, as_file)];
        Ok((headers, masked(&text).into_owned()).into_response())
    })
    .await
}
