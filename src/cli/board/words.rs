//! The board in words: moments, countdowns, and what there is to say of a municipality.

use crate::domain::tavle::{Asked, Finding, Standing, Stopped};
use crate::domain::{Kommunekode, Tal};
use crate::flow::tavle::Board;
use crate::store::{Moment, Transfer};
use crate::transfer::state::State;
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Europe::Copenhagen;
use uuid::Uuid;

/// `Monday 30 November 2026`.
pub(super) fn long_day(date: NaiveDate) -> String {
    date.format("%A %-d %B %Y").to_string()
}

/// `Mon 23 Nov 12:00`, Danish time.
pub(super) fn short(at: Moment) -> String {
    at.with_timezone(&Copenhagen).format("%a %-d %b %H:%M").to_string()
}

/// How far away a moment is: `in 2 days 3 h`, `over for 20 min`.
pub(super) fn countdown(due: Moment, now: Moment) -> String {
    let left = due - now;
    if left >= TimeDelta::zero() {
        format!("in {}", length(left))
    } else {
        format!("over for {}", length(-left))
    }
}

fn length(time: TimeDelta) -> String {
    let (days, hours, minutes) = (time.num_days(), time.num_hours() % 24, time.num_minutes() % 60);
    let day = if days == 1 { "day" } else { "days" };
    match (days, hours, minutes) {
        (7.., ..) | (1.., 0, _) => format!("{days} {day}"),
        (1.., ..) => format!("{days} {day} {hours} h"),
        (_, 1.., 0) => format!("{hours} h"),
        (_, 1.., _) => format!("{hours} h {minutes} min"),
        _ => format!("{minutes} min"),
    }
}

/// `2 rejected, 5 late`, of the standings that are wanted.
pub(super) fn sum(board: &Board, wanted: fn(Standing) -> bool) -> String {
    let some = board.sum().into_iter().filter(|(standing, _)| wanted(*standing));
    let words: Vec<_> =
        some.map(|(standing, count)| format!("{count} {}", standing.word())).collect();
    words.join(", ")
}

/// `12 (19.236,00 kr.)`
pub(super) fn tal(tal: Tal) -> String {
    format!("{} ({} kr.)", tal.antal, tal.beloeb)
}

/// What is wrong, or good to know.
pub(super) fn what(finding: &Finding, board: &Board) -> String {
    match finding {
        Finding::Stopped(stopped) => {
            let kind = if stopped.is_report { "report" } else { "request" };
            let file = board.files.get(&stopped.transfer);
            let name = file.map_or("", |file| file.place.name.as_str());
            let problem = file.map(why).unwrap_or_default();
            format!("the {kind} {name} of {}{problem}", short(stopped.at))
        }
        Finding::Undelivered(asked) => {
            let answer = board.files.get(&asked.answer);
            let state = answer.map_or("", |answer| answer.state.word());
            let problem = answer.map(why).unwrap_or_default();
            format!("its answer is {state}{problem}")
        }
        Finding::Duplicate(count) => format!(
            "{count} requests were answered, and each has marked its expectations: they are doubled"
        ),
        Finding::Missing(open) => format!("nothing was reported about {}", tal(*open)),
        Finding::NoRequest => "no request has come".to_owned(),
        Finding::CameLate(at) => format!("late: its request came {}", short(*at)),
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

/// Why a file stands where it stands, after a colon.
fn why(file: &Transfer) -> String {
    let problem = file.problem.as_ref();
    problem.map(|problem| format!(": {}: {}", problem.code, problem.text)).unwrap_or_default()
}

/// What to do about it; `None` = it is told for all municipalities together, or nothing.
pub(super) fn next(finding: &Finding, kommune: Kommunekode, board: &Board) -> Option<String> {
    match finding {
        Finding::Stopped(Stopped { transfer, is_held: true, .. }) => Some(decide(*transfer)),
        Finding::Stopped(Stopped { transfer, .. }) => Some(send_back(*transfer)),
        Finding::Undelivered(Asked { answer, .. }) => Some(undelivered(*answer, board)),
        Finding::Duplicate(_) => Some(format!(
            "ask its sender which one holds: modregn files list --flow sf2530 --kommune {kommune}"
        )),
        Finding::Missing(_)
        | Finding::NoRequest
        | Finding::CameLate(_)
        | Finding::Cancelled(_)
        | Finding::RecordsRefused(_)
        | Finding::Unexpected(_)
        | Finding::TooMuch(_)
        | Finding::TakenBack(_)
        | Finding::TooLittle(_) => None,
    }
}

/// What to do with a file that came in and is held.
pub(super) fn decide(id: Uuid) -> String {
    format!("modregn files show {id}; then modregn release {id} --reason …, or modregn reject")
}

/// What to do with a file that is rejected.
pub(super) fn send_back(id: Uuid) -> String {
    format!("send its report to its sender: modregn files show {id} --report text --language da")
}

fn undelivered(id: Uuid, board: &Board) -> String {
    match board.files.get(&id).map(|answer| answer.state) {
        Some(State::Held) => {
            format!("modregn files show {id}; then modregn release {id} --reason …")
        }
        Some(State::Failed) => {
            format!("it is tried again by itself; why it failed: modregn files show {id}")
        }
        _ => format!("modregn files show {id}; when that is mended: modregn retry {id} --reason …"),
    }
}

/// `29 municipalities`
pub(super) fn municipalities(count: usize) -> String {
    let noun = if count == 1 { "municipality" } else { "municipalities" };
    format!("{count} {noun}")
}

/// `0101 København`
pub(super) fn name(kommune: Kommunekode) -> String {
    format!("{kommune} {}", kommune.navn())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_says_as_much_as_matters() {
        let due: Moment = "2026-11-23T11:00:00Z".parse().unwrap();
        let table = [
            (0, "in 0 min"),
            (59, "in 0 min"),
            (47 * 60, "in 47 min"),
            (3600, "in 1 h"),
            (5 * 3600 + 60, "in 5 h 1 min"),
            (24 * 3600, "in 1 day"),
            (27 * 3600 + 59 * 60, "in 1 day 3 h"),
            (51 * 3600, "in 2 days 3 h"),
            (7 * 24 * 3600 + 3600, "in 7 days"),
            (-1, "over for 0 min"),
            (-18 * 3600, "over for 18 h"),
            (-49 * 3600, "over for 2 days 1 h"),
        ];
        for (seconds, says) in table {
            assert_eq!(countdown(due, due - TimeDelta::seconds(seconds)), says);
        }
    }

    #[test]
    fn moments_are_danish() {
        assert_eq!(short("2026-11-23T11:00:00Z".parse().unwrap()), "Mon 23 Nov 12:00");
        assert_eq!(short("2026-06-30T22:30:00Z".parse().unwrap()), "Wed 1 Jul 00:30");
        assert_eq!(long_day("2026-11-30".parse().unwrap()), "Monday 30 November 2026");
    }
}
