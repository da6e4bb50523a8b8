//! `/` and `/payout/{dispositionsdato}`: is the payout safe? Problems first, then the country, then
//! every municipality.

use super::guard::Visitor;
use super::map;
use super::page::{Frame, Section, Time, html};
use super::payout_problems::{Problem, problems};
use super::payout_words::{PayoutWords, answered, closes, needs, settled};
use super::refusal::{Refusal, Why};
use super::site::{Look, Site};
use crate::config::web::Language;
use crate::domain::kommune::Region;
use crate::domain::tavle::{Bounds, Delivery, Standing};
use crate::domain::{Kommunekode, Tal};
use crate::flow::tavle::{Board, BoardRow, words};
use crate::observe::figures::Figures;
use crate::store::{Afstemninger, Moment};
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;

#[derive(Template)]
#[template(path = "payout.html")]
struct Page {
    frame: Frame,
    words: &'static PayoutWords,
    day: String,
    previous: Option<Link>,
    next: Option<Link>,
    verdict: Verdict,
    bounds: Vec<Bound>,
    expected: Tal,
    reported: Tal,
    counted: Option<Time>,
    before: Option<Link>,
    problems: Vec<Problem>,
    size: (usize, usize),
    tiles: Vec<Tile>,
    legend: Vec<Share>,
    regions: Vec<Part>,
}

#[derive(Template)]
#[template(path = "no_payout.html")]
struct NoPayout {
    frame: Frame,
    head: &'static str,
    what: &'static str,
}

/// Another page, and what it is called.
pub(super) struct Link {
    pub(super) path: String,
    pub(super) text: String,
}

impl Link {
    fn to(dispositionsdato: NaiveDate, language: Language) -> Self {
        let text = words::long_day(dispositionsdato, language);
        Self { path: format!("/payout/{dispositionsdato}"), text }
    }
}

/// The answer in five seconds.
struct Verdict {
    kind: &'static str,
    word: &'static str,
    sentence: String,
}

/// By when files must have come.
struct Bound {
    what: &'static str,
    due: String,
    machine: Time,
    left: String,
}

/// A municipality on the map.
struct Tile {
    kommune: Kommunekode,
    short: String,
    x: usize,
    y: usize,
    /// `None` = it takes no part.
    stands: Option<Stands>,
}

/// Where a municipality stands, to be seen: by a word, by a sign, by a colour.
#[derive(Clone, Copy)]
struct Stands {
    word: &'static str,
    sign: &'static str,
    kind: &'static str,
}

/// How many stand there.
struct Share {
    stands: Stands,
    count: usize,
}

/// A region and its municipalities.
struct Part {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    kommune: Kommunekode,
    stands: Stands,
    asked: Option<Time>,
    asked_text: String,
    answer: String,
    expected: Tal,
    reported: Tal,
    notes: String,
}

/// The payout to care for now, by the calendar.
pub(super) async fn current(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    site.look(move |look: &Look<'_>| {
        let words = PayoutWords::of(visitor.language);
        let Some(kalender) = &look.config.payouts else {
            return none(look, &visitor, words.no_calendar, words.no_calendar_what);
        };
        match kalender.current(look.now) {
            Some(dispositionsdato) => page(look, &visitor, dispositionsdato, true),
            None => none(look, &visitor, words.over, words.over_what),
        }
    })
    .await
}

/// One payout.
pub(super) async fn of(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(dispositionsdato): Path<String>,
) -> Result<Response, Refusal> {
    let dispositionsdato: NaiveDate = dispositionsdato.parse().map_err(|_| Why::NotFound)?;
    site.look(move |look: &Look<'_>| {
        let kalender = look.config.payouts.as_ref();
        if kalender.is_some_and(|all| !all.is_dispositionsdato(dispositionsdato)) {
            return Err(Why::NotFound.into());
        }
        page(look, &visitor, dispositionsdato, false)
    })
    .await
}

fn none(
    look: &Look<'_>,
    visitor: &Visitor,
    head: &'static str,
    what: &'static str,
) -> Result<Response, Refusal> {
    let frame = Frame::new(visitor, look, Section::Payout);
    html(&NoPayout { frame, head, what })
}

/// A payout's board, with the figures that are known.
fn board(look: &Look<'_>, dispositionsdato: NaiveDate) -> Result<Board, Refusal> {
    let none = Afstemninger::new();
    let known = figures_of(&look.figures, dispositionsdato);
    let figures = known.as_deref().unwrap_or(&none);
    Ok(Board::with_figures(look.config, look.store, dispositionsdato, figures, look.now)?)
}

/// What was counted of a payout.
pub(super) fn figures_of(
    figures: &Figures,
    dispositionsdato: NaiveDate,
) -> Option<std::sync::Arc<Afstemninger>> {
    let payout = figures.payouts.as_ref()?.figures.get(&dispositionsdato)?;
    Some(std::sync::Arc::clone(&payout.afstemninger))
}

/// The payout before this one, where that still needs somebody.
fn unsettled_before(
    look: &Look<'_>,
    dispositionsdato: NaiveDate,
    language: Language,
) -> Result<Option<Link>, Refusal> {
    let kalender = look.config.payouts.as_ref();
    let Some(before) = kalender.and_then(|all| all.previous(dispositionsdato)) else {
        return Ok(None);
    };
    let board = board(look, before)?;
    // Before the first file of a new installation nothing was expected of anybody.
    let is_unsettled = board.is_touched() && board.has_problems();
    Ok(is_unsettled.then(|| Link::to(before, language)))
}

fn page(
    look: &Look<'_>,
    visitor: &Visitor,
    dispositionsdato: NaiveDate,
    is_current: bool,
) -> Result<Response, Refusal> {
    let language = visitor.language;
    let board = board(look, dispositionsdato)?;
    let before =
        if is_current { unsettled_before(look, dispositionsdato, language)? } else { None };
    let link = |day: Option<NaiveDate>| day.map(|day| Link::to(day, language));
    let kalender = look.config.payouts.as_ref();
    let words = PayoutWords::of(language);
    html(&Page {
        frame: Frame::new(visitor, look, Section::Payout),
        words,
        day: words::long_day(dispositionsdato, language),
        previous: link(kalender.and_then(|all| all.previous(dispositionsdato))),
        next: link(kalender.and_then(|all| all.next(dispositionsdato))),
        verdict: verdict(&board, before.is_some(), look.now, language),
        bounds: bounds(board.bounds, look.now, language),
        expected: board.expected(),
        reported: board.reported(),
        counted: look.figures.payouts.as_ref().map(|counted| Time(counted.at)),
        before,
        problems: problems(&board, language),
        size: (map::COLUMNS * PITCH, map::ROWS * PITCH),
        tiles: tiles(&board, language),
        legend: legend(&board, language),
        regions: regions(&board, language),
    })
}

/// One sentence, and a word before it.
fn verdict(board: &Board, is_before_unsettled: bool, now: Moment, language: Language) -> Verdict {
    let Bounds { request_due, report_due } = board.bounds;
    let all = board.rows.len();
    let count =
        |is: &dyn Fn(Standing) -> bool| board.rows.iter().filter(|row| is(row.standing())).count();
    let is_asking = request_due.is_none_or(|due| now <= due);
    let mut parts = vec![if is_asking || report_due.is_none() {
        answered(board.rows.iter().filter(|row| is_answered(row)).count(), all, language)
    } else {
        let is_done = |it| matches!(it, Standing::Settled | Standing::Empty);
        settled(count(&is_done), all, language)
    }];
    let waiting =
        count(&Standing::is_problem) + board.unattributed.len() + usize::from(is_before_unsettled);
    parts.push(needs(waiting, language));
    let due = request_due.filter(|_| is_asking).or(report_due);
    if let Some(due) = due {
        let left = words::countdown(due, now, language);
        parts.push(closes(is_asking && request_due.is_some(), &left, language));
    }
    let words = PayoutWords::of(language);
    let is_complete = board.rows.iter().all(is_answered);
    let (kind, word) = match (waiting, is_complete) {
        (0, true) => ("good", words.safe),
        (0, false) => ("plain", words.under_way),
        _ => ("bad", words.needs_you),
    };
    Verdict { kind, word, sentence: parts.join(", ") }
}

/// Whether the answer is where it belongs.
fn is_answered(row: &BoardRow) -> bool {
    let mut asked = row.facts.requests.iter().filter(|it| it.delivery != Delivery::Cancelled);
    asked.clone().next().is_some() && asked.all(|request| request.delivery == Delivery::Delivered)
}

fn bounds(bounds: Bounds, now: Moment, language: Language) -> Vec<Bound> {
    let words = PayoutWords::of(language);
    let both = [(words.requests_by, bounds.request_due), (words.reports_by, bounds.report_due)];
    let known = both.into_iter().filter_map(|(what, due)| Some((what, due?)));
    let bound = |(what, due)| Bound {
        what,
        due: words::short(due, language),
        machine: Time(due),
        left: words::countdown(due, now, language),
    };
    known.map(bound).collect()
}

fn stands(standing: Standing, language: Language) -> Stands {
    let (sign, kind) = match standing {
        Standing::Rejected => ("×", "bad"),
        Standing::Held => ("‖", "bad"),
        Standing::Undelivered => ("↯", "bad"),
        Standing::Duplicate => ("2×", "bad"),
        Standing::Missing => ("?", "bad"),
        Standing::Late => ("!", "bad"),
        Standing::Awaiting => ("…", "plain"),
        Standing::Received => ("→", "warn"),
        Standing::Answered => ("✓", "good"),
        Standing::Empty => ("0", "good"),
        Standing::Reported => ("½", "warn"),
        Standing::Settled => ("✓✓", "good"),
    };
    Stands { word: words::standing(standing, language), sign, kind }
}

/// From one tile to the next, in the map's own units; a tile is a little smaller.
const PITCH: usize = 42;
/// Letters of a name that fit into a tile.
const LETTERS: usize = 5;

fn tiles(board: &Board, language: Language) -> Vec<Tile> {
    let tile = |(kommune, column, row): (Kommunekode, usize, usize)| {
        let here = board.rows.iter().find(|row| row.kommune == kommune);
        Tile {
            kommune,
            short: kommune.navn().chars().take(LETTERS).collect(),
            x: column * PITCH + 1,
            y: row * PITCH + 1,
            stands: here.map(|row| stands(row.standing(), language)),
        }
    };
    map::places().map(tile).collect()
}

fn legend(board: &Board, language: Language) -> Vec<Share> {
    let share = |(standing, count)| Share { stands: stands(standing, language), count };
    board.sum().into_iter().map(share).collect()
}

/// In the order of the map.
const REGIONS: [Region; 5] = [
    Region::Nordjylland,
    Region::Midtjylland,
    Region::Syddanmark,
    Region::Hovedstaden,
    Region::Sjaelland,
];

fn regions(board: &Board, language: Language) -> Vec<Part> {
    let part = |region: Region| {
        let here = board.rows.iter().filter(|row| row.kommune.region() == region);
        let rows: Vec<_> = here.map(|row| self::row(row, board, language)).collect();
        (!rows.is_empty()).then(|| Part { name: region.to_string(), rows })
    };
    REGIONS.into_iter().filter_map(part).collect()
}

fn row(row: &BoardRow, board: &Board, language: Language) -> Row {
    let words = PayoutWords::of(language);
    let last = row.facts.requests.last();
    let answer = last.map(|request| match request.delivery {
        Delivery::UnderWay => words.on_its_way.to_owned(),
        Delivery::Stuck => words.stuck.to_owned(),
        Delivery::Cancelled => words.cancelled.to_owned(),
        Delivery::Delivered => {
            let file = board.files.get(&request.answer);
            file.map(|file| words::short(file.changed_at, language)).unwrap_or_default()
        }
    });
    let notes: Vec<_> = row.notes().map(|note| words::what(note, board, language)).collect();
    Row {
        kommune: row.kommune,
        stands: stands(row.standing(), language),
        asked: last.map(|request| Time(request.at)),
        asked_text: last.map(|it| words::short(it.at, language)).unwrap_or_default(),
        answer: answer.unwrap_or_default(),
        expected: row.facts.afstemning.forventet(),
        reported: row.facts.afstemning.modtaget(),
        notes: notes.join("; "),
    }
}
