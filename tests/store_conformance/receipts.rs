//! A platform's deliveries, and receipts both ways.

use crate::Bench;
use crate::samples::{about, answer, fetched, forespoergsel, now, payload, place, problem, see};
use modregn::domain::hold_rule::HoldRules;
use modregn::fault::{Class, Code};
use modregn::store::{
    Answer, AnswerOrder, Clue, Delivery, KVITTERING, Receipt, Step, Store, StoreError, Transfer,
    Understood, Verdict,
};
use modregn::transfer::state::{Direction, Event, State};
use uuid::Uuid;

const WAY: Uuid = Uuid::from_u128(7);

/// A file that the platform brought this way.
fn brought(store: &mut dyn Store, name: &str, way: Uuid) -> Transfer {
    let seen = see(store, name, now());
    let delivery = Delivery {
        file_transfer_uuid: way,
        sender: "ky".into(),
        recipient: "udk".into(),
        receipt: Some(place("ky-out", &format!("{name}.businessreceipt"))),
    };
    let delivery = Some(delivery);
    let step = Step { payload: Some(payload(1)), delivery, ..Step::plain(Event::Fetch) };
    let fetched = store.advance(&seen, &step, now()).unwrap();
    assert_eq!(store.delivery(fetched.id).unwrap(), step.delivery);
    fetched
}

/// What is owed or said about a file.
fn said(store: &dyn Store, about: &Transfer) -> Vec<(Receipt, Transfer)> {
    let receipts = store.receipts(about.id).unwrap();
    let with_transfer = |receipt: Receipt| {
        assert_eq!(store.receipt(receipt.transfer).unwrap().as_ref(), Some(&receipt));
        let transfer = store.transfer(receipt.transfer).unwrap().unwrap();
        (receipt, transfer)
    };
    receipts.into_iter().map(with_transfer).collect()
}

pub(crate) fn an_acceptance_owes_the_sender_one_receipt(bench: &dyn Bench) {
    let mut store = bench.open();
    let (request, to) = (forespoergsel(101, 1), place("ky-out", "svar"));
    for (name, way) in [("a", WAY), ("again", WAY), ("anew", Uuid::from_u128(8))] {
        let inbound = brought(&mut *store, name, way);
        let order = AnswerOrder {
            inbound: &inbound,
            request: &request,
            place: &to,
            hold_rules: &HoldRules::default(),
            missed: None,
        };
        store.answer(&order, now()).unwrap();
        let said = said(&*store, &inbound);
        assert_eq!(said.len(), usize::from(name != "again"), "{name}");
        for (receipt, transfer) in said {
            assert_eq!((receipt.verdict, receipt.reason), (Verdict::Accepted, None));
            assert_eq!((transfer.flow.as_str(), transfer.state), (KVITTERING, State::Queued));
            assert_eq!(transfer.direction, Direction::Outbound);
            assert_eq!(transfer.place, place("ky-out", &format!("{name}.businessreceipt")));
        }
    }
}

pub(crate) fn a_rejection_is_told_with_its_reason(bench: &dyn Bench) {
    let mut store = bench.open();
    let inbound = brought(&mut *store, "a", WAY);
    let bad = Some(problem(Class::Operator, Code::NameConflict));
    let held =
        store.advance(&inbound, &Step { problem: bad.clone(), ..Step::plain(Event::Hold) }, now());
    let held = held.unwrap();
    assert!(said(&*store, &inbound).is_empty(), "nothing is decided");
    let reject = Step { problem: bad, ..Step::plain(Event::Reject) };
    store.advance(&held, &reject, now()).unwrap();
    let said = said(&*store, &inbound);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].0.verdict, Verdict::Rejected);
    let reason = said[0].0.reason.as_deref();
    assert_eq!(reason, Some("name-conflict: line 1: ask for it again"));

    let plain = fetched(&mut *store, "b");
    store.advance(&plain, &reject, now()).unwrap();
    assert!(store.receipts(plain.id).unwrap().is_empty(), "no platform brought it");
}

pub(crate) fn a_delivery_is_known_again(bench: &dyn Bench) {
    let mut store = bench.open();
    let first = brought(&mut *store, "a", WAY);
    let second = brought(&mut *store, "b", WAY);
    let other = brought(&mut *store, "c", Uuid::from_u128(8));
    let before = |transfer: &Transfer| store.same_delivery(transfer).unwrap().map(|t| t.id);
    assert_eq!(before(&second), Some(first.id));
    assert_eq!((before(&first), before(&other)), (None, None));
}

/// An answer whose trigger stands beside it.
fn triggered(store: &mut dyn Store) -> Transfer {
    let Answer::New { mut outbound, .. } = answer(store, &forespoergsel(101, 1), "a") else {
        panic!("it is new")
    };
    for event in [Event::Render, Event::Publish, Event::Trigger] {
        let step = Step { payload: Some(payload(2)), ..Step::plain(event) };
        outbound = store.advance(&outbound, &step, now()).unwrap();
    }
    outbound
}

fn accept() -> Step {
    Step { about: Some(about(101)), ..Step::plain(Event::Accept) }
}

pub(crate) fn the_file_that_a_receipt_means_is_found(bench: &dyn Bench) {
    let mut store = bench.open();
    let sent = triggered(&mut *store);
    let id = sent.id.to_string();
    let clue = |senders_file_id, name| Clue {
        endpoint: "ky-out",
        senders_file_id,
        file_transfer_uuid: WAY,
        name,
    };
    let found = |store: &dyn Store, clue: &Clue<'_>| store.meant(clue).unwrap().map(|t| t.id);
    assert_eq!(found(&*store, &clue(Some(&id), "x")), Some(sent.id));
    assert_eq!(found(&*store, &clue(None, "a.svar")), Some(sent.id));
    assert_eq!(found(&*store, &clue(None, "x")), None);
    assert_eq!(found(&*store, &clue(Some("17"), "a.svar")), None, "somebody else's id");
    let elsewhere = Clue { endpoint: "ky", ..clue(Some(&id), "a.svar") };
    assert_eq!(found(&*store, &elsewhere), None);

    let receipt = fetched(&mut *store, "a.svar.sftpreceipt");
    let moves = Step::plain(Event::Receive);
    let understood = Understood {
        receipt: &receipt,
        about: &sent,
        file_transfer_uuid: WAY,
        verdict: Verdict::Delivered,
        reason: None,
        step: &accept(),
        moves: Some(&moves),
    };
    assert_eq!(store.understand(&understood, now()).unwrap().state, State::Accepted);
    assert_eq!(found(&*store, &clue(None, "x")), Some(sent.id), "by the way it went");
    let received = store.transfer(sent.id).unwrap().unwrap();
    assert_eq!(received.state, State::Received);
    assert_eq!(said(&*store, &sent)[0].0.transfer, receipt.id);
}

pub(crate) fn a_receipt_and_what_it_moves_are_one_step(bench: &dyn Bench) {
    let mut store = bench.open();
    let sent = triggered(&mut *store);
    let refuse = Step {
        problem: Some(problem(Class::Operator, Code::DeliveryRefused)),
        ..Step::plain(Event::Refuse)
    };
    store.advance(&sent, &refuse, now()).unwrap();
    let receipt = fetched(&mut *store, "a.svar.sftpreceipt");
    let moves = Step::plain(Event::Receive);
    let understood = Understood {
        receipt: &receipt,
        about: &sent,
        file_transfer_uuid: WAY,
        verdict: Verdict::Delivered,
        reason: None,
        step: &accept(),
        moves: Some(&moves),
    };
    let error = store.understand(&understood, now()).unwrap_err();
    assert!(matches!(error, StoreError::Moved { .. }), "{error}");
    assert_eq!(store.transfer(receipt.id).unwrap(), Some(receipt));
    assert!(store.receipts(sent.id).unwrap().is_empty());
}
