//! Transfers and their events.

use super::error::Trouble;
use super::pages::{self, Edge, Way};
use super::rows::{Day, Id, Sha256, Time, problem, whole_millis};
use super::{journal, receipts};
use crate::domain::About;
use crate::store::{
    Census, Moment, Node, Payload, Place, Seen, Step, StoreError, Transfer, TransferFilter,
};
use crate::transfer::state::{Direction, Event, ImpossibleStep, State, next};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};
use uuid::{NoContext, Timestamp, Uuid};

const COLUMNS: &str = "id, direction, flow, endpoint, directory, name, state, size, sha256, \
     kommunekode, forespoergsel_id, attempts, problem_class, problem_code, problem_text, \
     created_at, changed_at, node, released, dispositionsdato";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Transfer> {
    let sha256: Option<Sha256> = row.get(8)?;
    let payload = match sha256 {
        Some(sha256) => Some(Payload { size: row.get(7)?, sha256: sha256.0 }),
        None => None,
    };
    Ok(Transfer {
        id: row.get::<_, Id>(0)?.0,
        direction: row.get(1)?,
        flow: row.get(2)?,
        place: Place { endpoint: row.get(3)?, directory: row.get(4)?, name: row.get(5)? },
        state: row.get(6)?,
        payload,
        kommunekode: row.get(9)?,
        forespoergsel_id: row.get(10)?,
        attempts: row.get(11)?,
        problem: problem(row, 12)?,
        created_at: row.get::<_, Time>(15)?.0,
        changed_at: row.get::<_, Time>(16)?.0,
        node: row.get::<_, Option<i64>>(17)?.map(Node),
        released: row.get(18)?,
        dispositionsdato: row.get::<_, Option<Day>>(19)?.map(|day| day.0),
    })
}

pub(super) fn one(connection: &Connection, id: Uuid) -> Result<Option<Transfer>, Trouble> {
    let sql = format!("SELECT {COLUMNS} FROM transfer WHERE id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([Id(id)], from_row).optional()?)
}

/// The one in this row, which is there.
pub(super) fn numbered(connection: &Connection, nr: i64) -> Result<Transfer, Trouble> {
    let sql = format!("SELECT {COLUMNS} FROM transfer WHERE nr = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([nr], from_row)?)
}

/// The transfers that a condition is true of, oldest first.
pub(super) fn find(
    connection: &Connection,
    condition: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<Transfer>, Trouble> {
    let sql = format!("SELECT {COLUMNS} FROM transfer WHERE {condition} ORDER BY nr");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(values, from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn see(
    connection: &Connection,
    seen: &Seen,
    node: Node,
    at: Moment,
) -> Result<Option<Transfer>, Trouble> {
    let Place { endpoint, directory, name } = &seen.place;
    let sql = format!(
        "SELECT {COLUMNS} FROM transfer
         WHERE endpoint = ?1 AND directory = ?2 AND name = ?3 AND state IN ('seen', 'fetched')"
    );
    let known = connection
        .prepare_cached(&sql)?
        .query_row([endpoint, directory, name], from_row)
        .optional()?;
    if let Some(known) = known {
        return claim(connection, &known, node);
    }
    if fetched_since(connection, seen)? {
        return Ok(None);
    }
    let new = New {
        direction: Direction::Inbound,
        flow: &seen.flow,
        place: &seen.place,
        state: State::Seen,
        size: Some(seen.size),
        about: None,
        node: Some(node),
    };
    Ok(Some(add(connection, &new, at)?.0))
}

/// Whether a file of this place was fetched after the listing that shows one: that may be it.
fn fetched_since(connection: &Connection, seen: &Seen) -> Result<bool, Trouble> {
    let Place { endpoint, directory, name } = &seen.place;
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM transfer t JOIN event e ON e.transfer = t.nr
                 WHERE t.endpoint = ?1 AND t.directory = ?2 AND t.name = ?3
                     AND e.nr > ?4 AND e.to_state = 'fetched')",
        )?
        .query_row(params![endpoint, directory, name, seen.since], |row| row.get(0))?)
}

pub(super) fn claim(
    connection: &Connection,
    transfer: &Transfer,
    node: Node,
) -> Result<Option<Transfer>, Trouble> {
    let claimed = connection
        .prepare_cached(
            "UPDATE transfer SET node = ?2
             WHERE id = ?1 AND state = ?3 AND (node IS NULL OR node = ?2)",
        )?
        .execute(params![Id(transfer.id), node.0, transfer.state])?;
    if claimed == 0 { Ok(None) } else { one(connection, transfer.id) }
}

pub(super) fn let_go(connection: &Connection, transfer: Uuid, node: Node) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE transfer SET node = NULL WHERE id = ?1 AND node = ?2")?
        .execute(params![Id(transfer), node.0])?;
    Ok(())
}

pub(super) fn earlier(
    connection: &Connection,
    transfer: &Transfer,
) -> Result<Option<Transfer>, Trouble> {
    let Place { endpoint, directory, name } = &transfer.place;
    let sql = format!(
        "SELECT {COLUMNS} FROM transfer
         WHERE endpoint = ?1 AND directory = ?2 AND name = ?3 AND id <> ?4
             AND state IN ('accepted', 'recognised', 'archived')
         ORDER BY nr DESC LIMIT 1"
    );
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(params![endpoint, directory, name, Id(transfer.id)], from_row)
        .optional()?)
}

/// A transfer that comes into being.
pub(super) struct New<'a> {
    pub(super) direction: Direction,
    pub(super) flow: &'a str,
    pub(super) place: &'a Place,
    pub(super) state: State,
    pub(super) size: Option<u64>,
    pub(super) about: Option<About>,
    pub(super) node: Option<Node>,
}

/// Adds a transfer and its first event; also tells the row's number.
pub(super) fn add(
    connection: &Connection,
    new: &New<'_>,
    at: Moment,
) -> Result<(Transfer, i64), Trouble> {
    let at = whole_millis(at);
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    let id = Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos()));
    let transfer = Transfer {
        id,
        direction: new.direction,
        flow: new.flow.to_owned(),
        place: new.place.clone(),
        state: new.state,
        payload: None,
        kommunekode: new.about.map(|about| about.kommunekode),
        forespoergsel_id: new.about.and_then(|about| about.forespoergsel_id),
        dispositionsdato: new.about.and_then(|about| about.dispositionsdato),
        attempts: 0,
        problem: None,
        created_at: at,
        changed_at: at,
        node: new.node,
        released: false,
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO transfer (id, direction, flow, endpoint, directory, name, state, size,
             kommunekode, forespoergsel_id, dispositionsdato, created_at, changed_at, node)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13)",
    )?;
    let nr = insert.insert(params![
        Id(id),
        new.direction,
        new.flow,
        new.place.endpoint,
        new.place.directory,
        new.place.name,
        new.state,
        new.size,
        transfer.kommunekode,
        transfer.forespoergsel_id,
        transfer.dispositionsdato.map(Day),
        Time(at),
        new.node.map(|node| node.0),
    ])?;
    journal::step(connection, nr, None, &transfer, None)?;
    Ok((transfer, nr))
}

/// Moves a transfer and journals it, where it still is what the caller read.
pub(super) fn advance(
    connection: &Connection,
    transfer: &Transfer,
    step: &Step,
    at: Moment,
) -> Result<Transfer, Trouble> {
    let state = next(transfer.state, step.event)?;
    if step.event.direction().is_some_and(|only| only != transfer.direction) {
        return Err(ImpossibleStep { state: transfer.state, event: step.event }.into());
    }
    if matches!(step.event, Event::Release | Event::Replay) && is_taken(connection, transfer)? {
        return Err(StoreError::PlaceTaken(transfer.id).into());
    }
    let mut moved = transfer.clone();
    moved.state = state;
    moved.node = transfer.node.filter(|_| state.is_under_way());
    moved.released |= step.event == Event::Release;
    moved.payload = step.payload.or(transfer.payload);
    moved.problem.clone_from(&step.problem);
    moved.attempts = attempts_after(transfer, step.event);
    moved.changed_at = whole_millis(at).max(transfer.changed_at);
    if let Some(about) = step.about {
        moved.kommunekode = Some(about.kommunekode);
        moved.forespoergsel_id = about.forespoergsel_id.or(transfer.forespoergsel_id);
        moved.dispositionsdato = about.dispositionsdato.or(transfer.dispositionsdato);
    }
    let nr = update(connection, transfer, &moved)?
        .ok_or(StoreError::Moved { transfer: transfer.id, expected: transfer.state })?;
    let came_by = Some((step.event, transfer.state));
    journal::step(connection, nr, came_by, &moved, step.by.as_ref())?;
    receipts::with_step(connection, nr, &moved, step)?;
    Ok(moved)
}

/// Owes a file once more that is sent, unless it still is owed.
pub(super) fn owe_again(
    connection: &Connection,
    outbound: Transfer,
    at: Moment,
) -> Result<Transfer, Trouble> {
    let is_owed = matches!(outbound.state, State::Queued | State::Rendered | State::Held);
    // Whoever has claimed it is sending it just now.
    if is_owed || outbound.node.is_some() {
        return Ok(outbound);
    }
    advance(connection, &outbound, &Step::plain(Event::Requeue), at)
}

/// Whether an unfinished file has the transfer's place.
fn is_taken(connection: &Connection, transfer: &Transfer) -> Result<bool, Trouble> {
    let Place { endpoint, directory, name } = &transfer.place;
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM transfer WHERE endpoint = ?1 AND directory = ?2
                 AND name = ?3 AND state IN ('seen', 'fetched'))",
        )?
        .query_row([endpoint, directory, name], |row| row.get(0))?)
}

/// Writes what a step changes; the row's number, `None` where it stands elsewhere by now.
fn update(
    connection: &Connection,
    before: &Transfer,
    after: &Transfer,
) -> Result<Option<i64>, Trouble> {
    let mut update = connection.prepare_cached(
        "UPDATE transfer SET state = :state, size = coalesce(:size, size), sha256 = :sha256,
             kommunekode = :kommunekode, forespoergsel_id = :forespoergsel_id,
             dispositionsdato = :dispositionsdato, attempts = :attempts,
             problem_class = :class, problem_code = :code, problem_text = :text,
             changed_at = :at, node = :node, released = :released
         WHERE id = :id AND state = :before AND node IS :claimed RETURNING nr",
    )?;
    let problem = after.problem.as_ref();
    let values = named_params! {
        ":id": Id(before.id),
        ":before": before.state,
        ":state": after.state,
        ":size": after.payload.map(|payload| payload.size),
        ":sha256": after.payload.map(|payload| Sha256(payload.sha256)),
        ":kommunekode": after.kommunekode,
        ":forespoergsel_id": after.forespoergsel_id,
        ":dispositionsdato": after.dispositionsdato.map(Day),
        ":attempts": after.attempts,
        ":class": problem.map(|problem| problem.class),
        ":code": problem.map(|problem| problem.code),
        ":text": problem.map(|problem| &problem.text),
        ":at": Time(after.changed_at),
        ":claimed": before.node.map(|node| node.0),
        ":node": after.node.map(|node| node.0),
        ":released": after.released,
    };
    Ok(update.query_row(values, |row| row.get(0)).optional()?)
}

/// Failed tries count from the moment the file was asked for: at first, or anew when it was done.
const fn attempts_after(transfer: &Transfer, event: Event) -> u32 {
    match (event, transfer.state) {
        (Event::Fail | Event::GiveUp, _) => transfer.attempts.saturating_add(1),
        // What is still on its first way out goes on counting.
        (Event::Requeue, State::Failed | State::Rendered | State::Queued) => transfer.attempts,
        (Event::Requeue, _) => 0,
        _ => transfer.attempts,
    }
}

pub(super) fn list(
    connection: &Connection,
    filter: &TransferFilter,
) -> Result<Vec<Transfer>, Trouble> {
    if pages::is_for(filter) {
        return pages::page(connection, filter);
    }
    let Some(edge) = Edge::of(connection, filter)? else { return Ok(Vec::new()) };
    let (beyond, order) = edge.sql();
    let mut conditions = vec![beyond.to_owned()];
    let mut values: Vec<&dyn ToSql> = vec![&edge.nr];
    let named: [(&str, Option<&dyn ToSql>); 4] = [
        ("direction", filter.direction.as_ref().map(|value| value as _)),
        ("flow", filter.flow.as_ref().map(|value| value as _)),
        ("kommunekode", filter.kommunekode.as_ref().map(|value| value as _)),
        ("forespoergsel_id", filter.forespoergsel_id.as_ref().map(|value| value as _)),
    ];
    for (column, value) in named {
        if let Some(value) = value {
            conditions.push(format!("{column} = ?"));
            values.push(value);
        }
    }
    let dispositionsdato = filter.dispositionsdato.map(Day);
    if let Some(day) = &dispositionsdato {
        conditions.push("dispositionsdato = ?".to_owned());
        values.push(day);
    }
    let changed_before = filter.changed_before.map(Time);
    if let Some(moment) = &changed_before {
        conditions.push("changed_at < ?".to_owned());
        values.push(moment);
    }
    let changed_since = filter.changed_since.map(Time);
    if let Some(moment) = &changed_since {
        conditions.push("changed_at >= ?".to_owned());
        values.push(moment);
    }
    if !filter.states.is_empty() {
        conditions.push(format!("state IN ({})", vec!["?"; filter.states.len()].join(", ")));
        values.extend(filter.states.iter().map(|state| state as &dyn ToSql));
    }
    let limit = filter.limit.map_or(-1, i64::from);
    values.push(&limit);
    let sql = format!(
        "SELECT {COLUMNS} FROM transfer WHERE {} ORDER BY {order} LIMIT ?",
        conditions.join(" AND ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(values.as_slice(), from_row)?;
    let mut found = rows.collect::<Result<Vec<_>, _>>()?;
    if edge.way == Way::Newer {
        found.reverse();
    }
    Ok(found)
}

pub(super) fn census(connection: &Connection) -> Result<Vec<Census>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT flow, direction, state, count(*), min(changed_at) FROM transfer
         GROUP BY flow, direction, state ORDER BY flow, direction, state",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Census {
            flow: row.get(0)?,
            direction: row.get(1)?,
            state: row.get(2)?,
            count: row.get(3)?,
            oldest: row.get::<_, Time>(4)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
