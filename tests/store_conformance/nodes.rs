//! Processes side by side: who has claimed what, and that nobody else goes on with it. What
//! operators do, and that the log tells it.

use crate::Bench;
use crate::samples::{fetched, forespoergsel, node, now, payload, place, problem, see, seen};
use modregn::domain::hold_rule::HoldRules;
use modregn::fault::{Class, Code};
use modregn::store::{Answer, AnswerOrder, By, Note, Step, Store, StoreError, TransferFilter};
use modregn::transfer::state::{Event, State};

fn fetch() -> Step {
    Step { payload: Some(payload(1)), ..Step::plain(Event::Fetch) }
}

pub(crate) fn only_one_process_has_a_file(bench: &dyn Bench) {
    let (mut store, mut other) = (bench.open(), bench.open());
    let (one, two) = (store.enlist("one", now()).unwrap(), other.enlist("two", now()).unwrap());
    let mine = store.see(&seen("a", 0), one, now()).unwrap().unwrap();
    assert_eq!(mine.node, Some(one));
    assert_eq!(other.see(&seen("a", 0), two, now()).unwrap(), None);
    assert_eq!(other.claim(&mine, two).unwrap(), None);
    assert_eq!(store.claim(&mine, one).unwrap(), Some(mine.clone()));
    other.let_go(mine.id, two).unwrap();
    assert_eq!(store.transfer(mine.id).unwrap(), Some(mine.clone()), "it was not two's");

    store.let_go(mine.id, one).unwrap();
    let theirs = other.claim(&mine, two).unwrap().unwrap();
    assert_eq!(theirs.node, Some(two));
    let late = store.advance(&mine, &fetch(), now()).unwrap_err();
    assert!(matches!(late, StoreError::Moved { .. }), "{late}");
    other.advance(&theirs, &fetch(), now()).unwrap();
}

pub(crate) fn a_listing_from_before_shows_nothing_new(bench: &dyn Bench) {
    let mut store = bench.open();
    let node = node(&mut *store);
    let before = store.newest_event().unwrap();
    let first = fetched(&mut *store, "a");
    let step = Step { problem: Some(bad()), ..Step::plain(Event::Reject) };
    store.advance(&first, &step, now()).unwrap();
    assert_eq!(store.see(&seen("a", before), node, now()).unwrap(), None);
    assert_eq!(store.see(&seen("b", before), node, now()).unwrap().unwrap().state, State::Seen);
    let since = store.newest_event().unwrap();
    assert_ne!(store.see(&seen("a", since), node, now()).unwrap().unwrap().id, first.id);
}

fn bad() -> modregn::store::Problem {
    problem(Class::Reject, Code::BadKommunekode)
}

pub(crate) fn what_the_dead_had_is_free(bench: &dyn Bench) {
    let (mut store, mut other) = (bench.open(), bench.open());
    let dead = store.enlist("dead", now()).unwrap();
    let living = other.enlist("living", now()).unwrap();
    let theirs = store.see(&seen("a", 0), dead, now()).unwrap().unwrap();
    let locks = |store: &dyn Store| -> Vec<String> {
        store.nodes().unwrap().into_iter().map(|row| row.lock).collect()
    };
    assert_eq!(locks(&*other), ["dead", "living"]);
    for _ in 0..2 {
        other.retire(dead, now()).unwrap();
        assert_eq!(locks(&*other), ["living"]);
    }
    let mine = other.see(&seen("a", 0), living, now()).unwrap().unwrap();
    assert_eq!((mine.id, mine.node), (theirs.id, Some(living)));
    let late = store.advance(&theirs, &fetch(), now()).unwrap_err();
    assert!(matches!(late, StoreError::Moved { .. }), "{late}");
    assert_ne!(store.enlist("another", now()).unwrap(), dead, "numbers are used once");
}

pub(crate) fn an_answer_belongs_to_who_made_it_until_it_rests(bench: &dyn Bench) {
    let mut store = bench.open();
    let node = node(&mut *store);
    let inbound = fetched(&mut *store, "a");
    let request = forespoergsel(101, 1);
    let order = AnswerOrder {
        inbound: &inbound,
        request: &request,
        place: &place("ky", "out"),
        hold_rules: &HoldRules::default(),
        missed: None,
    };
    let answer = store.answer(&order, now()).unwrap();
    let Answer::New { inbound, outbound, .. } = answer else { panic!("{answer:?}") };
    assert_eq!((inbound.node, outbound.node), (Some(node), Some(node)));
    let archived = store.advance(&inbound, &Step::plain(Event::Archive), now()).unwrap();
    assert_eq!(archived.node, None);
    let step = Step { problem: Some(bad()), ..Step::plain(Event::Fail) };
    let failed = store.advance(&outbound, &step, now()).unwrap();
    assert_eq!(failed.node, None);
    assert_eq!(store.claim(&failed, node).unwrap().unwrap().node, Some(node));
}

pub(crate) fn an_operators_step_says_who_and_why(bench: &dyn Bench) {
    let mut store = bench.open();
    let held = fetched(&mut *store, "a");
    let step = Step { problem: Some(bad()), ..Step::plain(Event::Hold) };
    let held = store.advance(&held, &step, now()).unwrap();
    let by = By { who: "ib".into(), why: "KY confirms the second file".into() };
    let step = Step { by: Some(by.clone()), ..Step::plain(Event::Release) };
    let released = store.advance(&held, &step, now()).unwrap();
    assert_eq!((released.state, released.released), (State::Fetched, true));
    let events = store.events(held.id).unwrap();
    assert_eq!(events.last().unwrap().by, Some(by));
    assert!(events[..events.len() - 1].iter().all(|event| event.by.is_none()));
    let step = Step::plain(Event::Requeue);
    let impossible = store.advance(&held, &step, now()).unwrap_err();
    assert!(matches!(impossible, StoreError::Impossible(_)), "a file that came in: {impossible}");
}

pub(crate) fn the_last_look_into_an_inbox_is_remembered(bench: &dyn Bench) {
    let mut store = bench.open();
    assert_eq!(store.last_look("ky", "ind").unwrap(), None);
    let later = now() + chrono::TimeDelta::minutes(15);
    store.looked_into("ky", "ind", now()).unwrap();
    store.looked_into("ky", "ud", now()).unwrap();
    store.looked_into("ky", "ind", later).unwrap();
    let store = bench.open();
    assert_eq!(store.last_look("ky", "ind").unwrap(), Some(later));
    assert_eq!(store.last_look("ky", "ud").unwrap(), Some(now()));
    assert_eq!(store.last_look("another", "ind").unwrap(), None);
}

pub(crate) fn an_endpoint_is_paused_once_and_resumed_once(bench: &dyn Bench) {
    let mut store = bench.open();
    let by = By { who: "ib".into(), why: "the key is mended".into() };
    assert!(!store.resume("ky", &by, now()).unwrap());
    let (first, second) = (problem(Class::Operator, Code::HostKeyUnknown), bad());
    store.pause("ky", &first, now()).unwrap();
    store.pause("ky", &second, now()).unwrap();
    let pauses = bench.open().pauses().unwrap();
    assert_eq!(pauses.len(), 1);
    assert_eq!((pauses[0].endpoint.as_str(), &pauses[0].problem), ("ky", &first));
    assert!(store.resume("ky", &by, now()).unwrap());
    assert_eq!(store.pauses().unwrap(), []);
    assert_eq!(store.verify().unwrap().events, 2, "both are in the log, once each");
}

pub(crate) fn the_log_verifies_as_it_was_written(bench: &dyn Bench) {
    let mut store = bench.open();
    assert_eq!(store.verify().unwrap(), modregn::store::Audit::default());
    for (name, code) in [("a", 101), ("b", 147)] {
        crate::samples::answer(&mut *store, &forespoergsel(code, code.into()), name);
    }
    let by = By { who: "ib".into(), why: "asked by the citizen".into() };
    let note = Note { subject: "aftale A-1", what: "unmask", problem: None, by: Some(&by) };
    store.note(&note, now()).unwrap();
    for transfer in store.transfers(&TransferFilter::default()).unwrap() {
        store.let_go(transfer.id, transfer.node.unwrap()).unwrap();
    }
    see(&mut *store, "c", now());
    let audit = store.verify().unwrap();
    assert_eq!(audit.findings, []);
    assert_eq!(audit.events, 2 * 4 + 1 + 1);
    assert_eq!(bench.open().verify().unwrap(), audit);
}
