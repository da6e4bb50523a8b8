//! The board in words, English and Danish: moments, countdowns, and what there is to say of a
//! municipality. Moments are Danish local time.

use super::Board;
use crate::config::web::Language;
use crate::domain::tavle::{Finding, Standing};
use crate::domain::{Kommunekode, Tal};
use crate::store::{Moment, Transfer};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta};
use chrono_tz::Europe::Copenhagen;
use chrono_tz::Tz;

const DAYS: [&str; 7] = ["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"];
const MONTHS: [&str; 12] = [
    "januar",
    "februar",
    "marts",
    "april",
    "maj",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "december",
];

fn day(date: &impl Datelike) -> &'static str {
    DAYS[date.weekday().num_days_from_monday() as usize]
}

fn month(date: &impl Datelike) -> &'static str {
    MONTHS[date.month0() as usize]
}

/// `Monday 30 November 2026`, `mandag den 30. november 2026`.
pub fn long_day(date: NaiveDate, language: Language) -> String {
    match language {
        Language::En => date.format("%A %-d %B %Y").to_string(),
        Language::Da => {
            format!("{} den {}. {} {}", day(&date), date.day(), month(&date), date.year())
        }
    }
}

/// `Mon 23 Nov 12:00`, `man 23. nov 12:00`.
pub fn short(at: Moment, language: Language) -> String {
    let at: DateTime<Tz> = at.with_timezone(&Copenhagen);
    match language {
        Language::En => at.format("%a %-d %b %H:%M").to_string(),
        Language::Da => {
            let first = |word: &'static str| word.chars().take(3).collect::<String>();
            let (day, month) = (first(day(&at)), first(month(&at)));
            format!("{day} {}. {month} {}", at.day(), at.format("%H:%M"))
        }
    }
}

/// How far away a moment is: `in 2 days 3 h`, `over for 20 min`.
pub fn countdown(due: Moment, now: Moment, language: Language) -> String {
    let left = due - now;
    let length = length(left.abs(), language);
    match (language, left >= TimeDelta::zero()) {
        (Language::En, true) => format!("in {length}"),
        (Language::En, false) => format!("over for {length}"),
        (Language::Da, true) => format!("om {length}"),
        (Language::Da, false) => format!("udløb for {length} siden"),
    }
}

/// How long it is, in words: as much of it as matters.
pub fn length(time: TimeDelta, language: Language) -> String {
    let (days, hours, minutes) = (time.num_days(), time.num_hours() % 24, time.num_minutes() % 60);
    let (day, h) = match (language, days) {
        (Language::En, 1) => ("day", "h"),
        (Language::En, _) => ("days", "h"),
        (Language::Da, 1) => ("dag", "t"),
        (Language::Da, _) => ("dage", "t"),
    };
    match (days, hours, minutes) {
        (7.., ..) | (1.., 0, _) => format!("{days} {day}"),
        (1.., ..) => format!("{days} {day} {hours} {h}"),
        (_, 1.., 0) => format!("{hours} {h}"),
        (_, 1.., _) => format!("{hours} {h} {minutes} min"),
        _ => format!("{minutes} min"),
    }
}

/// The word for where a municipality stands.
pub const fn standing(standing: Standing, language: Language) -> &'static str {
    match language {
        Language::En => standing.word(),
        Language::Da => match standing {
            Standing::Rejected => "afvist",
            Standing::Held => "tilbageholdt",
            Standing::Undelivered => "ikke afleveret",
            Standing::Duplicate => "dobbelt",
            Standing::Missing => "mangler",
            Standing::Late => "for sent",
            Standing::Awaiting => "afventes",
            Standing::Received => "modtaget",
            Standing::Answered => "besvaret",
            Standing::Empty => "tom",
            Standing::Reported => "indberettet",
            Standing::Settled => "afsluttet",
        },
    }
}

/// `12 (19.236,00 kr.)`
pub fn tal(tal: Tal) -> String {
    format!("{} ({} kr.)", tal.antal, tal.beloeb)
}

/// What is wrong, or good to know.
pub fn what(finding: &Finding, board: &Board, language: Language) -> String {
    match language {
        Language::En => english(finding, board),
        Language::Da => dansk(finding, board),
    }
}

fn english(finding: &Finding, board: &Board) -> String {
    match finding {
        Finding::Stopped(stopped) => {
            let kind = if stopped.is_report { "report" } else { "request" };
            let file = board.files.get(&stopped.transfer);
            let name = file.map_or("", |file| file.place.name.as_str());
            let problem = file.map(|file| why(file, Language::En)).unwrap_or_default();
            format!("the {kind} {name} of {}{problem}", short(stopped.at, Language::En))
        }
        Finding::Undelivered(asked) => {
            let answer = board.files.get(&asked.answer);
            let state = answer.map_or("", |answer| answer.state.word());
            let problem = answer.map(|file| why(file, Language::En)).unwrap_or_default();
            format!("its answer is {state}{problem}")
        }
        Finding::Duplicate(count) => format!(
            "{count} requests were answered, and each has marked its expectations: they are doubled"
        ),
        Finding::Missing(open) => format!("nothing was reported about {}", tal(*open)),
        Finding::NoRequest => "no request has come".to_owned(),
        Finding::CameLate(at) => format!("late: its request came {}", short(*at, Language::En)),
        Finding::Cancelled(1) => "an answer was cancelled; its expectations stay marked".to_owned(),
        Finding::Cancelled(count) => {
            format!("{count} answers were cancelled; their expectations stay marked")
        }
        Finding::RecordsRefused(count) => {
            format!("{count} records of its latest report were refused")
        }
        Finding::Unexpected(more) => format!("unexpected: {}", tal(*more)),
        Finding::TooMuch(Tal { antal, beloeb }) => format!("{antal} exceeded by {beloeb} kr."),
        Finding::TakenBack(Tal { antal, beloeb }) => {
            format!("{antal} taken back, short by {beloeb} kr.")
        }
        Finding::TooLittle(Tal { antal, beloeb }) => format!("{antal} short by {beloeb} kr."),
    }
}

fn dansk(finding: &Finding, board: &Board) -> String {
    match finding {
        Finding::Stopped(stopped) => {
            let kind = if stopped.is_report { "indberetningen" } else { "forespørgslen" };
            let file = board.files.get(&stopped.transfer);
            let name = file.map_or("", |file| file.place.name.as_str());
            let problem = file.map(|file| why(file, Language::Da)).unwrap_or_default();
            format!("{kind} {name} fra {}{problem}", short(stopped.at, Language::Da))
        }
        Finding::Undelivered(asked) => {
            let problem = board.files.get(&asked.answer).map(|file| why(file, Language::Da));
            format!("svaret er ikke afleveret{}", problem.unwrap_or_default())
        }
        Finding::Duplicate(count) => format!(
            "{count} forespørgsler er besvaret, og hver har markeret sine forventninger: de er \
             dobbelte"
        ),
        Finding::Missing(open) => format!("intet er indberettet om {}", tal(*open)),
        Finding::NoRequest => "ingen forespørgsel er kommet".to_owned(),
        Finding::CameLate(at) => {
            format!("for sent: forespørgslen kom {}", short(*at, Language::Da))
        }
        Finding::Cancelled(1) => {
            "et svar er annulleret; dets forventninger er stadig markeret".to_owned()
        }
        Finding::Cancelled(count) => {
            format!("{count} svar er annulleret; deres forventninger er stadig markeret")
        }
        Finding::RecordsRefused(count) => {
            format!("{count} poster i den seneste indberetning er afvist")
        }
        Finding::Unexpected(more) => format!("uventet: {}", tal(*more)),
        Finding::TooMuch(Tal { antal, beloeb }) => format!("{antal} overskredet med {beloeb} kr."),
        Finding::TakenBack(Tal { antal, beloeb }) => {
            format!("{antal} tilbageført, mangler {beloeb} kr.")
        }
        Finding::TooLittle(Tal { antal, beloeb }) => format!("{antal} mangler {beloeb} kr."),
    }
}

/// Why a file stands where it stands, after a colon. What is told in detail is told in English.
pub fn why(file: &Transfer, language: Language) -> String {
    let Some(problem) = &file.problem else { return String::new() };
    let text = match language {
        Language::En => problem.text.as_str(),
        Language::Da => problem.code.dansk().unwrap_or(&problem.text),
    };
    format!(": {}: {text}", problem.code)
}

/// `29 municipalities`, `29 kommuner`
pub fn municipalities(count: usize, language: Language) -> String {
    let noun = match (language, count) {
        (Language::En, 1) => "municipality",
        (Language::En, _) => "municipalities",
        (Language::Da, 1) => "kommune",
        (Language::Da, _) => "kommuner",
    };
    format!("{count} {noun}")
}

/// `0101 København`
pub fn name(kommune: Kommunekode) -> String {
    format!("{kommune} {}", kommune.navn())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_says_as_much_as_matters() {
        let due: Moment = "2026-11-23T11:00:00Z".parse().unwrap();
        let table = [
            (0, "in 0 min", "om 0 min"),
            (59, "in 0 min", "om 0 min"),
            (47 * 60, "in 47 min", "om 47 min"),
            (3600, "in 1 h", "om 1 t"),
            (5 * 3600 + 60, "in 5 h 1 min", "om 5 t 1 min"),
            (24 * 3600, "in 1 day", "om 1 dag"),
            (27 * 3600 + 59 * 60, "in 1 day 3 h", "om 1 dag 3 t"),
            (51 * 3600, "in 2 days 3 h", "om 2 dage 3 t"),
            (7 * 24 * 3600 + 3600, "in 7 days", "om 7 dage"),
            (-1, "over for 0 min", "udløb for 0 min siden"),
            (-18 * 3600, "over for 18 h", "udløb for 18 t siden"),
            (-49 * 3600, "over for 2 days 1 h", "udløb for 2 dage 1 t siden"),
        ];
        for (seconds, english, dansk) in table {
            let now = due - TimeDelta::seconds(seconds);
            assert_eq!(countdown(due, now, Language::En), english);
            assert_eq!(countdown(due, now, Language::Da), dansk);
        }
    }

    #[test]
    fn moments_are_danish() {
        let noon: Moment = "2026-11-23T11:00:00Z".parse().unwrap();
        assert_eq!(short(noon, Language::En), "Mon 23 Nov 12:00");
        assert_eq!(short(noon, Language::Da), "man 23. nov 12:00");
        let night: Moment = "2026-06-30T22:30:00Z".parse().unwrap();
        assert_eq!(short(night, Language::En), "Wed 1 Jul 00:30");
        assert_eq!(short(night, Language::Da), "ons 1. jul 00:30");
        let day = "2026-11-30".parse().unwrap();
        assert_eq!(long_day(day, Language::En), "Monday 30 November 2026");
        assert_eq!(long_day(day, Language::Da), "mandag den 30. november 2026");
    }

    #[test]
    fn every_standing_has_a_word_of_its_own() {
        for language in Language::ALL {
            let words: std::collections::BTreeSet<_> =
                Standing::ALL.map(|it| standing(it, language)).into_iter().collect();
            assert_eq!(words.len(), Standing::ALL.len());
        }
    }
}
