//! What one would write: the natural tables, one `INSERT … SELECT row_number()`, one ordered
//! `SELECT`, a formatter, a sync and a rename. Durable as modregn is: write-ahead log, synced at
//! every commit.

use chrono::Timelike;
use modregn::domain::{Aftale, FordringId, Forespoergsel};
use rusqlite::{Connection, TransactionBehavior, params};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

const SCHEMA: &str = "
    CREATE TABLE aftale (
        aftale_id TEXT PRIMARY KEY, kommunekode TEXT NOT NULL, cpr TEXT NOT NULL,
        beloeb INTEGER NOT NULL, ydelsestype TEXT NOT NULL, gyldig_fra TEXT NOT NULL,
        gyldig_til TEXT, prioritet INTEGER NOT NULL, fordring_id TEXT, status TEXT NOT NULL);
    CREATE INDEX aftale_kommunekode ON aftale (kommunekode);
    CREATE TABLE forespoergsel (forespoergsel_id TEXT PRIMARY KEY, kommunekode TEXT NOT NULL);
    CREATE TABLE forventning (
        forespoergsel_id TEXT NOT NULL, loebenummer INTEGER NOT NULL, aftale_id TEXT NOT NULL,
        beloeb INTEGER NOT NULL, PRIMARY KEY (forespoergsel_id, loebenummer)) WITHOUT ROWID;";

fn open(dir: &Path) -> Connection {
    let connection = Connection::open(dir.join("yardstick.db")).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").unwrap();
    connection
}

pub(crate) fn load(dir: &Path, aftaler: impl Iterator<Item = Aftale>) {
    let mut connection = open(dir);
    connection.execute_batch(SCHEMA).unwrap();
    let transaction = connection.transaction().unwrap();
    let sql = "INSERT INTO aftale VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let mut insert = transaction.prepare(sql).unwrap();
    for aftale in aftaler {
        insert
            .execute(params![
                aftale.aftale_id.as_str(),
                aftale.kommunekode.to_string(),
                aftale.cpr.as_unmasked_str(),
                aftale.beloeb.oere(),
                aftale.ydelsestype.code(),
                aftale.gyldig_fra.to_string(),
                aftale.gyldig_til.map(|til| til.to_string()),
                aftale.prioritet.number(),
                aftale.fordring_id.as_ref().map(FordringId::as_str),
                aftale.status.word(),
            ])
            .unwrap();
    }
    drop(insert);
    transaction.commit().unwrap();
}

pub(crate) fn answer(dir: &Path, request: &Forespoergsel) {
    let mut connection = open(dir);
    let id = request.forespoergsel_id.to_string();
    let kommunekode = request.kommunekode.to_string();
    let dispositionsdato = request.dispositionsdato.to_string();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    transaction
        .execute("INSERT INTO forespoergsel VALUES (?1, ?2)", params![id, kommunekode])
        .unwrap();
    transaction
        .execute(
            "INSERT INTO forventning
             SELECT ?1, row_number() OVER (ORDER BY cpr, prioritet, aftale_id), aftale_id, beloeb
             FROM aftale WHERE kommunekode = ?2 AND status = 'aktiv' AND gyldig_fra <= ?3
                 AND (gyldig_til IS NULL OR gyldig_til >= ?3)",
            params![id, kommunekode, dispositionsdato],
        )
        .unwrap();
    transaction.commit().unwrap();

    let out_dir = dir.join("by-hand");
    let temporary = out_dir.join("temporary");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&temporary).unwrap());
    write_answer(&connection, request, &mut out);
    out.into_inner().unwrap().sync_all().unwrap();
    fs::rename(temporary, out_dir.join(&id)).unwrap();
    File::open(out_dir).unwrap().sync_all().unwrap();
}

fn write_answer(connection: &Connection, request: &Forespoergsel, out: &mut impl Write) {
    let (id, kommune) = (request.forespoergsel_id.to_string(), request.kommunekode.to_string());
    let dannet = crate::NOW.with_timezone(&chrono_tz::Europe::Copenhagen);
    write!(
        out,
        "10{kommune}{id}{}{:02}{:02}{:02}{}{}TEST{:46}\r\n",
        dannet.format("%Y%m%d"),
        dannet.hour(),
        dannet.minute(),
        dannet.second(),
        request.dispositionsdato.format("%Y%m%d"),
        request.udbetalingsperiode,
        ""
    )
    .unwrap();
    let mut statement = connection
        .prepare(
            "SELECT f.loebenummer, f.aftale_id, a.cpr, f.beloeb, a.ydelsestype, a.gyldig_fra,
                 a.gyldig_til, a.prioritet, a.fordring_id
             FROM forventning f JOIN aftale a ON a.aftale_id = f.aftale_id
             WHERE f.forespoergsel_id = ?1 ORDER BY f.loebenummer",
        )
        .unwrap();
    let mut rows = statement.query([&id]).unwrap();
    let (mut count, mut sum) = (0, 0);
    while let Some(row) = rows.next().unwrap() {
        let text = |at| row.get::<_, Option<String>>(at).unwrap().unwrap_or_default();
        let number = |at| row.get::<_, i64>(at).unwrap();
        let line = format!(
            "20{kommune}{:09}{:<20}{}{:011}{}{}{:8}{:02}{:<20}{:24}\r\n",
            number(0),
            text(1),
            text(2),
            number(3),
            text(4),
            text(5).replace('-', ""),
            text(6).replace('-', ""),
            number(7),
            text(8),
            ""
        );
        write_latin1(out, &line);
        count += 1;
        sum += number(3);
    }
    write!(out, "90{kommune}{count:09}{sum:015}{:90}\r\n", "").unwrap();
}

fn write_latin1(out: &mut impl Write, line: &str) {
    if line.is_ascii() {
        out.write_all(line.as_bytes()).unwrap();
    } else {
        let bytes: Vec<_> = line.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        out.write_all(&bytes).unwrap();
    }
}
