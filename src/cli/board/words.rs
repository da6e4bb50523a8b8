//! The board's words that are commands; what it says of a municipality is in
//! [`crate::flow::tavle::words`].

use crate::config::web::Language;
use crate::domain::Kommunekode;
use crate::domain::tavle::{Asked, Finding, Standing, Stopped};
use crate::flow::tavle::{Board, words};
use crate::store::Moment;
use crate::transfer::state::State;
use chrono::NaiveDate;
use uuid::Uuid;

pub(super) use crate::flow::tavle::words::{name, tal};

/// `Monday 30 November 2026`.
pub(super) fn long_day(date: NaiveDate) -> String {
    words::long_day(date, Language::En)
}

/// `Mon 23 Nov 12:00`, Danish time.
pub(super) fn short(at: Moment) -> String {
    words::short(at, Language::En)
}

/// How far away a moment is: `in 2 days 3 h`, `over for 20 min`.
pub(super) fn countdown(due: Moment, now: Moment) -> String {
    words::countdown(due, now, Language::En)
}

/// `2 rejected, 5 late`, of the standings that are wanted.
pub(super) fn sum(board: &Board, wanted: fn(Standing) -> bool) -> String {
    let some = board.sum().into_iter().filter(|(standing, _)| wanted(*standing));
    let words: Vec<_> =
        some.map(|(standing, count)| format!("{count} {}", standing.word())).collect();
    words.join(", ")
}

/// What is wrong, or good to know.
pub(super) fn what(finding: &Finding, board: &Board) -> String {
    words::what(finding, board, Language::En)
}

/// `29 municipalities`
pub(super) fn municipalities(count: usize) -> String {
    words::municipalities(count, Language::En)
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
