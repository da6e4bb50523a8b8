//! Taking in agreements: staged in a temporary table of this connection alone, then brought into
//! `aftale` by three statements. The write lock is held only for those.

use super::error::Trouble;
use super::rows::{Day, Time};
use crate::crash::{self, Point};
use crate::domain::Aftale;
use crate::store::{AftaleImport, ImportMode, ImportSummary, Moment, StoreError, Twice};
use rusqlite::{Connection, Statement, Transaction, params};

/// No foreign key, no check: the rows are checked when they enter `aftale`.
const STAGE: &str = "
    CREATE TEMPORARY TABLE staged (
        line INTEGER NOT NULL, aftale_id TEXT NOT NULL, kommunekode INTEGER NOT NULL,
        cpr TEXT NOT NULL, beloeb INTEGER NOT NULL, ydelsestype TEXT NOT NULL,
        gyldig_fra TEXT NOT NULL, gyldig_til TEXT, prioritet INTEGER NOT NULL, fordring_id TEXT,
        status TEXT NOT NULL
    ) STRICT;";

const CONTENT: &str = "aftale_id, kommunekode, cpr, beloeb, ydelsestype, gyldig_fra, gyldig_til, \
     prioritet, fordring_id, status";

/// At most so many are told one by one.
const TWICE_SHOWN: u32 = 1000;

/// See [`AftaleImport`].
pub(super) struct Import<'a> {
    stage: Statement<'a>,
    // After `stage`: dropping it rolls back, and takes the temporary table with it.
    transaction: Transaction<'a>,
    mode: ImportMode,
    at: Moment,
    place: &'a str,
}

impl<'a> Import<'a> {
    pub(super) fn begin(
        connection: &'a Connection,
        place: &'a str,
        mode: ImportMode,
        at: Moment,
    ) -> Result<Self, Trouble> {
        // Deferred: it locks nothing until `merge` first writes to the store itself.
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(STAGE)?;
        let stage = connection.prepare(&format!(
            "INSERT INTO staged (line, {CONTENT})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        ))?;
        Ok(Self { stage, transaction, mode, at, place })
    }
}

impl AftaleImport for Import<'_> {
    fn put(&mut self, aftale: &Aftale, line: u64) -> Result<(), StoreError> {
        let values = params![
            line,
            aftale.aftale_id,
            aftale.kommunekode,
            aftale.cpr,
            aftale.beloeb,
            aftale.ydelsestype,
            Day(aftale.gyldig_fra),
            aftale.gyldig_til.map(Day),
            aftale.prioritet,
            aftale.fordring_id,
            aftale.status,
        ];
        match self.stage.execute(values) {
            Ok(_) => Ok(()),
            Err(error) => Err(Trouble::from(error).at(self.place)),
        }
    }

    fn finish(
        self: Box<Self>,
        accept: &mut dyn FnMut(&ImportSummary) -> bool,
    ) -> Result<ImportSummary, StoreError> {
        let Self { stage, transaction, mode, at, place } = *self;
        let finish = || {
            stage.finalize()?;
            none_twice(&transaction)?;
            let summary = merge(&transaction, mode, at)?;
            if accept(&summary) {
                transaction.execute_batch("DROP TABLE missing; DROP TABLE staged")?;
                crash::reached(Point::ImportCommitting);
                transaction.commit()?;
                crash::reached(Point::ImportCommitted);
            }
            Ok(summary)
        };
        finish().map_err(|trouble: Trouble| trouble.at(place))
    }
}

/// Indexes the staged rows by aftale_id, and refuses one that stands twice.
fn none_twice(connection: &Connection) -> Result<(), Trouble> {
    connection.execute_batch("CREATE INDEX temp.staged_by_id ON staged (aftale_id, line)")?;
    let mut statement = connection.prepare(
        "SELECT min(line), max(line) FROM staged GROUP BY aftale_id HAVING count(*) > 1 LIMIT ?1",
    )?;
    let rows = statement
        .query_map([TWICE_SHOWN], |row| Ok(Twice { first: row.get(0)?, again: row.get(1)? }))?;
    let twice: Vec<_> = rows.collect::<Result<_, _>>()?;
    if twice.is_empty() { Ok(()) } else { Err(StoreError::Twice(twice).into()) }
}

/// Brings the staged rows into `aftale`: what is gone and what has changed is replaced, what is new
/// is added in the order of the answers.
fn merge(connection: &Connection, mode: ImportMode, at: Moment) -> Result<ImportSummary, Trouble> {
    let mode_word = match mode {
        ImportMode::Upsert => "upsert",
        ImportMode::Replace => "replace",
    };
    // The first statement to touch the store: it waits for the write lock.
    let nr = connection
        .prepare("INSERT INTO import (at, mode) VALUES (?1, ?2)")?
        .insert(params![Time(at), mode_word])?;
    let removed = match mode {
        ImportMode::Upsert => 0,
        ImportMode::Replace => connection.execute(
            "UPDATE aftale SET erstattet = ?1
             WHERE erstattet IS NULL AND aftale_id NOT IN (SELECT aftale_id FROM staged)",
            [nr],
        )?,
    };
    let changed = connection.execute(
        "UPDATE aftale SET erstattet = ?1 FROM staged s
         WHERE aftale.erstattet IS NULL AND aftale.aftale_id = s.aftale_id
             AND (aftale.kommunekode, aftale.cpr, aftale.beloeb, aftale.ydelsestype,
                 aftale.gyldig_fra, aftale.gyldig_til, aftale.prioritet, aftale.fordring_id,
                 aftale.status)
             IS NOT (s.kommunekode, s.cpr, s.beloeb, s.ydelsestype, s.gyldig_fra, s.gyldig_til,
                 s.prioritet, s.fordring_id, s.status)",
        [nr],
    )?;
    let added = add_missing(connection, nr)?;
    let staged: u64 = connection.query_row("SELECT count(*) FROM staged", [], |row| row.get(0))?;
    let summary = ImportSummary {
        new: (added - changed) as u64,
        changed: changed as u64,
        unchanged: staged - added as u64,
        removed: removed as u64,
    };
    connection.execute(
        "UPDATE import SET new = ?2, changed = ?3, unchanged = ?4, removed = ?5 WHERE nr = ?1",
        params![nr, summary.new, summary.changed, summary.unchanged, summary.removed],
    )?;
    Ok(summary)
}

/// Adds the staged agreements of which no version holds (any more).
fn add_missing(connection: &Connection, nr: i64) -> rusqlite::Result<usize> {
    // Found out first: an INSERT that reads its own table would copy every row once more.
    connection.execute_batch(
        "CREATE TEMPORARY TABLE missing (staged INTEGER PRIMARY KEY) STRICT;
         INSERT INTO missing SELECT s.rowid FROM staged s WHERE NOT EXISTS
             (SELECT 1 FROM aftale WHERE erstattet IS NULL AND aftale_id = s.aftale_id)",
    )?;
    let insert = format!(
        "INSERT INTO aftale ({CONTENT}, indlaest)
         SELECT {CONTENT}, ?1 FROM missing JOIN staged s ON s.rowid = missing.staged
         ORDER BY kommunekode, cpr, prioritet, aftale_id"
    );
    let first: bool =
        connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM aftale)", [], |row| row.get(0))?;
    if first {
        without_indexes(connection, || connection.execute(&insert, [nr]))
    } else {
        connection.execute(&insert, [nr])
    }
}

/// Takes the indexes of `aftale` away and builds them anew afterwards: for the first import, where
/// sorting them once is much faster than keeping them in order row by row.
fn without_indexes<T>(
    connection: &Connection,
    fill: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let mut indexes = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'aftale'",
    )?;
    let indexes: Vec<(String, String)> =
        indexes.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (name, _) in &indexes {
        connection.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    let filled = fill()?;
    for (_, definition) in &indexes {
        connection.execute_batch(definition)?;
    }
    Ok(filled)
}
