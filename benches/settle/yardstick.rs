//! What one would write: the natural tables, a parser of fixed columns that loads the records, and
//! one `UPDATE … FROM` that joins them to the expectations. Durable as modregn is: write-ahead log,
//! synced at every commit.

use modregn::domain::Transaktion;
use rusqlite::{Connection, TransactionBehavior, params};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

const SCHEMA: &str = "
    CREATE TABLE forventning (
        forespoergsel_id TEXT NOT NULL, aftale_id TEXT NOT NULL, beloeb INTEGER NOT NULL,
        modtaget INTEGER, aarsag TEXT, PRIMARY KEY (forespoergsel_id, aftale_id)) WITHOUT ROWID;
    CREATE TABLE indberetning (
        udbetaling_id TEXT NOT NULL, loebenummer INTEGER NOT NULL, aftale_id TEXT NOT NULL,
        cpr TEXT NOT NULL, beloeb INTEGER NOT NULL, udbetalingsdato TEXT NOT NULL,
        aarsag TEXT NOT NULL, PRIMARY KEY (udbetaling_id, loebenummer)) WITHOUT ROWID;";

fn open(dir: &Path) -> Connection {
    let connection = Connection::open(dir.join("yardstick.db")).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").unwrap();
    connection
}

pub(crate) fn prepare(dir: &Path, transactions: &[Transaktion]) {
    let mut connection = open(dir);
    connection.execute_batch(SCHEMA).unwrap();
    for payout in 1..=crate::PAYOUTS {
        let id = crate::request(payout).forespoergsel_id.to_string();
        let transaction = connection.transaction().unwrap();
        let sql =
            "INSERT INTO forventning (forespoergsel_id, aftale_id, beloeb) VALUES (?1, ?2, ?3)";
        let mut insert = transaction.prepare(sql).unwrap();
        for one in transactions {
            insert.execute(params![id, one.aftale_id.as_str(), one.beloeb.oere()]).unwrap();
        }
        drop(insert);
        transaction.commit().unwrap();
    }
}

pub(crate) fn settle(dir: &Path, payout: u64) {
    let mut connection = open(dir);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let mut insert = transaction
        .prepare("INSERT INTO indberetning VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .unwrap();
    let mut file =
        BufReader::with_capacity(1 << 20, File::open(crate::report(dir, payout)).unwrap());
    let (mut line, mut udbetaling_id) = (Vec::new(), String::new());
    while file.read_until(b'\n', &mut line).unwrap() > 0 {
        let text = |from: usize, to: usize| std::str::from_utf8(&line[from..to]).unwrap();
        match text(0, 2) {
            "10" => text(6, 42).clone_into(&mut udbetaling_id),
            "20" => {
                let sign = if text(56, 57) == "-" { -1 } else { 1 };
                let date = text(57, 65);
                let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
                insert
                    .execute(params![
                        udbetaling_id,
                        text(6, 15).parse::<u32>().unwrap(),
                        text(15, 35).trim_end(),
                        text(35, 45),
                        sign * text(45, 56).parse::<i64>().unwrap(),
                        date,
                        text(65, 67)
                    ])
                    .unwrap();
            }
            _ => {}
        }
        line.clear();
    }
    drop(insert);
    let request = crate::request(payout).forespoergsel_id.to_string();
    let settled = transaction
        .execute(
            "UPDATE forventning SET modtaget = i.beloeb, aarsag = i.aarsag FROM indberetning i
             WHERE i.udbetaling_id = ?1 AND forventning.forespoergsel_id = ?2
                 AND forventning.aftale_id = i.aftale_id",
            params![udbetaling_id, request],
        )
        .unwrap();
    assert!(settled > 900_000, "{settled}");
    transaction.commit().unwrap();
}

/// Øre that came in all.
pub(crate) fn received(dir: &Path) -> i64 {
    let sql = "SELECT sum(modtaget) FROM forventning";
    open(dir).query_row(sql, [], |row| row.get(0)).unwrap()
}
