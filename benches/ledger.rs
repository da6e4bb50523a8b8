//! The debitorsystem's ledger: transfers of registrations, entered whole. Two in five make a
//! debitorkonto of seven records, three in five are payments.
//!
//! - `modregn`: each is checked by itself and against the ledger, answered and booked, with its
//!   posteringer kept and checked, and the kvittering owed, in one transaction.
//! - `rusqlite by hand`: what one would write with the natural tables: the same reads and writes by
//!   prepared statements, as durable.
//!
//! Both end with the same restance. `-- 100000` takes transfers of another size than 1,000,000.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

#[path = "ledger/invented.rs"]
mod invented;
mod support;
#[path = "ledger/yardstick.rs"]
mod yardstick;

use chrono::{DateTime, Utc};
use invented::Registrations;
use modregn::domain::debitor::regler;
use modregn::domain::debitor::{Kvittering, KvitteringId};
use modregn::domain::{CprPolicy, Miljoe};
use modregn::store::{
    KvitteringOrder, Ledger, Payload, Place, Received, Seen, SqliteStore, Step, Store, Transfer,
};
use modregn::transfer::state::Event;
use std::cell::Cell;
use std::path::Path;
use std::{env, fs};
use uuid::Uuid;

const ROUNDS: usize = 3;
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn main() {
    let size = env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let dir = support::data_dir().join("ledger");
    if !support::is_alone() {
        drop(fs::remove_dir_all(&dir));
        fs::create_dir_all(&dir).unwrap();
        drop(open(&dir));
        yardstick::prepare(&dir);
    }
    let (ours, theirs) = (Cell::new(0), Cell::new(0));
    // Whoever runs alone takes one more.
    let next = |last: &Cell<u64>| {
        last.set(if support::is_alone() { ROUNDS as u64 + 2 } else { last.get() + 1 });
        last.get()
    };
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let amount = size as f64;
    support::Race::new(&format!("take in {size} registrations"), amount, "registrations")
        .entrant("modregn", || modregn(&dir, next(&ours), size))
        .entrant("rusqlite by hand", || yardstick::take_in(&dir, next(&theirs), size))
        .run(ROUNDS, "rusqlite by hand");
    assert_eq!(restance(&dir), yardstick::restance(&dir), "the two came to different amounts");
    fs::remove_dir_all(&dir).unwrap();
}

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(&dir.join("store.db"), Miljoe::Test).unwrap()
}

fn place(name: &str) -> Place {
    Place { endpoint: "here".into(), directory: "ind".into(), name: name.into() }
}

/// A file in the spool.
fn fetched(store: &mut SqliteStore, round: u64) -> Transfer {
    let node = store.enlist(&format!("lock {round}"), NOW).unwrap();
    let (flow, place) = ("sf1590-debitorsystem".to_owned(), place(&round.to_string()));
    let seen = Seen { flow, place, size: 1, since: store.newest_event().unwrap() };
    let transfer = store.see(&seen, node, NOW).unwrap().unwrap();
    let payload = Some(Payload { size: 1, sha256: [0; 32] });
    store.advance(&transfer, &Step { payload, ..Step::plain(Event::Fetch) }, NOW).unwrap()
}

fn modregn(dir: &Path, round: u64, size: u64) {
    let mut store = open(dir);
    let inbound = fetched(&mut store, round);
    let (head, sortiment) = (invented::head(round), invented::sortiment());
    let mut invented = Registrations::new(round);
    let Received::New(mut intake) = store.receive(&head).unwrap() else { panic!("it is known") };
    for _ in 0..size {
        let (sekvens, registrering) = invented.next();
        let brud = regler::brud(&registrering, &sortiment, CprPolicy::default());
        let brud = brud.first().map(|brud| brud.regel);
        let afvisning = intake.put(sekvens, &registrering, brud).unwrap();
        assert!(afvisning.is_none(), "{afvisning:?}");
    }
    let kvittering = Kvittering {
        kvittering_id: KvitteringId(Uuid::from_u128(round.into())),
        overfoersel_id: head.overfoersel_id,
        kommunekode: head.kommunekode,
        fagsystem: head.fagsystem,
        dannet: NOW,
        miljoe: Miljoe::Test,
    };
    let place = place(&format!("{round}.kvit"));
    let order = KvitteringOrder { inbound: &inbound, kvittering: &kvittering, place: &place };
    intake.finish(&order, NOW).unwrap();
}

/// What is left to pay in all, øre, as modregn has it.
fn restance(dir: &Path) -> i64 {
    let mut sum = 0;
    let store = open(dir);
    store
        .each_restance(&mut |one| {
            sum += one.restance.oere();
            Ok(())
        })
        .unwrap();
    assert_eq!(store.verify_ledger().unwrap().findings, [""; 0]);
    sum
}
