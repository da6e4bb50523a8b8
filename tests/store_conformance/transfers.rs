//! Transfers: one step at a time, each one journalled.

use crate::Bench;
use crate::samples::{about, at, day, fetched, kommune, now, payload, problem, see};
use modregn::domain::{About, ForespoergselId};
use modregn::fault::{Class, Code};
use modregn::store::{EventRow, Problem, Step, Store, StoreError, Transfer, TransferFilter};
use modregn::transfer::state::{Direction, Event, State};
use uuid::Uuid;

fn bad() -> Problem {
    problem(Class::Reject, Code::BadKommunekode)
}

fn accepted(store: &mut dyn Store, name: &str) -> Transfer {
    let transfer = fetched(store, name);
    let step = Step { about: Some(about(101)), ..Step::plain(Event::Accept) };
    store.advance(&transfer, &step, now()).unwrap()
}

pub(crate) fn a_file_is_seen_once_until_it_is_done(bench: &dyn Bench) {
    let mut store = bench.open();
    let first = see(&mut *store, "a", now());
    assert_eq!((first.state, first.direction), (State::Seen, Direction::Inbound));
    assert_eq!((first.payload, first.attempts, &first.problem), (None, 0, &None));
    assert_eq!((first.created_at, first.changed_at), (now(), now()));
    assert_eq!(see(&mut *store, "a", at("2026-11-22T00:00:00Z")), first);
    assert_ne!(see(&mut *store, "b", now()).id, first.id);

    let second = fetched(&mut *store, "a");
    assert_eq!((second.id, second.state), (first.id, State::Fetched));
    assert_eq!(see(&mut *store, "a", now()), second);
    let step = Step { problem: Some(bad()), ..Step::plain(Event::Reject) };
    store.advance(&second, &step, now()).unwrap();
    let third = see(&mut *store, "a", now());
    assert_ne!(third.id, first.id);
    assert_eq!(third.state, State::Seen);
}

pub(crate) fn a_step_is_journalled(bench: &dyn Bench) {
    let mut store = bench.open();
    let (first, second) = (at("2026-11-21T06:30:15.250Z"), at("2026-11-21T06:30:15.7509Z"));
    let transfer = see(&mut *store, "a", first);
    let step = Step { payload: Some(payload(7)), ..Step::plain(Event::Fetch) };
    let transfer = store.advance(&transfer, &step, second).unwrap();
    assert_eq!((transfer.state, transfer.payload), (State::Fetched, Some(payload(7))));
    assert_eq!(transfer.changed_at, at("2026-11-21T06:30:15.750Z"));
    let step = Step { problem: Some(bad()), ..Step::plain(Event::Reject) };
    let transfer = store.advance(&transfer, &step, second).unwrap();
    assert_eq!(store.transfer(transfer.id).unwrap().as_ref(), Some(&transfer));

    let second = at("2026-11-21T06:30:15.750Z");
    let row = |at, event, state, problem| EventRow { at, event, state, problem, by: None };
    assert_eq!(
        store.events(transfer.id).unwrap(),
        [
            row(first, None, State::Seen, None),
            row(second, Some(Event::Fetch), State::Fetched, None),
            row(second, Some(Event::Reject), State::Rejected, Some(bad())),
        ]
    );
    assert_eq!(store.events(Uuid::nil()).unwrap(), []);
    assert_eq!(store.transfer(Uuid::nil()).unwrap(), None);
}

pub(crate) fn a_step_from_another_state_is_refused(bench: &dyn Bench) {
    let mut store = bench.open();
    let mut other = bench.open();
    let transfer = fetched(&mut *store, "a");
    let step = Step { problem: Some(bad()), ..Step::plain(Event::Reject) };
    let rejected = other.advance(&transfer, &step, now()).unwrap();
    let late = store.advance(&transfer, &step, now()).unwrap_err();
    let StoreError::Moved { transfer: id, expected } = late else { panic!("{late}") };
    assert_eq!((id, expected), (transfer.id, State::Fetched));
    assert_eq!(store.transfer(transfer.id).unwrap(), Some(rejected));
    assert_eq!(store.events(transfer.id).unwrap().len(), 3);
}

pub(crate) fn an_impossible_step_is_refused(bench: &dyn Bench) {
    let mut store = bench.open();
    let transfer = see(&mut *store, "a", now());
    let error = store.advance(&transfer, &Step::plain(Event::Publish), now()).unwrap_err();
    assert!(matches!(error, StoreError::Impossible(_)), "{error}");
    assert_eq!(store.transfer(transfer.id).unwrap(), Some(transfer));
}

pub(crate) fn what_a_step_makes_known_stays_known(bench: &dyn Bench) {
    let mut store = bench.open();
    let transfer = fetched(&mut *store, "a");
    let id = ForespoergselId(Uuid::from_u128(7));
    let known = About {
        forespoergsel_id: Some(id),
        dispositionsdato: Some(day("2026-12-01")),
        ..about(101)
    };
    let step = Step { about: Some(known), ..Step::plain(Event::Recognise) };
    let transfer = store.advance(&transfer, &step, now()).unwrap();
    let archived = store.advance(&transfer, &Step::plain(Event::Archive), now()).unwrap();
    assert_eq!(archived.payload, Some(payload(1)));
    assert_eq!(archived.about(), Some(known));
    assert_eq!(store.transfer(archived.id).unwrap(), Some(archived));
}

pub(crate) fn failed_tries_are_counted_until_asked_for_anew(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = crate::samples::forespoergsel(101, 1);
    crate::samples::answer(&mut *store, &request, "req");
    let filter = TransferFilter { direction: Some(Direction::Outbound), ..Default::default() };
    let mut transfer = store.transfers(&filter).unwrap().remove(0);
    let trouble = Some(problem(Class::Retry, Code::BadTerminator));
    for (event, attempts) in [
        (Event::Fail, 1),
        (Event::Requeue, 1),
        (Event::Fail, 2),
        (Event::Requeue, 2),
        (Event::GiveUp, 3),
        (Event::Requeue, 0),
    ] {
        let problem = trouble.clone().filter(|_| event != Event::Requeue);
        let step = Step { problem: problem.clone(), ..Step::plain(event) };
        transfer = store.advance(&transfer, &step, now()).unwrap();
        assert_eq!((transfer.attempts, &transfer.problem), (attempts, &problem), "{event}");
    }
    assert_eq!(store.transfer(transfer.id).unwrap(), Some(transfer));
}

pub(crate) fn the_earlier_file_of_a_place_is_found(bench: &dyn Bench) {
    let mut store = bench.open();
    let rejected = fetched(&mut *store, "a");
    assert_eq!(store.earlier(&rejected).unwrap(), None);
    let step = Step { problem: Some(bad()), ..Step::plain(Event::Reject) };
    store.advance(&rejected, &step, now()).unwrap();

    let first = accepted(&mut *store, "a");
    assert_eq!(store.earlier(&first).unwrap(), None, "a rejected file counts for nothing");
    let first = store.advance(&first, &Step::plain(Event::Archive), now()).unwrap();
    let other = accepted(&mut *store, "b");
    assert_eq!(store.earlier(&other).unwrap(), None);
    let second = fetched(&mut *store, "a");
    assert_eq!(store.earlier(&second).unwrap(), Some(first));
    let step = Step { about: Some(about(101)), ..Step::plain(Event::Recognise) };
    let second = store.advance(&second, &step, now()).unwrap();
    let third = fetched(&mut *store, "a");
    assert_eq!(store.earlier(&third).unwrap(), Some(second));
}

pub(crate) fn transfers_are_filtered(bench: &dyn Bench) {
    let mut store = bench.open();
    let request = crate::samples::forespoergsel(147, 1);
    crate::samples::answer(&mut *store, &request, "req");
    let waiting = fetched(&mut *store, "waiting");
    let all = store.transfers(&TransferFilter::default()).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0], waiting, "the newest first");
    let (outbound, inbound) = (&all[1], &all[2]);
    assert_eq!(outbound.direction, Direction::Outbound);

    let none = TransferFilter::default;
    let table: [(TransferFilter, &[&Transfer]); 8] = [
        (TransferFilter { direction: Some(Direction::Outbound), ..none() }, &[outbound]),
        (TransferFilter { direction: Some(Direction::Inbound), ..none() }, &[&waiting, inbound]),
        (
            TransferFilter { states: vec![State::Queued, State::Fetched], ..none() },
            &[&waiting, outbound],
        ),
        (TransferFilter { states: vec![State::Dead], ..none() }, &[]),
        (TransferFilter { flow: Some("sf2520".into()), ..none() }, &[]),
        (
            TransferFilter { flow: Some("sf2530".into()), limit: Some(2), ..none() },
            &[&waiting, outbound],
        ),
        (TransferFilter { kommunekode: Some(kommune(147)), ..none() }, &[outbound, inbound]),
        (
            TransferFilter {
                direction: Some(Direction::Inbound),
                kommunekode: Some(kommune(147)),
                states: vec![State::Accepted],
                ..none()
            },
            &[inbound],
        ),
    ];
    for (filter, wanted) in table {
        let found = store.transfers(&filter).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{filter:?}");
    }
}

/// Whatever is asked for, page after page is all of it, each once, in both ways.
pub(crate) fn transfers_come_by_page(bench: &dyn Bench) {
    let mut store = bench.open();
    for number in 0..24 {
        let name = format!("{}{number:02}_æ.txt", ["a", "A", "a%"][number % 3]);
        let transfer = if number % 4 == 0 {
            accepted(&mut *store, &name)
        } else {
            see(&mut *store, &name, now())
        };
        let step = Step { problem: Some(bad()), ..Step::plain(Event::Reject) };
        if number % 6 == 1 {
            let step_in = Step { payload: Some(payload(1)), ..Step::plain(Event::Fetch) };
            let transfer = store.advance(&transfer, &step_in, now()).unwrap();
            store.advance(&transfer, &step, now()).unwrap();
        }
    }
    let none = TransferFilter::default;
    let filters = [
        none(),
        TransferFilter { direction: Some(Direction::Inbound), ..none() },
        TransferFilter { states: vec![State::Seen, State::Rejected], ..none() },
        TransferFilter { kommunekode: Some(kommune(101)), ..none() },
        TransferFilter { flow: Some("sf2530".into()), states: vec![State::Seen], ..none() },
        TransferFilter { flow: Some("sf2520".into()), ..none() },
        TransferFilter { changed_since: Some(now()), ..none() },
    ];
    for filter in filters {
        let all = store.transfers(&filter).unwrap();
        let mut older: Vec<Transfer> = Vec::new();
        loop {
            let before = older.last().map(|transfer| transfer.id);
            let page = TransferFilter { before, limit: Some(5), ..filter.clone() };
            let page = store.transfers(&page).unwrap();
            if page.is_empty() {
                break;
            }
            older.extend(page);
        }
        assert_eq!(older, all, "{filter:?}");
        let Some(oldest) = all.last() else { continue };
        let page = TransferFilter { after: Some(oldest.id), limit: Some(3), ..filter.clone() };
        let rest = &all[..all.len() - 1];
        assert_eq!(store.transfers(&page).unwrap(), rest[rest.len().saturating_sub(3)..]);
        let unknown = TransferFilter { before: Some(Uuid::nil()), ..filter };
        assert_eq!(store.transfers(&unknown).unwrap(), []);
    }
}

pub(crate) fn files_are_found_by_the_beginning_of_their_name(bench: &dyn Bench) {
    let mut store = bench.open();
    for name in ["b", "a2", "a%", "A1", "aø", "a2", "å"] {
        accepted(&mut *store, name);
    }
    let named = |prefix: &str| -> Vec<String> {
        let (mut names, mut after) = (Vec::new(), None);
        while let Some(last) = {
            let page = store.named(prefix, after, 2).unwrap();
            names.extend(page.iter().map(|transfer| transfer.place.name.clone()));
            page.last().map(|transfer| transfer.id)
        } {
            after = Some(last);
        }
        names
    };
    assert_eq!(named("a"), ["a%", "a2", "a2", "aø"]);
    assert_eq!(named("a%"), ["a%"]);
    assert_eq!(named("å"), ["å"]);
    assert_eq!(named("c"), [""; 0]);
    assert_eq!(store.named("a", Some(Uuid::nil()), 2).unwrap(), []);
}

pub(crate) fn the_census_counts_and_dates(bench: &dyn Bench) {
    let mut store = bench.open();
    assert_eq!(store.census().unwrap(), []);
    for (name, time) in [("a", "2026-11-21T10:00:00Z"), ("b", "2026-11-21T09:00:00Z")] {
        see(&mut *store, name, at(time));
    }
    fetched(&mut *store, "c");
    let census = store.census().unwrap();
    let counts: Vec<_> = census.iter().map(|c| (c.state, c.count, c.oldest)).collect();
    let oldest = at("2026-11-21T09:00:00Z");
    assert_eq!(counts, [(State::Fetched, 1, now()), (State::Seen, 2, oldest)]);
    assert!(census.iter().all(|c| c.flow == "sf2530" && c.direction == Direction::Inbound));
}

pub(crate) fn a_store_remembers(bench: &dyn Bench) {
    let transfer = fetched(&mut *bench.open(), "a");
    let store = bench.open();
    assert_eq!(store.transfer(transfer.id).unwrap(), Some(transfer));
}
