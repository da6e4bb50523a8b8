//! Transfers by page. What a page costs depends on its length and on how many different
//! (direction, state, flow) there are, never on how many transfers there are.

use super::error::Trouble;
use super::rows::Id;
use super::transfers;
use crate::domain::Kommunekode;
use crate::store::{Transfer, TransferFilter};
use crate::transfer::state::{Direction, State};
use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The next kind of transfer after one: of its direction and state, of its direction, of another.
/// One statement for each: of a row value SQLite walks through all that its first columns leave.
const NEXT_KIND: [&str; 3] = [
    "SELECT direction, state, flow FROM transfer
     WHERE direction = ?1 AND state = ?2 AND flow > ?3 ORDER BY flow LIMIT 1",
    "SELECT direction, state, flow FROM transfer
     WHERE direction = ?1 AND state > ?2 ORDER BY state, flow LIMIT 1",
    "SELECT direction, state, flow FROM transfer
     WHERE direction > ?1 ORDER BY direction, state, flow LIMIT 1",
];
/// The next place that files have stood at: of the same endpoint, of another.
const NEXT_PLACE: [&str; 2] = [
    "SELECT endpoint, directory FROM transfer
     WHERE endpoint = ?1 AND directory > ?2 ORDER BY directory LIMIT 1",
    "SELECT endpoint, directory FROM transfer
     WHERE endpoint > ?1 ORDER BY endpoint, directory LIMIT 1",
];
/// Files of a place by name: those of one name, and those of later ones.
const NAMED: [&str; 2] = [
    "SELECT name, nr FROM transfer INDEXED BY transfer_place
     WHERE endpoint = ?1 AND directory = ?2 AND name = ?3 AND nr > ?4 ORDER BY nr LIMIT ?5",
    "SELECT name, nr FROM transfer INDEXED BY transfer_place
     WHERE endpoint = ?1 AND directory = ?2 AND name > ?3 AND name < ?4
     ORDER BY name, nr LIMIT ?5",
];
/// Follows every character of a name.
const LAST: char = char::MAX;

/// Which way a page goes from a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Older,
    Newer,
}

/// A page begins beyond this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) way: Way,
    pub(super) nr: i64,
}

impl Edge {
    /// Where a filter's page begins; `None` = at a transfer that is not there.
    pub(super) fn of(
        connection: &Connection,
        filter: &TransferFilter,
    ) -> Result<Option<Self>, Trouble> {
        let (way, id) = match (filter.before, filter.after) {
            (Some(id), _) => (Way::Older, id),
            (None, Some(id)) => (Way::Newer, id),
            (None, None) => return Ok(Some(Self { way: Way::Older, nr: i64::MAX })),
        };
        Ok(number(connection, id)?.map(|nr| Self { way, nr }))
    }

    /// The condition and the order that it is.
    pub(super) const fn sql(self) -> (&'static str, &'static str) {
        match self.way {
            Way::Older => ("nr < ?", "nr DESC"),
            Way::Newer => ("nr > ?", "nr ASC"),
        }
    }
}

fn number(connection: &Connection, id: Uuid) -> Result<Option<i64>, Trouble> {
    let mut statement = connection.prepare_cached("SELECT nr FROM transfer WHERE id = ?1")?;
    Ok(statement.query_row([Id(id)], |row| row.get(0)).optional()?)
}

/// Whether a filter asks only for what the indexes of this file are made for.
pub(super) const fn is_for(filter: &TransferFilter) -> bool {
    let TransferFilter { forespoergsel_id, dispositionsdato, .. } = filter;
    let TransferFilter { changed_before, changed_since, .. } = filter;
    let TransferFilter { direction, states, flow, kommunekode, .. } = filter;
    let asks = direction.is_some() || !states.is_empty() || flow.is_some() || kommunekode.is_some();
    let asks_more = forespoergsel_id.is_some()
        || dispositionsdato.is_some()
        || changed_before.is_some()
        || changed_since.is_some();
    asks && !asks_more
}

/// Transfers as a filter says, newest first.
pub(super) fn page(
    connection: &Connection,
    filter: &TransferFilter,
) -> Result<Vec<Transfer>, Trouble> {
    // One snapshot: between two statements a transfer may move on.
    let _snapshot = connection.unchecked_transaction()?;
    let Some(edge) = Edge::of(connection, filter)? else { return Ok(Vec::new()) };
    let limit = filter.limit.map_or(-1, i64::from);
    let sql = numbers(filter.kommunekode.is_some(), edge);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found: Vec<i64> = Vec::new();
    for (direction, state, flow) in kinds(connection)? {
        let is_wanted = filter.direction.is_none_or(|wanted| wanted == direction)
            && (filter.states.is_empty() || filter.states.contains(&state))
            && filter.flow.as_ref().is_none_or(|wanted| *wanted == flow);
        if is_wanted {
            let mut values: Vec<&dyn ToSql> = vec![&direction, &state, &flow, &edge.nr, &limit];
            let kommunekode: Option<Kommunekode> = filter.kommunekode;
            if kommunekode.is_some() {
                values.push(&kommunekode);
            }
            let rows = statement.query_map(values.as_slice(), |row| row.get::<_, i64>(0))?;
            for nr in rows {
                found.push(nr?);
            }
        }
    }
    found.sort_unstable();
    if edge.way == Way::Older {
        found.reverse();
    }
    found.truncate(filter.limit.map_or(usize::MAX, |limit| limit as usize));
    if edge.way == Way::Newer {
        found.reverse();
    }
    found.into_iter().map(|nr| transfers::numbered(connection, nr)).collect()
}

/// The numbers of one kind of transfers, of a municipality or of all, from an edge on.
fn numbers(by_kommune: bool, edge: Edge) -> String {
    let (index, kommune) = if by_kommune {
        ("transfer_kommune", " AND kommunekode = ?6")
    } else {
        ("transfer_standing", "")
    };
    let (beyond, order) = edge.sql();
    format!(
        "SELECT nr FROM transfer INDEXED BY {index}
         WHERE direction = ?1 AND state = ?2 AND flow = ?3 AND {beyond}4{kommune}
         ORDER BY {order} LIMIT ?5"
    )
}

fn kinds(connection: &Connection) -> Result<Vec<(Direction, State, String)>, Trouble> {
    let mut kinds = Vec::new();
    let mut last: [String; 3] = Default::default();
    while let Some(next) = first_of(connection, &NEXT_KIND, &last, |row| {
        let kind = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((kind, [row.get(0)?, row.get(1)?, row.get(2)?]))
    })? {
        kinds.push(next.0);
        last = next.1;
    }
    Ok(kinds)
}

/// What the first of these statements gives that gives something; each takes as many of `values`
/// as it asks for.
fn first_of<T>(
    connection: &Connection,
    statements: &[&str],
    values: &[String],
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Trouble> {
    for sql in statements {
        let mut statement = connection.prepare_cached(sql)?;
        let values = params_from_iter(values.iter().take(statement.parameter_count()));
        if let Some(found) = statement.query_row(values, &read).optional()? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Transfers whose files' names begin with `prefix`, by name, from behind `after` on.
pub(super) fn named(
    connection: &Connection,
    prefix: &str,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Transfer>, Trouble> {
    let _snapshot = connection.unchecked_transaction()?;
    let from = match after {
        None => (prefix.to_owned(), -1),
        Some(id) => {
            let Some(nr) = number(connection, id)? else { return Ok(Vec::new()) };
            (transfers::numbered(connection, nr)?.place.name, nr)
        }
    };
    let end = format!("{prefix}{LAST}");
    let mut found: BTreeSet<(String, i64)> = BTreeSet::new();
    let [same, later] = NAMED;
    let mut same = connection.prepare_cached(same)?;
    let mut later = connection.prepare_cached(later)?;
    for (endpoint, directory) in places(connection)? {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let of_name = params![endpoint, directory, from.0, from.1, limit];
        let of_later = params![endpoint, directory, from.0, end, limit];
        for row in same.query_map(of_name, row)?.chain(later.query_map(of_later, row)?) {
            found.insert(row?);
        }
    }
    let numbers = found.into_iter().take(limit as usize).map(|(_, nr)| nr);
    numbers.map(|nr| transfers::numbered(connection, nr)).collect()
}

fn places(connection: &Connection) -> Result<Vec<(String, String)>, Trouble> {
    let mut places = Vec::new();
    let mut last: [String; 2] = Default::default();
    while let Some(next) =
        first_of(connection, &NEXT_PLACE, &last, |row| Ok([row.get(0)?, row.get(1)?]))?
    {
        last.clone_from(&next);
        let [endpoint, directory] = next;
        places.push((endpoint, directory));
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Miljoe;
    use crate::store::SqliteStore;

    #[test]
    fn no_page_scans_or_sorts() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("store.db"), Miljoe::Test).unwrap();
        let edges = [Way::Older, Way::Newer].map(|way| Edge { way, nr: 0 });
        let pages = edges.map(|edge| [true, false].map(|by_kommune| numbers(by_kommune, edge)));
        let others = NEXT_KIND.into_iter().chain(NEXT_PLACE).chain(NAMED).map(str::to_owned);
        for sql in pages.into_iter().flatten().chain(others) {
            let explain = format!("EXPLAIN QUERY PLAN {sql}");
            let mut statement = store.connection.prepare(&explain).unwrap();
            let nothing = vec![None::<i64>; statement.parameter_count()];
            let nothing = rusqlite::params_from_iter(nothing);
            let rows = statement.query_map(nothing, |row| row.get::<_, String>(3)).unwrap();
            let plan = rows.map(Result::unwrap).collect::<Vec<_>>().join("; ");
            assert!(plan.starts_with("SEARCH transfer USING COVERING INDEX"), "{sql}: {plan}");
            assert!(!plan.contains("(("), "a row value is walked through: {plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{sql}: {plan}");
        }
    }
}
