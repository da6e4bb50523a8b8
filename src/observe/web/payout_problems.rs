//! What needs somebody in a payout, the worst first: what it is, what to do, and where.

use super::payout::Link;
use super::payout_words::PayoutWords;
use crate::config::web::Language;
use crate::domain::Tal;
use crate::domain::tavle::{Asked, Finding, Standing, Stopped};
use crate::flow::tavle::{Board, BoardRow, words};
use crate::store::Transfer;
use crate::transfer::state::State;
use uuid::Uuid;

/// One municipality's problems, or one problem of many municipalities.
pub(super) struct Problem {
    /// Whose.
    pub(super) who: String,
    /// The word for where they stand.
    pub(super) word: String,
    pub(super) items: Vec<Item>,
}

/// What it is, what to do, and where.
pub(super) struct Item {
    pub(super) what: String,
    pub(super) next: &'static str,
    pub(super) link: Link,
}

/// All of them.
pub(super) fn problems(board: &Board, language: Language) -> Vec<Problem> {
    let mut rows: Vec<_> = board.rows.iter().collect();
    rows.sort_by_key(|row| row.standing());
    let nobodys = board.unattributed.iter().map(|file| unattributed(file, language));
    let own = rows.iter().filter_map(|row| own(row, board, language));
    let together = [missing(board, language), late(board, language)];
    nobodys.chain(own).chain(together.into_iter().flatten()).collect()
}

/// A file that could be anybody's.
fn unattributed(file: &Transfer, language: Language) -> Problem {
    let words = PayoutWords::of(language);
    let (next, standing) = match file.state {
        State::Rejected => (words.send_back, Standing::Rejected),
        _ => (words.release, Standing::Held),
    };
    let what = format!(
        "{}, {}{}",
        file.place.name,
        words::short(file.created_at, language),
        words::why(file, language)
    );
    Problem {
        who: words.nobodys.to_owned(),
        word: words::standing(standing, language).to_owned(),
        items: vec![Item { what, next, link: file_link(file.id, words) }],
    }
}

fn file_link(id: Uuid, words: &PayoutWords) -> Link {
    Link { path: format!("/files/{id}"), text: words.look.to_owned() }
}

fn files_link(query: &str, words: &PayoutWords) -> Link {
    Link { path: format!("/files?{query}"), text: words.look_files.to_owned() }
}

/// What is wrong with one municipality, but for what is told of all of them together.
fn own(row: &BoardRow, board: &Board, language: Language) -> Option<Problem> {
    let words = PayoutWords::of(language);
    let next = |finding: &Finding| match finding {
        Finding::Stopped(Stopped { transfer, is_held, .. }) => {
            let next = if *is_held { words.release } else { words.send_back };
            Some((next, file_link(*transfer, words)))
        }
        Finding::Undelivered(Asked { answer, .. }) => {
            let next = match board.files.get(answer).map(|answer| answer.state) {
                Some(State::Held) => words.release_answer,
                Some(State::Failed) => words.again,
                _ => words.retry,
            };
            Some((next, file_link(*answer, words)))
        }
        Finding::Duplicate(_) => {
            let query = format!("flow=sf2530&kommune={}", row.kommune);
            Some((words.which_holds, files_link(&query, words)))
        }
        _ => None,
    };
    let items = row.problems().filter_map(|finding| {
        let (next, link) = next(finding)?;
        Some(Item { what: words::what(finding, board, language), next, link })
    });
    let items: Vec<_> = items.collect();
    (!items.is_empty()).then(|| Problem {
        who: words::name(row.kommune),
        word: words::standing(row.standing(), language).to_owned(),
        items,
    })
}

/// The municipalities whose reports are missing.
fn missing(board: &Board, language: Language) -> Option<Problem> {
    let words = PayoutWords::of(language);
    let open = |row: &BoardRow| {
        let mut all = row.problems();
        all.find_map(|finding| match finding {
            Finding::Missing(open) => Some((words::name(row.kommune), *open)),
            _ => None,
        })
    };
    let missing: Vec<(String, Tal)> = board.rows.iter().filter_map(open).collect();
    let named = missing.iter().map(|(name, open)| format!("{name}: {}", words::tal(*open)));
    let what = named.collect::<Vec<_>>().join("; ");
    let link = files_link("flow=sf2520", words);
    many(words.missing, missing.len(), language, Item { what, next: words.ask_reports, link })
}

/// The municipalities that have not asked in time.
fn late(board: &Board, language: Language) -> Option<Problem> {
    let words = PayoutWords::of(language);
    let late = |row: &&BoardRow| row.problems().any(|it| matches!(it, Finding::NoRequest));
    let late: Vec<_> = board.rows.iter().filter(late).map(|row| words::name(row.kommune)).collect();
    let link = files_link("flow=sf2530", words);
    let item = Item { what: late.join(", "), next: words.ask_requests, link };
    many(words.late, late.len(), language, item)
}

fn many(who: &str, count: usize, language: Language, item: Item) -> Option<Problem> {
    let word = words::municipalities(count, language);
    (count > 0).then(|| Problem { who: who.to_owned(), word, items: vec![item] })
}
