//! The outbox: registrations that wait are cut into a transfer, and its file stands at its
//! destination. Two in five make a debitorkonto of seven records, three in five are payments.
//!
//! - `modregn`: `batch` over local directories, with all it does: one of each debitorkonto at a
//!   time, journal, rendered from committed rows, read back and balanced, hashed, published.
//! - `rusqlite by hand`: what one would write with the natural tables: read what waits for the
//!   municipality, write the file with the same writer, mark it as sent. As durable, but nothing is
//!   read back, and no order is kept.
//!
//! Both files have as many registrations. `-- 1000000` takes transfers of another size than
//! 200,000.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

mod support;

use chrono::{DateTime, NaiveDate, Utc};
use modregn::clock::Clock;
use modregn::config::Config;
use modregn::daemon::{self, Engine};
use modregn::domain::debitor::{
    Debitorkonto, DebitorkontoId, Debitorregistrering, Delfordring, Fordring, Fordringstilstand,
    Haeftelse, Indbetaling, IndbetalingId, Operation, Overfoersel, OverfoerselId, Overfoerselstype,
    Part, RegistreringId, Rolle, Rute,
};
use modregn::domain::{
    Beloeb, CprPolicy, Cvr, Debitorsystem, DelfordringId, Fagsystem, FordringId, Klasse,
    Kommunekode, Miljoe,
};
use modregn::layout::Layouts;
use modregn::message::debitorregistrering::{Format, poster};
use modregn::store::{Entered, Registrations, SqliteStore};
use rusqlite::{Connection, params};
use std::cell::Cell;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::{env, iter};
use uuid::Uuid;

const ROUNDS: usize = 3;
/// One for each round, for the warm-up, and for either entrant alone.
const KOMMUNER: usize = ROUNDS + 2;
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();

const CONFIG: &str = r#"
miljoe = "TEST"
state_dir = "state"
[endpoint.here]
kind = "local"
path = "."
[[route]]
flow = "sf1590-fagsystem"
[route.inbox]
endpoint = "here"
directory = "ind"
[route.inbox.plain]
pattern = "*.txt"
complete = "rename"
processed = "delete"
[route.outbox]
endpoint = "here"
directory = "ud"
name = "{overfoersel_id}"
[route.overfoersel]
registreringer = 100000000
bytes = 1000000000000
"#;

fn main() {
    let size = env::args().find_map(|arg| arg.parse().ok()).unwrap_or(200_000);
    let dir = support::data_dir().join("outbox");
    if !support::is_alone() {
        prepare(&dir, size);
    }
    let (ours, theirs) = (Cell::new(0), Cell::new(0));
    // The last municipality is for whoever runs alone.
    let next = |last: &Cell<usize>| {
        last.set(if support::is_alone() { KOMMUNER } else { last.get() + 1 });
        kommune(last.get())
    };
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let amount = size as f64;
    support::Race::new(&format!("send {size} registrations"), amount, "registrations")
        .entrant("modregn", || modregn(&dir, next(&ours), size))
        .entrant("rusqlite by hand", || by_hand(&dir, next(&theirs), size))
        .run(ROUNDS, "rusqlite by hand");
    fs::remove_dir_all(&dir).unwrap();
}

fn kommune(round: usize) -> Kommunekode {
    Kommunekode::all().nth(round).unwrap()
}

fn prepare(dir: &Path, size: u64) {
    drop(fs::remove_dir_all(dir));
    for name in ["ind", "ud", "hand"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
    fs::write(dir.join("modregn.toml"), CONFIG).unwrap();
    let config = Config::load(&dir.join("modregn.toml")).unwrap();
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe).unwrap();
    let mut hand = Connection::open(dir.join("hand.db")).unwrap();
    hand.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
         CREATE TABLE registrering (nr INTEGER PRIMARY KEY, kommunekode INTEGER NOT NULL,
             indhold TEXT NOT NULL, overfoersel INTEGER) STRICT;
         CREATE INDEX venter ON registrering (kommunekode) WHERE overfoersel IS NULL;
         CREATE TABLE overfoersel (nr INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
             kommunekode INTEGER NOT NULL, antal INTEGER NOT NULL) STRICT;",
    )
    .unwrap();
    let ruter: Vec<_> = (1..=KOMMUNER).map(|round| rute(kommune(round))).collect();
    store.set_ruter(&ruter).unwrap();
    let mut entry = store.enter(NOW).unwrap();
    let transaction = hand.transaction().unwrap();
    for (line, registrering) in
        (1..).zip((1..=KOMMUNER).flat_map(|round| invented(kommune(round), size)))
    {
        let poster = poster(&registrering);
        entry.put(&Entered { line, registrering: &registrering, poster }).unwrap();
        transaction
            .prepare_cached("INSERT INTO registrering (kommunekode, indhold) VALUES (?1, ?2)")
            .unwrap()
            .execute(params![
                registrering.kommunekode.number(),
                serde_json::to_string(&registrering).unwrap()
            ])
            .unwrap();
    }
    transaction.commit().unwrap();
    assert_eq!(entry.check(1).unwrap(), []);
    entry.finish(&mut |_| {}).unwrap();
    store.set_ruter(&[]).unwrap();
}

fn rute(kommunekode: Kommunekode) -> Rute {
    Rute {
        kommunekode,
        myndighed_cvr: Cvr::parse(b"64942212").unwrap(),
        debitorsystem: Debitorsystem::parse("OPUS").unwrap(),
        endpoint: "here".to_owned(),
        overfoerselstype: Overfoerselstype::Plain,
        gyldig_fra: DateTime::UNIX_EPOCH.date_naive(),
        gyldig_til: None,
    }
}

/// Each on a debitorkonto of its own: they could all leave at once.
fn invented(kommunekode: Kommunekode, size: u64) -> impl Iterator<Item = Debitorregistrering> {
    let ids = u128::from(kommunekode.number()) << 64;
    (0..size).map(move |nth| {
        // Spread as ids are that nothing orders.
        let id = Uuid::from_u128((ids | u128::from(nth)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C));
        Debitorregistrering {
            registrering_id: RegistreringId(id),
            fagsystem: Fagsystem::parse("KY-DEBITOR").unwrap(),
            kommunekode,
            debitorkonto_id: DebitorkontoId(id),
            registreret: NOW,
            virkningsdato: DAY,
            retter: None,
            operation: if nth % 5 < 2 { konto(nth) } else { indbetaling(id) },
        }
    })
}

fn indbetaling(id: Uuid) -> Operation {
    Operation::ForetagIndbetaling(Indbetaling {
        indbetaling_id: IndbetalingId(id),
        fordring_id: FordringId::parse("F-1").unwrap(),
        delfordring_id: DelfordringId::parse("D-1").unwrap(),
        beloeb: Beloeb::from_oere(10_000),
        indbetalingsdato: DAY,
        tilbagefoerer: None,
    })
}

/// With its head, seven records.
fn konto(nth: u64) -> Operation {
    let klasse = |text| Klasse::parse(text).unwrap();
    let company = Part::Cvr(Cvr::parse(b"99000007").unwrap());
    let haeftelse = |rolle| Haeftelse { rolle, part: company, gyldig_fra: DAY, gyldig_til: None };
    let del = |nth, oere| Delfordring {
        delfordring_id: DelfordringId::parse(nth).unwrap(),
        delfordringstype: klasse("HOVED"),
        beloeb: Beloeb::from_oere(oere),
    };
    Operation::OpretDebitorkonto(Debitorkonto {
        debitorkontotype: klasse("DKT-BOLIG"),
        betegnelse: None,
        haeftelser: vec![haeftelse(Rolle::JuridiskAnsvarlig), haeftelse(Rolle::JuridiskMedhaefter)],
        adresser: Vec::new(),
        materialeabonnementer: Vec::new(),
        fordringer: vec![Fordring {
            fordring_id: FordringId::parse(&format!("F-{nth}")).unwrap(),
            kravtype: klasse("KRAV-IND"),
            hovedstol: Beloeb::from_oere(160_300),
            periode_fra: DAY,
            periode_til: DAY,
            forfaldsdato: DAY,
            fordringstilstand: Fordringstilstand::KanInddrives,
            delfordringer: vec![del("D-1", 150_000), del("D-2", 10_300)],
        }],
    })
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        NOW
    }
}

fn modregn(dir: &Path, kommune: Kommunekode, size: u64) {
    let config = Config::load(&dir.join("modregn.toml")).unwrap();
    let mut store = SqliteStore::open(&config.store_path(), config.miljoe).unwrap();
    // Only this one can leave.
    store.set_ruter(&[rute(kommune)]).unwrap();
    drop(store);
    let engine = Engine::open(config, Box::new(Fixed)).unwrap();
    let report = daemon::batch(&engine, &());
    assert!(report.failure.is_none() && report.files.len() == 1, "{report:?}");
    let only = |entry: fs::DirEntry| entry.path();
    let files: Vec<_> = fs::read_dir(dir.join("ud")).unwrap().map(|e| only(e.unwrap())).collect();
    let [file] = &files[..] else { panic!("one file") };
    check(file, size);
}

/// The file has the records it should have, and is removed.
fn check(file: &Path, size: u64) {
    // Of 200 bytes and a line end each: start, slut, and of five registrations two of seven
    // records and three of two.
    let records = 2 + size / 5 * (2 * 7 + 3 * 2);
    assert_eq!(fs::metadata(file).unwrap().len(), records * 202);
    fs::remove_file(file).unwrap();
}

fn by_hand(dir: &Path, kommune: Kommunekode, size: u64) {
    let mut connection = Connection::open(dir.join("hand.db")).unwrap();
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -16384").unwrap();
    let layout = Layouts::builtin().get("sf1590-debitorregistrering").unwrap();
    let format = Format::bind(&layout).unwrap();
    let transaction = connection.transaction().unwrap();
    let id = Uuid::now_v7();
    let nr = transaction
        .prepare("INSERT INTO overfoersel (id, kommunekode, antal) VALUES (?1, ?2, ?3)")
        .unwrap()
        .insert(params![id.to_string(), kommune.number(), size])
        .unwrap();
    let path = dir.join("hand").join(id.to_string());
    let head = Overfoersel {
        overfoersel_id: OverfoerselId(id),
        kommunekode: kommune,
        myndighed_cvr: Cvr::parse(b"64942212").unwrap(),
        fagsystem: Fagsystem::parse("KY-DEBITOR").unwrap(),
        dannet: NOW,
        miljoe: Miljoe::Test,
    };
    let mut out = BufWriter::new(File::create(&path).unwrap());
    let mut file = format.begin(&head, CprPolicy::default(), &mut out).unwrap();
    let mut waiting = transaction
        .prepare(
            "SELECT indhold FROM registrering WHERE kommunekode = ?1 AND overfoersel IS NULL
             ORDER BY nr",
        )
        .unwrap();
    let mut rows = waiting.query([kommune.number()]).unwrap();
    let next = || rows.next().unwrap().map(|row| row.get::<_, String>(0).unwrap());
    for json in iter::from_fn(next) {
        file.registrering(1, &serde_json::from_str(&json).unwrap()).unwrap();
    }
    file.finish().unwrap();
    out.flush().unwrap();
    out.get_ref().sync_all().unwrap();
    drop(rows);
    drop(waiting);
    transaction
        .execute(
            "UPDATE registrering SET overfoersel = ?1
             WHERE kommunekode = ?2 AND overfoersel IS NULL",
            params![nr, kommune.number()],
        )
        .unwrap();
    transaction.commit().unwrap();
    check(&path, size);
}
