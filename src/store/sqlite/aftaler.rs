//! The agreements that hold now.

use super::error::Trouble;
use super::rows::Day;
use crate::domain::Aftale;
use crate::store::Visit;
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
