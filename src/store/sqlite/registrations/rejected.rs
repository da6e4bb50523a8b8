//! The rejected registrations that wait for a case worker, a page at a time: never more rows are
//! looked at than a page can need, however many there are.

use super::reading::numbered;
use crate::domain::Kommunekode;
use crate::domain::debitor::{Afvisningsaarsag, RegistreringId};
use crate::store::sqlite::error::Trouble;
use crate::store::sqlite::rows::Key;
use crate::store::{RejectedPage, RejectedQuery};
use rusqlite::{Connection, OptionalExtension, params};

/// How many are looked through for one page of a reason.
const WINDOW: usize = 1_000;

pub(super) fn page(
    connection: &Connection,
    query: &RejectedQuery,
) -> Result<RejectedPage, Trouble> {
    // One snapshot: registrations are corrected between the statements.
    let _snapshot = connection.unchecked_transaction()?;
    let window = if query.aarsag.is_some() { WINDOW } else { query.limit + 1 };
    let candidates = candidates(connection, query, window)?;
    let mut page = RejectedPage::default();
    for (at, nr) in candidates.iter().enumerate() {
        if query.aarsag.is_none() || query.aarsag == aarsag(connection, *nr)? {
            page.found.extend(numbered(connection, *nr)?);
        }
        let (is_full, is_last) = (page.found.len() == query.limit, at + 1 == candidates.len());
        if (is_full && !is_last) || (is_last && candidates.len() == window) {
            page.next = id(connection, *nr)?;
            break;
        }
    }
    Ok(page)
}

/// The numbers of the newest ones of the wanted municipalities, newest first.
fn candidates(
    connection: &Connection,
    query: &RejectedQuery,
    window: usize,
) -> Result<Vec<i64>, Trouble> {
    let before = match query.before {
        Some(id) => nr(connection, id)?.unwrap_or(0),
        None => i64::MAX,
    };
    // By municipality first: that is the order of the index.
    let mut statement = connection.prepare_cached(
        "SELECT nr FROM registrering
         WHERE tilstand = 'afvist' AND kommunekode = ?1 AND nr < ?2 ORDER BY nr DESC LIMIT ?3",
    )?;
    let mut all = Vec::new();
    for kommune in
        Kommunekode::all().filter(|kommune| query.kommunekode.is_none_or(|it| it == *kommune))
    {
        let rows = statement.query_map(params![kommune, before, window], |row| row.get(0))?;
        for row in rows {
            all.push(row?);
        }
    }
    all.sort_unstable_by(|a: &i64, b| b.cmp(a));
    all.truncate(window);
    Ok(all)
}

fn nr(connection: &Connection, id: RegistreringId) -> Result<Option<i64>, Trouble> {
    Ok(connection
        .prepare_cached("SELECT nr FROM registrering WHERE registrering_id = ?1")?
        .query_row([Key(id.0)], |row| row.get(0))
        .optional()?)
}

fn id(connection: &Connection, nr: i64) -> Result<Option<RegistreringId>, Trouble> {
    Ok(connection
        .prepare_cached("SELECT registrering_id FROM registrering WHERE nr = ?1")?
        .query_row([nr], |row| Ok(RegistreringId(row.get::<_, Key>(0)?.0)))
        .optional()?)
}

fn aarsag(connection: &Connection, nr: i64) -> Result<Option<Afvisningsaarsag>, Trouble> {
    Ok(connection
        .prepare_cached("SELECT aarsag FROM afvisning WHERE registrering = ?1")?
        .query_row([nr], |row| row.get(0))
        .optional()?)
}
