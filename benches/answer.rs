//! Answering: one municipality with 800,000 active of 1,000,000 agreements, from the request in the
//! inbox to the answer in the outbox.
//!
//! - `modregn`: `batch` over local directories, with all it does: journal, spool, balance, archive.
//! - `rusqlite by hand`: what one would write with the natural tables: one `INSERT … SELECT
//!   row_number()`, one ordered `SELECT`, a formatter, a sync, a rename. As durable as modregn, but
//!   without intake, journal, read-back, or any way to go on after a crash.
//!
//! Both end with the same file, byte for byte.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

mod support;
#[path = "answer/yardstick.rs"]
mod yardstick;

use chrono::{DateTime, NaiveDate, Utc};
use modregn::clock::Clock;
use modregn::config::Config;
use modregn::daemon::{self, Engine};
use modregn::domain::{Forespoergsel, ForespoergselId, Kommunekode, Miljoe, Udbetalingsperiode};
use modregn::generate::{Plan, aftaler};
use modregn::layout::Layouts;
use modregn::message::forespoergsel::Format;
use modregn::store::{ImportMode, SqliteStore, Store};
use std::cell::Cell;
use std::fs::{self, File};
use std::path::Path;
use uuid::Uuid;

const AGREEMENTS: u32 = 1_000_000;
const ROUNDS: usize = 5;
const DISPOSITIONSDATO: NaiveDate = NaiveDate::from_ymd_opt(2026, 12, 30).unwrap();
/// Both date their answers alike.
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn main() {
    let dir = support::data_dir().join("answer");
    if !support::is_alone() {
        prepare(&dir);
    }
    let (ours, theirs) = (Requests::default(), Requests::default());
    support::Race::new("answer 800,000 of 1,000,000 agreements", 800_000.0, "transactions")
        .entrant("modregn", || modregn(&dir, &ours.next()))
        .entrant("rusqlite by hand", || yardstick::answer(&dir, &theirs.next()))
        .run(ROUNDS, "rusqlite by hand");
    let last = |out: &str| fs::read(dir.join(out).join(ours.last.get().to_string())).unwrap();
    assert!(last("ud") == last("by-hand"), "the two answers differ");
    fs::remove_dir_all(&dir).unwrap();
}

/// The same invented agreements for both.
fn prepare(dir: &Path) {
    drop(fs::remove_dir_all(dir));
    for name in ["ind", "ud", "by-hand"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
    fs::write(dir.join("modregn.toml"), support::CONFIG).unwrap();
    let config = config(dir);
    let plan = Plan::new(1, 1, AGREEMENTS.into(), DISPOSITIONSDATO).unwrap();
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe).unwrap();
    let mut import = store.import_aftaler(ImportMode::Replace, NOW).unwrap();
    for (aftale, line) in aftaler(&plan).zip(2..) {
        import.put(&aftale, line).unwrap();
    }
    import.finish(&mut |_| true).unwrap();
    yardstick::load(dir, aftaler(&plan));
}

fn config(dir: &Path) -> Config {
    Config::load(&dir.join("modregn.toml")).unwrap()
}

/// Requests under ids not used before, the same ones for both.
#[derive(Default)]
struct Requests {
    last: Cell<Uuid>,
}

impl Requests {
    fn next(&self) -> Forespoergsel {
        let alone = support::is_alone().then(Uuid::now_v7);
        self.last.set(alone.unwrap_or_else(|| Uuid::from_u128(self.last.get().as_u128() + 1)));
        Forespoergsel {
            kommunekode: Kommunekode::parse(b"0101").unwrap(),
            forespoergsel_id: ForespoergselId(self.last.get()),
            forespoergselsdato: DISPOSITIONSDATO,
            dispositionsdato: DISPOSITIONSDATO,
            udbetalingsperiode: Udbetalingsperiode::of(DISPOSITIONSDATO).unwrap(),
            miljoe: Miljoe::Test,
        }
    }
}

fn modregn(dir: &Path, request: &Forespoergsel) {
    let layout = Layouts::builtin().get("sf2530-forespoergsel").unwrap();
    let format = Format::bind(&layout).unwrap();
    let name = format!("{}.txt", request.forespoergsel_id);
    format.write(request, File::create(dir.join("ind").join(&name)).unwrap()).unwrap();
    let engine = Engine::open(config(dir), Box::new(Stopped)).unwrap();
    let report = daemon::batch(&engine, &());
    assert!(report.failure.is_none() && report.files.len() == 1, "{:?}", report.files);
    let answer = dir.join("ud").join(request.forespoergsel_id.to_string());
    assert!(answer.exists(), "{:?}", report.files);
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        NOW
    }
}
