//! The agreements that hold now, and what became of one.

use super::error::Trouble;
use super::rows::{Day, Id, Time};
use crate::domain::{Aftale, AftaleId};
use crate::store::{AftaleVersion, Marking, Visit};
use rusqlite::{Connection, Row};

fn from_row(row: &Row<'_>) -> rusqlite::Result<Aftale> {
    Ok(Aftale {
        aftale_id: row.get(0)?,
        kommunekode: row.get(1)?,
        cpr: row.get(2)?,
        beloeb: row.get(3)?,
        ydelsestype: row.get(4)?,
        gyldig_fra: row.get::<_, Day>(5)?.0,
        gyldig_til: row.get::<_, Option<Day>>(6)?.map(|day| day.0),
        prioritet: row.get(7)?,
        fordring_id: row.get(8)?,
        status: row.get(9)?,
    })
}

pub(super) fn each(connection: &Connection, visit: Visit<'_, Aftale>) -> Result<(), Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT aftale_id, kommunekode, cpr, beloeb, ydelsestype, gyldig_fra, gyldig_til, prioritet,
             fordring_id, status
         FROM aftale WHERE erstattet IS NULL ORDER BY kommunekode, cpr, prioritet, aftale_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(from_row(row)?)?;
    }
    Ok(())
}

pub(super) fn count(connection: &Connection) -> Result<u64, Trouble> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM aftale WHERE erstattet IS NULL")?
        .query_row([], |row| row.get(0))?)
}

/// A scan, as there is no index over replaced versions: it is asked for by hand, now and then.
pub(super) fn versions(
    connection: &Connection,
    id: &AftaleId,
) -> Result<Vec<AftaleVersion>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT a.aftale_id, a.kommunekode, a.cpr, a.beloeb, a.ydelsestype, a.gyldig_fra,
             a.gyldig_til, a.prioritet, a.fordring_id, a.status, i.at, e.at
         FROM aftale a JOIN import i ON i.nr = a.indlaest LEFT JOIN import e ON e.nr = a.erstattet
         WHERE a.aftale_id = ?1 ORDER BY a.nr",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok(AftaleVersion {
            aftale: from_row(row)?,
            from: row.get::<_, Time>(10)?.0,
            to: row.get::<_, Option<Time>>(11)?.map(|at| at.0),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A scan too: an index over all expectations would cost every answer more than this.
pub(super) fn markings(connection: &Connection, id: &AftaleId) -> Result<Vec<Marking>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT r.forespoergsel_id, r.dannet, f.nr - r.foer, a.beloeb, t.id
         FROM forventning f
             CROSS JOIN forespoergsel r
                 ON f.nr > r.foer AND f.nr <= r.foer + r.antal_transaktioner
             JOIN aftale a ON a.nr = f.aftale
             JOIN transfer t ON t.nr = r.outbound
         WHERE f.aftale IN (SELECT nr FROM aftale WHERE aftale_id = ?1) ORDER BY f.nr",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok(Marking {
            forespoergsel_id: row.get(0)?,
            at: row.get::<_, Time>(1)?.0,
            loebenummer: row.get(2)?,
            beloeb: row.get(3)?,
            outbound: row.get::<_, Id>(4)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
