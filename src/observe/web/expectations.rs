//! `/expectations`: expected against received, of one payout by municipality, and over the latest
//! payouts.

use super::charts::{Bar, Columns};
use super::guard::Visitor;
use super::page::{Frame, Section, Time, html};
use super::payout::figures_of;
use super::payout_words::{ExpectationsWords, PayoutWords, udfald};
use super::refusal::{Refusal, Why};
use super::site::{Look, Site};
use crate::config::web::Language;
use crate::domain::{Afstemning, Beloeb, Kommunekode, Tal, Udfald};
use crate::flow::tavle::words::long_day;
use crate::store::Afstemninger;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use std::sync::Arc;

/// How many payouts are shown beside each other.
const LATEST: usize = 12;

#[derive(Template)]
#[template(path = "expectations.html")]
struct Page {
    frame: Frame,
    words: &'static ExpectationsWords,
    /// When it was counted; `None` = not yet.
    counted: Option<Time>,
    counting: &'static PayoutWords,
    choices: Vec<Choice>,
    chosen: Option<Payout>,
    columns: Columns,
    outcomes: Vec<Outcome>,
    latest: Vec<Latest>,
}

/// A payout that can be chosen.
struct Choice {
    dispositionsdato: NaiveDate,
    day: String,
    is_chosen: bool,
}

struct Payout {
    day: String,
    rows: Vec<Row>,
    sum: Row,
}

struct Row {
    /// `None` = all together.
    kommune: Option<Kommunekode>,
    expected: Tal,
    received: Tal,
    missing: Beloeb,
    open: u64,
    unexpected: Tal,
    bar: Bar,
}

struct Outcome {
    udfald: Udfald,
    word: &'static str,
}

/// One of the latest payouts, in the table.
struct Latest {
    dispositionsdato: NaiveDate,
    day: String,
    counts: Vec<u64>,
    expected: Tal,
    received: Beloeb,
}

/// The page.
pub(super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let wanted = visitor.plain("dispositionsdato").map(str::parse);
    let wanted: Option<NaiveDate> = wanted.transpose().map_err(|_| Why::BadRequest)?;
    site.look(move |look: &Look<'_>| {
        let language = visitor.language;
        let all = look.figures.payouts.as_ref();
        let dates: Vec<_> = all.iter().flat_map(|all| all.figures.keys().rev()).copied().collect();
        let now = look.config.payouts.as_ref().and_then(|all| all.current(look.now));
        // The one to care for now, or else the newest there is anything of.
        let chosen = wanted.or(now.filter(|now| dates.contains(now))).or(dates.first().copied());
        let choice = |dispositionsdato: &NaiveDate| Choice {
            dispositionsdato: *dispositionsdato,
            day: long_day(*dispositionsdato, language),
            is_chosen: Some(*dispositionsdato) == chosen,
        };
        let figures = chosen.and_then(|day| Some((day, figures_of(&look.figures, day)?)));
        let (columns, latest) = latest(look, &dates, language);
        html(&Page {
            frame: Frame::new(&visitor, look, Section::Expectations),
            words: ExpectationsWords::of(language),
            counted: all.map(|all| Time(all.at)),
            counting: PayoutWords::of(language),
            choices: dates.iter().map(choice).collect(),
            chosen: figures.map(|(day, figures)| payout(day, &figures, language)),
            columns,
            outcomes: Udfald::ALL
                .map(|of| Outcome { udfald: of, word: udfald(of, language) })
                .into(),
            latest,
        })
    })
    .await
}

fn together(figures: &Afstemninger) -> Afstemning {
    let mut sum = Afstemning::default();
    for one in figures.values() {
        sum += *one;
    }
    sum
}

fn payout(dispositionsdato: NaiveDate, figures: &Arc<Afstemninger>, language: Language) -> Payout {
    let largest = |one: &Afstemning| one.forventet().beloeb.max(one.modtaget().beloeb);
    let most = figures.values().map(largest).max().unwrap_or_default();
    let row = |(kommune, one): (&Kommunekode, &Afstemning)| row(Some(*kommune), one, most);
    let sum = together(figures);
    Payout {
        day: long_day(dispositionsdato, language),
        rows: figures.iter().map(row).collect(),
        sum: self::row(None, &sum, largest(&sum)),
    }
}

fn row(kommune: Option<Kommunekode>, one: &Afstemning, most: Beloeb) -> Row {
    let (expected, received) = (one.forventet(), one.modtaget());
    Row {
        kommune,
        expected,
        received,
        missing: one.mangler(),
        open: one.post(Udfald::Aaben).antal + one.post(Udfald::Udeblevet).antal,
        unexpected: one.uventet,
        bar: Bar::new(received.beloeb, expected.beloeb, most),
    }
}

/// The latest payouts, as a chart and, newest first, as a table.
fn latest(look: &Look<'_>, dates: &[NaiveDate], language: Language) -> (Columns, Vec<Latest>) {
    let newest = dates.iter().take(LATEST).filter_map(|day| {
        let figures = figures_of(&look.figures, *day)?;
        Some((*day, together(&figures)))
    });
    let newest: Vec<(NaiveDate, Afstemning)> = newest.collect();
    let label = |(day, sum): &(NaiveDate, Afstemning)| (day.format("%d.%m.%y").to_string(), *sum);
    let columns: Vec<_> = newest.iter().rev().map(label).collect();
    let line = |(day, sum): &(NaiveDate, Afstemning)| Latest {
        dispositionsdato: *day,
        day: long_day(*day, language),
        counts: Udfald::ALL.map(|of| sum.post(of).antal).into(),
        expected: sum.forventet(),
        received: sum.modtaget().beloeb,
    };
    (Columns::new(&columns, language), newest.iter().map(line).collect())
}
