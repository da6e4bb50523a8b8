//! Settling: one municipality's payout report of 1,000,000 indberetninger, from the inbox until
//! every expectation it speaks of is settled.
//!
//! - `modregn`: `batch` over local directories, with all it does: journal, spool, hash, every check
//!   of every record, CPR numbers held against the agreements, corrections, archive.
//! - `rusqlite by hand`: what one would write with the natural tables: a parser of fixed columns
//!   that loads the records, and one `UPDATE … FROM` that joins them to the expectations. As
//!   durable, but without intake, checks, corrections or history.
//!
//! Both end with the same amounts.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

mod support;
#[path = "settle/yardstick.rs"]
mod yardstick;

use chrono::{DateTime, NaiveDate, Utc};
use modregn::clock::Clock;
use modregn::config::Config;
use modregn::daemon::{self, Engine};
use modregn::domain::{Forespoergsel, ForespoergselId, Kommunekode, Miljoe, Udbetalingsperiode};
use modregn::generate::{Deviations, Plan, Udbetalingsrapport, aftaler, transaktioner};
use modregn::layout::Layouts;
use modregn::message::{forespoergsel, udbetaling};
use modregn::store::{AfstemningFilter, ImportMode, SqliteStore, Store};
use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Four in five are active, and all but two in a hundred of those are reported on.
const AGREEMENTS: u64 = 1_275_000;
const ROUNDS: usize = 3;
/// A payout for each round, for the warm-up, and for either entrant alone.
const PAYOUTS: u64 = ROUNDS as u64 + 2;
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const DEVIATIONS: Deviations =
    Deviations { partial: 5, none: 2, missing: 2, over: 1, unexpected: 0 };

const CONFIG: &str = r#"
[[route]]
flow = "sf2520"
[route.inbox]
endpoint = "here"
directory = "rapporter"
[route.inbox.plain]
pattern = "*.txt"
complete = "rename"
processed = "delete"
[route.outbox]
endpoint = "here"
directory = "ud"
name = "{udbetaling_id}"
"#;

fn main() {
    let dir = support::data_dir().join("settle");
    if !support::is_alone() {
        prepare(&dir);
    }
    let (ours, theirs) = (Cell::new(0), Cell::new(0));
    // The last payout is for whoever runs alone.
    let next = |last: &Cell<u64>| {
        last.set(if support::is_alone() { PAYOUTS } else { last.get() + 1 });
        last.get()
    };
    support::Race::new("settle 1,000,000 reported amounts", 1e6, "records")
        .entrant("modregn", || modregn(&dir, next(&ours)))
        .entrant("rusqlite by hand", || yardstick::settle(&dir, next(&theirs)))
        .run(ROUNDS, "rusqlite by hand");
    assert_eq!(received(&dir), yardstick::received(&dir), "the two came to different amounts");
    fs::remove_dir_all(&dir).unwrap();
}

/// The same invented agreements, payouts and reports for both; the requests are answered.
fn prepare(dir: &Path) {
    drop(fs::remove_dir_all(dir));
    for name in ["ind", "ud", "rapporter", "reports"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
    fs::write(dir.join("modregn.toml"), support::CONFIG.to_owned() + CONFIG).unwrap();
    let config = config(dir);
    let plan = Plan::new(1, 1, AGREEMENTS, FIRST).unwrap();
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe).unwrap();
    let mut import = store.import_aftaler(ImportMode::Replace, NOW).unwrap();
    for (aftale, line) in aftaler(&plan).zip(2..) {
        import.put(&aftale, line).unwrap();
    }
    import.finish(&mut |_| true).unwrap();
    drop(store);
    let requests = Layouts::builtin().get("sf2530-forespoergsel").unwrap();
    let requests = forespoergsel::Format::bind(&requests).unwrap();
    let (_, transactions) = transaktioner(&plan).next().unwrap();
    for payout in 1..=PAYOUTS {
        let request = request(payout);
        requests
            .write(&request, File::create(dir.join(format!("ind/{payout}.txt"))).unwrap())
            .unwrap();
        write_report(&report(dir, payout), &plan, &request, &transactions);
    }
    batch(dir);
    fs::remove_dir_all(dir.join("ud")).unwrap();
    fs::create_dir(dir.join("ud")).unwrap();
    yardstick::prepare(dir, &transactions);
}

fn report(dir: &Path, payout: u64) -> PathBuf {
    dir.join(format!("reports/{payout}.txt"))
}

/// All on the same day and in one month: each payout asks for the same agreements.
fn request(payout: u64) -> Forespoergsel {
    Forespoergsel {
        kommunekode: Kommunekode::parse(b"0101").unwrap(),
        forespoergsel_id: ForespoergselId(Uuid::from_u128(payout.into())),
        forespoergselsdato: FIRST,
        dispositionsdato: FIRST,
        udbetalingsperiode: Udbetalingsperiode::of(FIRST).unwrap(),
        miljoe: Miljoe::Test,
    }
}

fn write_report(
    path: &Path,
    plan: &Plan,
    request: &Forespoergsel,
    transactions: &[modregn::domain::Transaktion],
) {
    let layout = Layouts::builtin().get("sf2520-kontanthjaelpsudbetaling").unwrap();
    let format = udbetaling::Format::bind(&layout).unwrap();
    let mut report = Udbetalingsrapport::new(plan, request, DEVIATIONS);
    let mut head = *report.udbetaling();
    head.udbetaling_id = request.forespoergsel_id.0;
    let out = std::io::BufWriter::new(File::create(path).unwrap());
    let mut file = format.begin(&head, out).unwrap();
    for indberetning in transactions.iter().filter_map(|one| report.report(one)) {
        file.indberetning(&indberetning).unwrap();
    }
    file.finish().unwrap();
}

fn config(dir: &Path) -> Config {
    Config::load(&dir.join("modregn.toml")).unwrap()
}

fn modregn(dir: &Path, payout: u64) {
    // The same file, under its name in the inbox: nothing is copied.
    fs::hard_link(report(dir, payout), dir.join(format!("rapporter/{payout}.txt"))).unwrap();
    batch(dir);
}

fn batch(dir: &Path) {
    let engine = Engine::open(config(dir), Box::new(Stopped)).unwrap();
    let report = daemon::batch(&engine, &());
    let well = |file: &daemon::FileOutcome| file.verdict.problem().is_none();
    assert!(report.failure.is_none() && report.files.iter().all(well), "{:?}", report.files);
    assert!(!report.files.is_empty());
}

/// Øre that came in all, as modregn has it.
fn received(dir: &Path) -> i64 {
    let store = SqliteStore::open_read_only(&config(dir).store_path(), Miljoe::Test).unwrap();
    let figures = store.afstemning(&AfstemningFilter::default()).unwrap();
    figures.values().map(|one| one.modtaget().beloeb.oere()).sum()
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        NOW
    }
}
