//! The event log: only added to, each row chained to the one before it by a hash.

use super::error::Trouble;
use super::rows::{Day, Id, Sha256, Time, problem};
use super::transfers;
use crate::store::{Audit, By, EventRow, Finding, Moment, Note, Problem, Transfer};
use crate::transfer::state::{Event, State};
use rusqlite::types::{FromSql, ToSql, ToSqlOutput, Value};
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use sha2::Digest;
use uuid::Uuid;

/// Most findings told: a log that was rewritten from some row on is wrong in every row after it.
const FINDINGS: usize = 100;

/// Columns of an event that are chained: all but its own hash.
const COLUMNS: usize = 13;

/// An event to be added.
#[derive(Default)]
struct Entry<'a> {
    transfer: Option<i64>,
    subject: Option<&'a str>,
    event: Option<&'static str>,
    from: Option<State>,
    to: Option<State>,
    problem: Option<&'a Problem>,
    by: Option<&'a By>,
    row: Option<[u8; 32]>,
}

/// Adds the event that brought a transfer to its state; `came_by` is `None` when it came into
/// being.
pub(super) fn step(
    connection: &Connection,
    nr: i64,
    came_by: Option<(Event, State)>,
    after: &Transfer,
    by: Option<&By>,
) -> Result<(), Trouble> {
    let entry = Entry {
        transfer: Some(nr),
        event: came_by.map(|(event, _)| event.word()),
        from: came_by.map(|(_, from)| from),
        to: Some(after.state),
        problem: after.problem.as_ref(),
        by,
        row: Some(digest(after)?),
        ..Entry::default()
    };
    add(connection, &entry, after.changed_at)?;
    if entry.from != entry.to {
        told::keep(after, entry.event);
    }
    Ok(())
}

/// Log lines about transfers that have moved: kept until the change is committed, as one that is
/// undone never was.
pub(super) mod told {
    use crate::store::Transfer;
    use std::cell::RefCell;

    thread_local! {
        static KEPT: RefCell<Vec<(Transfer, Option<&'static str>)>> =
            const { RefCell::new(Vec::new()) };
    }

    pub(super) fn keep(after: &Transfer, event: Option<&'static str>) {
        KEPT.with_borrow_mut(|kept| kept.push((after.clone(), event)));
    }

    /// The change was undone.
    pub(in crate::store::sqlite) fn forget() {
        KEPT.take();
    }

    /// The change is committed.
    pub(in crate::store::sqlite) fn tell() {
        for (transfer, event) in KEPT.take() {
            tracing::info!(
                flow = transfer.flow,
                file = %transfer.place,
                transfer = %transfer.id,
                kommune = transfer.kommunekode.map(tracing::field::display),
                code = transfer.problem.map(|problem| tracing::field::display(problem.code)),
                event,
                state = transfer.state.word(),
                "{}",
                transfer.state.word()
            );
        }
    }
}

/// Adds an event that is about no transfer.
pub(super) fn note(connection: &Connection, note: &Note<'_>, at: Moment) -> Result<(), Trouble> {
    let entry = Entry {
        subject: Some(note.subject),
        event: Some(note.what),
        problem: note.problem,
        by: note.by,
        ..Entry::default()
    };
    add(connection, &entry, at)
}

fn add(connection: &Connection, entry: &Entry<'_>, at: Moment) -> Result<(), Trouble> {
    let (nr, before) = newest(connection)?.map_or((0, [0; 32]), |(nr, hash)| (nr, hash.0));
    let class = entry.problem.map(|problem| problem.class);
    let code = entry.problem.map(|problem| problem.code);
    let columns: [&dyn ToSql; COLUMNS] = [
        &(nr + 1),
        &entry.transfer,
        &entry.subject,
        &Time(at),
        &entry.event,
        &entry.from,
        &entry.to,
        &class,
        &code,
        &entry.problem.map(|problem| &problem.text),
        &entry.by.map(|by| &by.who),
        &entry.by.map(|by| &by.why),
        &entry.row.map(Sha256),
    ];
    let mut row = values(&columns)?;
    row.push(Value::Text(Sha256(chained(&before, &row)).to_text()));
    connection
        .prepare_cached(
            "INSERT INTO event (nr, transfer, subject, at, event, from_state, to_state,
                 problem_class, problem_code, problem_text, actor, reason, row_sha256, sha256)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params_from_iter(row))?;
    Ok(())
}

/// What SQLite is given for each column.
fn values(columns: &[&dyn ToSql]) -> rusqlite::Result<Vec<Value>> {
    let value = |column: &&dyn ToSql| {
        Ok(match column.to_sql()? {
            ToSqlOutput::Owned(value) => value,
            ToSqlOutput::Borrowed(value) => Value::column_result(value)?,
            _ => Value::Null,
        })
    };
    columns.iter().map(value).collect()
}

/// The hash of an event's columns and of the hash before it. Each value with its kind and length:
/// no two rows give the same bytes.
fn chained(before: &[u8; 32], columns: &[Value]) -> [u8; 32] {
    let mut hash = sha2::Sha256::new_with_prefix(before);
    for column in columns {
        let (kind, bytes) = match column {
            Value::Null => (b'-', Vec::new()),
            Value::Integer(number) => (b'i', number.to_string().into_bytes()),
            Value::Real(number) => (b'r', number.to_be_bytes().to_vec()),
            Value::Text(text) => (b't', text.clone().into_bytes()),
            Value::Blob(bytes) => (b'b', bytes.clone()),
        };
        hash.update([kind]);
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    }
    hash.finalize().into()
}

/// The digest of a transfer's row. Who works on it just now is left out: claims are no events.
fn digest(transfer: &Transfer) -> Result<[u8; 32], Trouble> {
    let Transfer { place, problem, payload, .. } = transfer;
    let problem = problem.as_ref();
    let mut columns = values(&[
        &Id(transfer.id),
        &transfer.direction,
        &transfer.flow,
        &place.endpoint,
        &place.directory,
        &place.name,
        &transfer.state,
        &payload.map(|payload| payload.size),
        &payload.map(|payload| Sha256(payload.sha256)),
        &transfer.kommunekode,
        &transfer.forespoergsel_id,
        &transfer.attempts,
        &problem.map(|problem| problem.class),
        &problem.map(|problem| problem.code),
        &problem.map(|problem| &problem.text),
        &Time(transfer.created_at),
        &Time(transfer.changed_at),
        &transfer.released,
    ])?;
    // Where it is not known the digest is that of a row from before it was noted at all.
    if let Some(day) = transfer.dispositionsdato {
        columns.extend(values(&[&Day(day)])?);
    }
    Ok(chained(&[0; 32], &columns))
}

pub(super) fn newest_nr(connection: &Connection) -> Result<i64, Trouble> {
    Ok(newest(connection)?.map_or(0, |(nr, _)| nr))
}

fn newest(connection: &Connection) -> Result<Option<(i64, Sha256)>, Trouble> {
    Ok(connection
        .prepare_cached("SELECT nr, sha256 FROM event ORDER BY nr DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// A scan: it is asked for by hand, now and then.
pub(super) fn with_hash(connection: &Connection, hash: [u8; 32]) -> Result<Option<i64>, Trouble> {
    Ok(connection
        .prepare_cached("SELECT nr FROM event WHERE sha256 = ?1")?
        .query_row([Sha256(hash)], |row| row.get(0))
        .optional()?)
}

pub(super) fn events(connection: &Connection, transfer: Uuid) -> Result<Vec<EventRow>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT at, event, to_state, problem_class, problem_code, problem_text, actor, reason
         FROM event WHERE transfer = (SELECT nr FROM transfer WHERE id = ?1) ORDER BY nr",
    )?;
    let rows = statement.query_map([Id(transfer)], |row| {
        let who: Option<String> = row.get(6)?;
        let by = who.map(|who| Ok::<_, rusqlite::Error>(By { who, why: row.get(7)? }));
        Ok(EventRow {
            at: row.get::<_, Time>(0)?.0,
            event: row.get(1)?,
            state: row.get(2)?,
            problem: problem(row, 3)?,
            by: by.transpose()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn verify(connection: &Connection) -> Result<Audit, Trouble> {
    // One snapshot: others may be writing.
    let _snapshot = connection.unchecked_transaction()?;
    let mut audit = Audit::default();
    chain(connection, &mut audit)?;
    rows(connection, &mut audit)?;
    audit.findings.sort_by_key(|finding| finding.event);
    audit.findings.truncate(FINDINGS);
    Ok(audit)
}

/// Every event against the one before it.
fn chain(connection: &Connection, audit: &mut Audit) -> Result<(), Trouble> {
    let mut statement = connection.prepare(
        "SELECT e.nr, e.transfer, e.subject, e.at, e.event, e.from_state, e.to_state,
             e.problem_class, e.problem_code, e.problem_text, e.actor, e.reason, e.row_sha256,
             e.sha256, t.id
         FROM event e LEFT JOIN transfer t ON t.nr = e.transfer ORDER BY e.nr",
    )?;
    let mut rows = statement.query([])?;
    let (mut before, mut expected) = ([0; 32], 1);
    while let Some(row) = rows.next()? {
        let event: i64 = row.get(0)?;
        let transfer = row.get::<_, Option<Id>>(14)?.map(|id| id.0);
        let hash = row.get::<_, Sha256>(COLUMNS)?.0;
        let columns = (0..COLUMNS).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>()?;
        let what = if event != expected {
            Some("events before it are missing")
        } else if hash != chained(&before, &columns) {
            Some("it was changed, or what comes before it was")
        } else {
            None
        };
        if audit.findings.len() < FINDINGS {
            audit.findings.extend(what.map(|what| Finding { event, transfer, what }));
        }
        (before, expected) = (hash, event + 1);
        audit.events += 1;
        audit.head = Some(hash);
    }
    Ok(())
}

/// Every transfer against its last event.
fn rows(connection: &Connection, audit: &mut Audit) -> Result<(), Trouble> {
    let mut statement = connection.prepare(
        "SELECT t.id, coalesce(e.nr, 0), e.row_sha256 FROM transfer t
             LEFT JOIN event e ON e.nr = (SELECT max(nr) FROM event WHERE transfer = t.nr)",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, event, digest_then): (Id, i64, Option<Sha256>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let now = transfers::one(connection, id.0)?.as_ref().map(digest).transpose()?;
        if now != digest_then.map(|digest| digest.0) && audit.findings.len() < 2 * FINDINGS {
            let what = "the transfer is not as its last event left it";
            audit.findings.push(Finding { event, transfer: Some(id.0), what });
        }
    }
    Ok(())
}
