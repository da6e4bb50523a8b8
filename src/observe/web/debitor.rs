//! `/debitor` and `/debitor/rejected`: where the registrations stand that we send, and those that
//! were rejected.

use super::debitor_words::{DebitorWords, aarsag, tilstand};
use super::guard::Visitor;
use super::page::{Frame, Section, Time, html};
use super::refusal::{Refusal, Why};
use super::site::{Look, Site};
use crate::config::web::Language;
use crate::domain::debitor::{Afvisningsaarsag, RegistreringId};
use crate::domain::{Beloeb, Kommunekode};
use crate::observe::figures::{Registreringer, sends_registreringer};
use crate::store::{Moment, RejectedQuery, Stand, Tilstand, Unanswered};
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most transfers that are listed.
const TRANSFERS: usize = 50;
/// Registrations on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "debitor.html")]
struct Page {
    frame: Frame,
    words: &'static DebitorWords,
    counted: Option<Time>,
    facts: Vec<Fact>,
    reasons: Vec<Reason>,
    heads: [&'static str; Tilstand::ALL.len()],
    rows: Vec<Row>,
    unanswered: Vec<Unanswered>,
    is_cut: bool,
}

/// How many stand in one state.
struct Fact {
    what: &'static str,
    antal: u64,
    /// When the first of them was entered.
    oldest: Option<Time>,
}

struct Reason {
    aarsag: Afvisningsaarsag,
    what: &'static str,
    antal: u64,
    oldest: Time,
}

struct Row {
    /// `None` = all together.
    kommune: Option<Kommunekode>,
    counts: [u64; Tilstand::ALL.len()],
}

/// The overview.
pub(super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    site.look(move |look: &Look<'_>| {
        if !sends_registreringer(look.config) {
            return Err(Why::NotFound.into());
        }
        let language = visitor.language;
        let counted = look.figures.registreringer.as_ref();
        let figures = counted.map(|counted| &*counted.figures);
        let unanswered = figures.map(|figures| &figures.unanswered);
        html(&Page {
            frame: Frame::new(&visitor, look, Section::Debitor),
            words: DebitorWords::of(language),
            counted: counted.map(|counted| Time(counted.at)),
            facts: figures.map(|figures| facts(figures, language)).unwrap_or_default(),
            reasons: figures.map(|figures| reasons(figures, language)).unwrap_or_default(),
            heads: Tilstand::ALL.map(|it| tilstand(it, language)),
            rows: figures.map(rows).unwrap_or_default(),
            unanswered: unanswered.into_iter().flatten().take(TRANSFERS).cloned().collect(),
            is_cut: unanswered.is_some_and(|all| all.len() > TRANSFERS),
        })
    })
    .await
}

fn facts(figures: &Registreringer, language: Language) -> Vec<Fact> {
    let words = DebitorWords::of(language);
    let open = [
        (words.backlog, Tilstand::Modtaget),
        (words.in_flight, Tilstand::IOverfoersel),
        (words.awaiting, Tilstand::AfventerKvittering),
        (words.rejected, Tilstand::Afvist),
    ];
    let fact = |(what, tilstand)| {
        let of = || figures.standing.iter().filter(move |one| one.tilstand == tilstand);
        Fact {
            what,
            antal: of().map(|one| one.antal).sum(),
            oldest: of().map(|one| one.oldest).min().map(Time),
        }
    };
    open.map(fact).into()
}

fn reasons(figures: &Registreringer, language: Language) -> Vec<Reason> {
    let mut all: BTreeMap<Afvisningsaarsag, (u64, Moment)> = BTreeMap::new();
    for one in &figures.rejections {
        let (antal, oldest) = all.entry(one.aarsag).or_insert((0, one.oldest));
        *antal += one.antal;
        *oldest = one.oldest.min(*oldest);
    }
    let reason = |(of, (antal, oldest))| {
        let (what, _) = aarsag(of, language);
        Reason { aarsag: of, what, antal, oldest: Time(oldest) }
    };
    let mut reasons: Vec<_> = all.into_iter().map(reason).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.antal));
    reasons
}

/// By municipality, and all together.
fn rows(figures: &Registreringer) -> Vec<Row> {
    let mut all: BTreeMap<Kommunekode, [u64; Tilstand::ALL.len()]> = BTreeMap::new();
    let mut sum = [0; Tilstand::ALL.len()];
    for one in &figures.standing {
        let of = one.tilstand as usize;
        all.entry(one.kommunekode).or_default()[of] += one.antal;
        sum[of] += one.antal;
    }
    let row = |(kommune, counts)| Row { kommune: Some(kommune), counts };
    let together = (!all.is_empty()).then_some(Row { kommune: None, counts: sum });
    all.into_iter().map(row).chain(together).collect()
}

#[derive(Template)]
#[template(path = "debitor_rejected.html")]
struct List {
    frame: Frame,
    words: &'static DebitorWords,
    kommuner: Vec<(Kommunekode, bool)>,
    reasons: Vec<(Afvisningsaarsag, &'static str, bool)>,
    found: Vec<Found>,
    is_first: bool,
    newest: String,
    older: Option<String>,
}

struct Found {
    id: Uuid,
    kommune: Kommunekode,
    operation: String,
    entered: Time,
    reason: Option<Rejection>,
}

/// Why one was rejected.
struct Rejection {
    code: &'static str,
    what: &'static str,
    next: &'static str,
    told: Option<String>,
    restance: Option<Beloeb>,
}

/// A value of the query that may be empty: none is chosen. What cannot be one is refused.
fn chosen<T>(
    visitor: &Visitor,
    key: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Why> {
    match visitor.plain(key) {
        None | Some("") => Ok(None),
        Some(text) => parse(text).map(Some).ok_or(Why::BadRequest),
    }
}

/// The rejected ones, newest first, by pages.
pub(super) async fn rejected(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let query = RejectedQuery {
        kommunekode: chosen(&visitor, "kommune", |it| Kommunekode::parse(it.as_bytes()).ok())?,
        aarsag: chosen(&visitor, "aarsag", Afvisningsaarsag::parse)?,
        before: chosen(&visitor, "before", |it| it.parse().ok().map(RegistreringId))?,
        limit: PAGE,
    };
    site.look(move |look: &Look<'_>| {
        if !sends_registreringer(look.config) {
            return Err(Why::NotFound.into());
        }
        let language = visitor.language;
        let page = look.store.rejected(&query)?;
        let kommuner = Kommunekode::all().map(|it| (it, Some(it) == query.kommunekode));
        let reasons = Afvisningsaarsag::ALL.iter().map(|it| {
            let (what, _) = aarsag(*it, language);
            (*it, what, Some(*it) == query.aarsag)
        });
        let found = page.found.into_iter().map(|stand| found(stand, language));
        html(&List {
            frame: Frame::new(&visitor, look, Section::Debitor),
            words: DebitorWords::of(language),
            kommuner: kommuner.collect(),
            reasons: reasons.collect(),
            found: found.collect(),
            is_first: query.before.is_none(),
            newest: address(&query, None),
            older: page.next.map(|next| address(&query, Some(next))),
        })
    })
    .await
}

/// Where the page of this query is that begins there.
fn address(query: &RejectedQuery, before: Option<RegistreringId>) -> String {
    let pairs = [
        ("kommune", query.kommunekode.map(|it| it.to_string())),
        ("aarsag", query.aarsag.map(|it| it.to_string())),
        ("before", before.map(|it| it.to_string())),
    ];
    let pairs = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    let pairs: Vec<_> = pairs.collect();
    format!("/debitor/rejected?{}", pairs.join("&"))
}

fn found(stand: Stand, language: Language) -> Found {
    let reason = stand.afvisning.map(|afvisning| {
        let (what, next) = aarsag(afvisning.aarsag, language);
        let code = afvisning.aarsag.code();
        Rejection { code, what, next, told: afvisning.shown(), restance: afvisning.restance }
    });
    Found {
        id: stand.registrering_id.0,
        kommune: stand.kommunekode,
        operation: stand.operation.to_string(),
        entered: Time(stand.modtaget),
        reason,
    }
}
