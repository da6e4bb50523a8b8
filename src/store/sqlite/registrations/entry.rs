//! Entering registrations: staged in a temporary table of this connection alone, held against each
//! other and the store there, then made ours some thousands at a time, so that nobody waits long
//! for the write lock.

use super::{RELEASE, TOUCHED};
use crate::crash::{self, Point};
use crate::domain::debitor::Debitorregistrering;
use crate::store::sqlite::error::Trouble;
use crate::store::sqlite::rows::{Day, Key, Time};
use crate::store::{Entered, Entry, EntryFault, EntryFaultKind, EntrySummary, Moment, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// Checks and foreign keys are met where the rows enter `registrering`.
const STAGE: &str = "
    CREATE TEMPORARY TABLE staged (
        nr INTEGER PRIMARY KEY, line INTEGER NOT NULL, registrering_id BLOB NOT NULL,
        debitorkonto_id BLOB NOT NULL, kommunekode INTEGER NOT NULL, fagsystem TEXT NOT NULL,
        retter BLOB, operation TEXT NOT NULL, poster INTEGER NOT NULL, hovedstol INTEGER NOT NULL,
        betalt INTEGER NOT NULL, json TEXT NOT NULL
    ) STRICT;
    CREATE TEMPORARY TABLE fault (line INTEGER NOT NULL, what INTEGER NOT NULL, other INTEGER)
    STRICT;";

const UNSTAGE: &str = "
    DROP TABLE IF EXISTS temp.fresh; DROP TABLE IF EXISTS temp.touched;
    DROP TABLE IF EXISTS temp.fault; DROP TABLE IF EXISTS temp.staged";

/// Those of a chunk that are not known yet.
const FRESH: &str = "CREATE TEMPORARY TABLE fresh (staged INTEGER PRIMARY KEY) STRICT";

/// How many are made ours in one transaction.
const CHUNK: i64 = 20_000;

/// What can be wrong with several together; `what` numbers them.
const CHECKS: &str = "
    CREATE INDEX temp.staged_by_id ON staged (registrering_id, nr);
    CREATE INDEX temp.staged_by_konto ON staged (debitorkonto_id, kommunekode, fagsystem);
    INSERT INTO fault SELECT s.line, 0, f.line
        FROM (SELECT registrering_id, min(nr) AS nr FROM staged
              GROUP BY registrering_id HAVING count(*) > 1) g
            JOIN staged f ON f.nr = g.nr
            JOIN staged s ON s.registrering_id = g.registrering_id AND s.nr > g.nr
        WHERE s.json <> f.json;
    INSERT INTO fault SELECT s.line, 1, NULL
        FROM staged s JOIN registrering r ON r.registrering_id = s.registrering_id
            JOIN indhold i ON i.registrering = r.nr
        WHERE i.json <> s.json;
    INSERT INTO fault SELECT s.line, 2, NULL
        FROM staged s JOIN afsenderkonto k ON k.debitorkonto_id = s.debitorkonto_id
            JOIN fagsystem f ON f.nr = k.fagsystem
        WHERE k.kommunekode <> s.kommunekode OR f.navn <> s.fagsystem;
    INSERT INTO fault SELECT s.line, 2, NULL
        FROM (SELECT debitorkonto_id, min(nr) AS nr FROM staged GROUP BY debitorkonto_id
              HAVING min(kommunekode) <> max(kommunekode) OR min(fagsystem) <> max(fagsystem)) g
            JOIN staged f ON f.nr = g.nr JOIN staged s ON s.debitorkonto_id = g.debitorkonto_id
        WHERE (s.kommunekode <> f.kommunekode OR s.fagsystem <> f.fagsystem)
            AND NOT EXISTS (SELECT 1 FROM afsenderkonto k
                            WHERE k.debitorkonto_id = s.debitorkonto_id);
    INSERT INTO fault SELECT s.line, 3, NULL
        FROM staged s LEFT JOIN registrering r ON r.registrering_id = s.retter
            LEFT JOIN afsenderkonto k ON k.nr = r.konto
        WHERE s.retter IS NOT NULL
            AND (k.debitorkonto_id IS NULL OR k.debitorkonto_id <> s.debitorkonto_id);
    INSERT INTO fault SELECT s.line, 4, NULL
        FROM staged s JOIN registrering r ON r.registrering_id = s.retter
            LEFT JOIN registrering c ON c.retter = r.nr
        WHERE (r.tilstand <> 'afvist' AND c.registrering_id IS NOT s.registrering_id)
            OR EXISTS (SELECT 1 FROM staged o WHERE o.retter = s.retter
                       AND o.registrering_id <> s.registrering_id AND o.nr < s.nr);";

/// A municipality's first registration, where there is no route now (`?1`) or later.
const NO_ROUTE: &str = "
    INSERT INTO fault SELECT min(s.line), 5, NULL FROM staged s
    WHERE NOT EXISTS (SELECT 1 FROM rute u WHERE u.kommunekode = s.kommunekode
                      AND (u.gyldig_til IS NULL OR u.gyldig_til >= ?1))
    GROUP BY s.kommunekode";

const NEW_FAGSYSTEMER: &str = "
    INSERT OR IGNORE INTO fagsystem (navn)
    SELECT DISTINCT fagsystem FROM staged WHERE nr > ?1 AND nr <= ?2";

const NEW_KONTI: &str = "
    INSERT OR IGNORE INTO afsenderkonto (debitorkonto_id, kommunekode, fagsystem)
    SELECT s.debitorkonto_id, s.kommunekode, f.nr
    FROM staged s JOIN fagsystem f ON f.navn = s.fagsystem
    WHERE s.nr > ?1 AND s.nr <= ?2 ORDER BY s.nr";

/// What is known already is left out; so is a copy within the chunk.
const NEW: &str = "
    INSERT OR IGNORE INTO fresh (staged)
    SELECT min(nr) FROM staged WHERE nr > ?1 AND nr <= ?2
        AND NOT EXISTS (SELECT 1 FROM registrering r
                        WHERE r.registrering_id = staged.registrering_id)
    GROUP BY registrering_id";

const ENTER: &str = "
    INSERT INTO registrering (nr, registrering_id, konto, kommunekode, fagsystem, plads, operation,
        poster, hovedstol, betalt, modtaget, retter)
    SELECT ?1 + f.place, s.registrering_id, k.nr, k.kommunekode, k.fagsystem,
        coalesce(o.plads, ?1 + f.place), s.operation, s.poster, s.hovedstol, s.betalt, ?2, o.nr
    FROM (SELECT staged, row_number() OVER (ORDER BY staged) AS place FROM fresh) f
        JOIN staged s ON s.nr = f.staged
        JOIN afsenderkonto k ON k.debitorkonto_id = s.debitorkonto_id
        LEFT JOIN registrering o ON o.registrering_id = s.retter
    ORDER BY f.place";

const CONTENTS: &str = "
    INSERT INTO indhold (registrering, json)
    SELECT ?1 + f.place, s.json
    FROM (SELECT staged, row_number() OVER (ORDER BY staged) AS place FROM fresh) f
        JOIN staged s ON s.nr = f.staged
    ORDER BY f.place";

/// Registrations on their way in.
pub(super) struct Stage<'a> {
    connection: &'a Connection,
    /// Until it is finished: dropping it takes the temporary tables with it.
    transaction: Option<Transaction<'a>>,
    place: &'a str,
    at: Moment,
}

impl<'a> Stage<'a> {
    pub(super) fn begin(
        connection: &'a Connection,
        place: &'a str,
        at: Moment,
    ) -> Result<Self, Trouble> {
        // Deferred: it locks nothing until something of the store itself is written.
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(STAGE)?;
        Ok(Self { connection, transaction: Some(transaction), place, at })
    }

    fn faults(&self, limit: usize) -> Result<Vec<EntryFault>, Trouble> {
        self.connection.execute_batch(CHECKS)?;
        self.connection.execute(NO_ROUTE, [Day(self.at.date_naive())])?;
        let mut statement = self
            .connection
            .prepare("SELECT DISTINCT line, what, other FROM fault ORDER BY line, what LIMIT ?1")?;
        let rows = statement.query_map([limit], |row| {
            let what = match row.get::<_, u8>(1)? {
                0 => EntryFaultKind::Twice(row.get(2)?),
                1 => EntryFaultKind::Known,
                2 => EntryFaultKind::AnotherKonto,
                3 => EntryFaultKind::RetterUnknown,
                4 => EntryFaultKind::RetterNotRejected,
                _ => EntryFaultKind::NoRute,
            };
            Ok(EntryFault { line: row.get(0)?, what })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn chunk(&self, from: i64) -> Result<u64, Trouble> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(self.connection, behavior)?;
        let (range, connection) = ([from, from + CHUNK], &*transaction);
        connection.execute("DELETE FROM fresh", [])?;
        connection.execute("DELETE FROM touched", [])?;
        connection.prepare_cached(NEW_FAGSYSTEMER)?.execute(range)?;
        connection.prepare_cached(NEW_KONTI)?.execute(range)?;
        let new = connection.prepare_cached(NEW)?.execute(range)?;
        let before: i64 = connection
            .prepare_cached("SELECT coalesce(max(nr), 0) FROM registrering")?
            .query_row([], |row| row.get(0))?;
        connection.prepare_cached(ENTER)?.execute(params![before, Time(self.at)])?;
        connection.prepare_cached(CONTENTS)?.execute([before])?;
        connection
            .prepare_cached(
                "UPDATE registrering SET tilstand = 'rettet' WHERE tilstand = 'afvist'
                     AND nr IN (SELECT retter FROM registrering WHERE nr > ?1)",
            )?
            .execute([before])?;
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO touched SELECT konto FROM registrering WHERE nr > ?1",
            )?
            .execute([before])?;
        connection.prepare_cached(RELEASE)?.execute([])?;
        crash::reached(Point::StoreCommitting);
        transaction.commit()?;
        crash::reached(Point::StoreCommitted);
        Ok(new as u64)
    }

    fn enter(&mut self, progress: &mut dyn FnMut(u64)) -> Result<EntrySummary, Trouble> {
        if let Some(transaction) = self.transaction.take() {
            // The temporary tables alone: nothing of the store was written.
            transaction.commit()?;
        }
        self.connection.execute_batch(&format!("{TOUCHED}; {FRESH}"))?;
        let last: i64 =
            self.connection
                .query_row("SELECT coalesce(max(nr), 0) FROM staged", [], |row| row.get(0))?;
        let mut summary = EntrySummary::default();
        let mut from = 0;
        while from < last {
            summary.new += self.chunk(from)?;
            from = (from + CHUNK).min(last);
            progress(from.unsigned_abs());
        }
        summary.unchanged = last.unsigned_abs() - summary.new;
        Ok(summary)
    }
}

impl Entry for Stage<'_> {
    fn put(&mut self, entered: &Entered<'_>) -> Result<(), StoreError> {
        let Entered { line, registrering, poster } = *entered;
        let json = json(registrering)?;
        let put = || -> Result<_, Trouble> {
            self.connection
                .prepare_cached(
                    "INSERT INTO staged (line, registrering_id, debitorkonto_id, kommunekode,
                         fagsystem, retter, operation, poster, hovedstol, betalt, json)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                )?
                .execute(params![
                    line,
                    Key(registrering.registrering_id.0),
                    Key(registrering.debitorkonto_id.0),
                    registrering.kommunekode,
                    registrering.fagsystem,
                    registrering.retter.map(|id| Key(id.0)),
                    registrering.operation.kode(),
                    poster,
                    registrering.operation.hovedstol(),
                    registrering.operation.betalt(),
                    json,
                ])?;
            Ok(())
        };
        put().map_err(|trouble| trouble.at(self.place))
    }

    fn check(&mut self, limit: usize) -> Result<Vec<EntryFault>, StoreError> {
        self.faults(limit).map_err(|trouble| trouble.at(self.place))
    }

    fn finish(
        mut self: Box<Self>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<EntrySummary, StoreError> {
        self.enter(progress).map_err(|trouble| trouble.at(self.place))
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if self.transaction.is_none() {
            // Its own connection's, and empty or read by nobody else.
            let _ = self.connection.execute_batch(UNSTAGE);
        }
    }
}

/// The registration as it is kept.
fn json(registrering: &Debitorregistrering) -> Result<String, StoreError> {
    serde_json::to_string(registrering).map_err(|error| StoreError::Visitor(error.into()))
}
