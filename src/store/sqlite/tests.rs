//! What only SQLite can get wrong: constraints, plans, full disks, locks, readers beside a writer.

use super::SqliteStore;
use crate::domain::aftale::{Aftale, Aftalestatus};
use crate::domain::hold_rule::HoldRules;
use crate::domain::{
    AftaleId, Beloeb, Cpr, CprPolicy, Forespoergsel, ForespoergselId, Kommunekode, Miljoe,
    Prioritet, Udbetalingsperiode, Ydelsestype,
};
use crate::fault::Class;
use crate::store::{
    AnswerOrder, ImportMode, Moment, Payload, Place, Seen, Step, Store, StoreError, Transfer,
    TransferFilter,
};
use crate::transfer::state::Event;
use rusqlite::Connection;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

const NOW: Moment = Moment::UNIX_EPOCH;

fn store() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("store.db"), Miljoe::Test).unwrap();
    (dir, store)
}

fn aftale(number: u32) -> Aftale {
    Aftale {
        aftale_id: AftaleId::parse(&format!("A-{number}")).unwrap(),
        kommunekode: Kommunekode::parse(b"0101").unwrap(),
        cpr: Cpr::parse(b"0101901234", CprPolicy::default()).unwrap(),
        beloeb: Beloeb::from_oere(160_300),
        ydelsestype: Ydelsestype::Boernebidrag,
        gyldig_fra: "2026-01-01".parse().unwrap(),
        gyldig_til: None,
        prioritet: Prioritet::new(1).unwrap(),
        fordring_id: None,
        status: Aftalestatus::Aktiv,
    }
}

fn import(store: &mut SqliteStore, numbers: std::ops::Range<u32>) -> Result<(), StoreError> {
    let mut import = store.import_aftaler(ImportMode::Upsert, NOW)?;
    for number in numbers {
        import.put(&aftale(number), number.into())?;
    }
    import.finish(&mut |_| true).map(|_| ())
}

fn request(number: u128) -> Forespoergsel {
    Forespoergsel {
        kommunekode: Kommunekode::parse(b"0101").unwrap(),
        forespoergsel_id: ForespoergselId(Uuid::from_u128(number)),
        forespoergselsdato: "2026-11-20".parse().unwrap(),
        dispositionsdato: "2026-12-01".parse().unwrap(),
        udbetalingsperiode: Udbetalingsperiode::new(2026, 12).unwrap(),
        miljoe: Miljoe::Test,
    }
}

fn place(name: &str) -> Place {
    Place { endpoint: "ky".into(), directory: "ind".into(), name: name.into() }
}

fn fetched(store: &mut SqliteStore, name: &str) -> Result<Transfer, StoreError> {
    let node = match store.nodes()?.first() {
        Some(row) => row.node,
        None => store.enlist("lock", NOW)?,
    };
    let since = store.newest_event()?;
    let seen = Seen { flow: "sf2530".into(), place: place(name), size: 82, since };
    let transfer = store.see(&seen, node, NOW)?.unwrap();
    let payload = Some(Payload { size: 82, sha256: [1; 32] });
    store.advance(&transfer, &Step { payload, ..Step::plain(Event::Fetch) }, NOW)
}

/// Marks what there is.
fn answer(store: &mut SqliteStore, number: u128) -> Result<(), StoreError> {
    let inbound = fetched(store, &number.to_string())?;
    let (request, place) = (request(number), place(&format!("{number}.svar")));
    store.answer(
        &AnswerOrder {
            inbound: &inbound,
            request: &request,
            place: &place,
            hold_rules: &HoldRules::default(),
            missed: None,
        },
        NOW,
    )?;
    Ok(())
}

fn class(error: &StoreError) -> Class {
    match error {
        StoreError::Database { class, .. } => *class,
        other => panic!("{other}"),
    }
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn what_cannot_be_is_not_stored() {
    let (_dir, mut store) = store();
    import(&mut store, 0..2).unwrap();
    answer(&mut store, 1).unwrap();
    fetched(&mut store, "waiting").unwrap();
    let wrong = [
        // Agreements.
        "UPDATE aftale SET beloeb = 1",
        "UPDATE aftale SET status = 'ophoert' WHERE nr = 1",
        "UPDATE aftale SET erstattet = 99",
        "INSERT INTO aftale SELECT 9, aftale_id, kommunekode, cpr, beloeb, ydelsestype, gyldig_fra,
             gyldig_til, prioritet, fordring_id, status, indlaest, NULL FROM aftale LIMIT 1",
        "INSERT INTO aftale SELECT 9, 'X', kommunekode, cpr, -1, ydelsestype, gyldig_fra,
             gyldig_til, prioritet, fordring_id, status, indlaest, NULL FROM aftale LIMIT 1",
        "INSERT INTO aftale SELECT 9, 'X', kommunekode, '1', beloeb, ydelsestype, gyldig_fra,
             gyldig_til, prioritet, fordring_id, status, indlaest, NULL FROM aftale LIMIT 1",
        "INSERT INTO aftale SELECT 9, 'X', kommunekode, cpr, beloeb, ydelsestype, '2026-02-30',
             gyldig_til, prioritet, fordring_id, status, indlaest, NULL FROM aftale LIMIT 1",
        "INSERT INTO aftale SELECT 9, 'X', kommunekode, cpr, beloeb, ydelsestype, gyldig_fra,
             '20261231', prioritet, fordring_id, status, indlaest, NULL FROM aftale LIMIT 1",
        "INSERT INTO aftale SELECT 9, 'X', kommunekode, cpr, beloeb, ydelsestype, gyldig_fra,
             gyldig_til, 100, fordring_id, status, indlaest, NULL FROM aftale LIMIT 1",
        "INSERT INTO aftale SELECT 9, 'X', kommunekode, cpr, beloeb, ydelsestype, gyldig_fra,
             gyldig_til, prioritet, fordring_id, 'active', indlaest, NULL FROM aftale LIMIT 1",
        "DELETE FROM aftale",
        // Expectations and requests.
        "INSERT INTO forventning (aftale) VALUES (99)",
        "UPDATE forespoergsel SET inbound = 99",
        "UPDATE forespoergsel SET antal_transaktioner = -1",
        // Transfers and events.
        "UPDATE transfer SET state = 'queued' WHERE direction = 'in'",
        "UPDATE transfer SET state = 'fetched' WHERE direction = 'out'",
        "UPDATE transfer SET state = 'lost'",
        "UPDATE transfer SET state = 'rendered' WHERE direction = 'out'",
        "UPDATE transfer SET sha256 = NULL WHERE direction = 'in'",
        "UPDATE transfer SET state = 'rejected' WHERE state = 'fetched'",
        "UPDATE transfer SET state = 'accepted' WHERE state = 'fetched'",
        "UPDATE transfer SET problem_code = 'bad-cpr'",
        "UPDATE transfer SET attempts = -1",
        "UPDATE transfer SET changed_at = '1960-01-01T00:00:00.000Z'",
        "INSERT INTO transfer SELECT 99, '00000000-0000-0000-0000-000000000000', direction, flow,
             endpoint, directory, name, state, size, sha256, kommunekode, forespoergsel_id,
             attempts, problem_class, problem_code, problem_text, created_at, changed_at,
             node, released, dispositionsdato
         FROM transfer WHERE state = 'fetched'",
        "UPDATE event SET at = '2026-01-01'",
        "DELETE FROM event",
        "INSERT INTO event (transfer, at, to_state) VALUES (99, '', 'seen')",
        // The store itself.
        "UPDATE store SET miljoe = 'DEV'",
        "INSERT INTO store VALUES (2, 'PROD')",
    ];
    for statement in wrong {
        let refused = store.connection.execute(statement, []);
        let code = refused.as_ref().err().and_then(rusqlite::Error::sqlite_error_code);
        assert_eq!(code, Some(rusqlite::ErrorCode::ConstraintViolation), "{statement} {refused:?}");
    }
    let replace = "UPDATE aftale SET erstattet = 1 WHERE nr = 1";
    store.connection.execute(replace, []).unwrap();
    assert!(store.connection.execute(replace, []).is_err(), "replaced twice");
}

#[test]
fn marking_and_reading_back_neither_sort_nor_scan() {
    let (_dir, store) = store();
    let plan = |sql: &str| -> String {
        let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let parameters = vec![None::<i64>; statement.parameter_count()];
        let parameters = rusqlite::params_from_iter(parameters);
        let rows = statement.query_map(parameters, |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    for sql in [super::answers::mark_sql(), super::answers::size_sql()] {
        assert_eq!(plan(&sql), "SEARCH aftale USING INDEX aftale_svar (kommunekode=?)");
    }
    let plan = plan(super::answers::TRANSACTIONS);
    assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    assert_eq!(plan.matches("SEARCH").count(), 3, "{plan}");
}

#[test]
fn a_full_disk_is_passing_trouble_and_leaves_nothing_half_done() {
    let (_dir, mut store) = store();
    import(&mut store, 0..20_000).unwrap();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let room = |store: &SqliteStore, pages: i64| {
        store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    };
    // Enough for the journal's rows, not for 20,000 expectations.
    room(&store, pages + 8);
    let error = answer(&mut store, 1).unwrap_err();
    assert_eq!(class(&error), Class::Retry, "{error}");
    assert!(error.to_string().contains("make room on its disk"), "{error}");
    let error = import(&mut store, 10_000..30_000).unwrap_err();
    assert_eq!(class(&error), Class::Retry, "{error}");
    for table in ["forventning", "forespoergsel"] {
        assert_eq!(count(&store.connection, table), 0, "{table}");
    }
    assert_eq!(store.count_aftaler().unwrap(), 20_000);
    let all = store.transfers(&TransferFilter::default()).unwrap();
    assert_eq!(all.len(), 1, "the request is still there, to be answered later");

    room(&store, pages * 10);
    let (request, place) = (request(1), place("svar"));
    let order = AnswerOrder {
        inbound: &all[0],
        request: &request,
        place: &place,
        hold_rules: &HoldRules::default(),
        missed: None,
    };
    store.answer(&order, NOW).unwrap();
    assert_eq!(count(&store.connection, "forventning"), 20_000);
}

#[test]
fn a_lock_that_lasts_is_passing_trouble() {
    let (dir, mut store) = store();
    let mut other = SqliteStore::open(&dir.path().join("store.db"), Miljoe::Test).unwrap();
    other.connection.busy_timeout(Duration::from_millis(1)).unwrap();
    let transaction = store.connection.transaction().unwrap();
    transaction.execute("INSERT INTO import (at, mode) VALUES ('', 'upsert')", []).unwrap();
    let error = fetched(&mut other, "a").unwrap_err();
    assert_eq!(class(&error), Class::Retry, "{error}");
    assert!(error.to_string().contains("another program holds it"), "{error}");
    drop(transaction);
    fetched(&mut other, "a").unwrap();
}

#[test]
fn a_reader_looks_on_while_another_writes_and_cannot_write() {
    let (dir, mut store) = store();
    let path = dir.path().join("store.db");
    let mut reader = SqliteStore::open_read_only(&path, Miljoe::Test).unwrap();
    let transaction = store.connection.transaction().unwrap();
    transaction.execute("INSERT INTO import (at, mode) VALUES ('', 'upsert')", []).unwrap();
    assert_eq!(reader.count_aftaler().unwrap(), 0);
    drop(transaction);
    import(&mut store, 0..3).unwrap();
    assert_eq!(reader.count_aftaler().unwrap(), 3);
    let error = fetched(&mut reader, "a").unwrap_err();
    assert_eq!(class(&error), Class::Operator, "{error}");
}

#[test]
fn a_damaged_file_calls_an_operator() {
    let (dir, mut store) = store();
    import(&mut store, 0..2_000).unwrap();
    drop(store);
    let path = dir.path().join("store.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // The pages that hold an agreement, and none of the schema's.
    let one = |bytes: &[u8]| bytes.windows(6).position(|part| part == b"A-1000");
    while let Some(at) = one(&bytes) {
        let page = at - at % 4096;
        bytes[page..page + 4096].fill(0x55);
    }
    std::fs::write(&path, bytes).unwrap();
    let store = SqliteStore::open(&path, Miljoe::Test).unwrap();
    let error = store.each_aftale(&mut |_| Ok(())).unwrap_err();
    assert_eq!(class(&error), Class::Operator, "{error}");
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
}

#[test]
fn values_of_other_hands_are_told_by_column_and_not_shown() {
    let (_dir, mut store) = store();
    import(&mut store, 0..1).unwrap();
    store.connection.pragma_update(None, "ignore_check_constraints", true).unwrap();
    store.connection.execute_batch("DROP TRIGGER aftale_version_is_fixed").unwrap();
    store.connection.execute("UPDATE aftale SET cpr = '3202901234'", []).unwrap();
    let error = store.each_aftale(&mut |_| Ok(())).unwrap_err();
    assert_eq!(class(&error), Class::Operator, "{error}");
    let text = error.to_string();
    assert!(text.contains("a CPR number") && !text.contains("3202901234"), "{text}");
}

/// Whoever changes the file behind modregn's back, past its triggers, is found out.
#[test]
fn a_log_that_was_touched_does_not_verify() {
    let hands = "DROP TRIGGER event_is_not_changed; DROP TRIGGER event_is_not_deleted;
        PRAGMA foreign_keys = OFF;";
    for (touch, event, says) in [
        ("UPDATE event SET at = '2026-01-01T00:00:00.000Z' WHERE nr = 3", 3, "it was changed"),
        ("UPDATE event SET actor = 'ib', reason = 'x' WHERE nr = 2", 2, "it was changed"),
        ("DELETE FROM event WHERE nr = 2", 3, "events before it are missing"),
        ("DELETE FROM event WHERE nr = 1", 2, "events before it are missing"),
        (
            "UPDATE event SET nr = -1 WHERE nr = 2; UPDATE event SET nr = 2 WHERE nr = 3;
             UPDATE event SET nr = 3 WHERE nr = -1",
            2,
            "it was changed",
        ),
        ("UPDATE transfer SET name = 'other' WHERE nr = 1", 3, "the transfer is not as"),
        (
            "UPDATE transfer SET sha256 = replace(sha256, '1', '2') WHERE nr = 1",
            3,
            "not as its last",
        ),
        ("DELETE FROM event WHERE nr > 2", 0, "the transfer is not as its last event left it"),
        ("DELETE FROM event", 0, "the transfer is not as its last event left it"),
    ] {
        let (_dir, mut store) = store();
        answer(&mut store, 1).unwrap();
        assert_eq!(store.verify().unwrap().findings, []);
        store.connection.execute_batch(hands).unwrap();
        store.connection.execute_batch(touch).unwrap();
        let found = store.verify().unwrap().findings;
        let first = found.first().unwrap_or_else(|| panic!("{touch} was not found"));
        assert_eq!(first.event, event, "{touch}: {found:?}");
        assert!(first.what.contains(says), "{touch}: {found:?}");
    }
}
