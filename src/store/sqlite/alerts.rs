//! Alerts: raised once, handed over until every hook has taken them.

use super::error::Trouble;
use super::journal;
use super::rows::Time;
use crate::store::{Alert, AlertCount, Concern, HandedOver, Moment, Node, Note};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;

const COLUMNS: &str =
    "nr, kind, subject, since, text, next, raised_at, sent_at, attempts, tried_at FROM alert";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let time = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<Time>>(at)?.map(|t| t.0));
    Ok(Alert {
        nr: row.get(0)?,
        concern: Concern {
            kind: row.get(1)?,
            subject: row.get(2)?,
            since: row.get::<_, Time>(3)?.0,
            text: row.get(4)?,
            next: row.get(5)?,
        },
        raised_at: row.get::<_, Time>(6)?.0,
        sent_at: time(7)?,
        attempts: row.get(8)?,
        tried_at: time(9)?,
        taken_by: BTreeSet::new(),
    })
}

/// Those that were not raised before.
pub(super) fn unknown(
    connection: &Connection,
    concerns: &[Concern],
) -> Result<Vec<Concern>, Trouble> {
    let mut known = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM alert WHERE kind = ?1 AND subject = ?2)")?;
    let mut unknown = Vec::new();
    for concern in concerns {
        if !known.query_row(params![concern.kind, concern.subject], |row| row.get(0))? {
            unknown.push(concern.clone());
        }
    }
    Ok(unknown)
}

pub(super) fn raise(
    connection: &Connection,
    concerns: &[Concern],
    at: Moment,
) -> Result<Vec<Alert>, Trouble> {
    let sql = "INSERT INTO alert (kind, subject, since, text, next, raised_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING RETURNING nr";
    let mut raised = Vec::new();
    for concern in concerns {
        let Concern { kind, subject, since, text, next } = concern;
        let nr: Option<i64> = connection
            .prepare_cached(sql)?
            .query_row(params![kind, subject, Time(*since), text, next, Time(at)], |row| row.get(0))
            .optional()?;
        if let Some(nr) = nr {
            let subject = &format!("alert {kind} {subject}");
            let note = Note { subject, what: "raise", problem: None, by: None };
            journal::note(connection, &note, at)?;
            raised.extend(one(connection, nr)?);
        }
    }
    Ok(raised)
}

fn one(connection: &Connection, nr: i64) -> Result<Option<Alert>, Trouble> {
    Ok(all(connection, "WHERE nr = ?1", nr)?.pop())
}

/// The alerts of a query that ends like this, with the hooks that have taken them.
fn all(connection: &Connection, end: &str, value: i64) -> Result<Vec<Alert>, Trouble> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} {end}"))?;
    let mut alerts: Vec<Alert> =
        statement.query_map([value], from_row)?.collect::<Result<_, _>>()?;
    let mut taken = connection.prepare_cached("SELECT hook FROM alert_taken WHERE alert = ?1")?;
    for alert in &mut alerts {
        let hooks = taken.query_map([alert.nr], |row| row.get(0))?;
        alert.taken_by = hooks.collect::<Result<_, _>>()?;
    }
    Ok(alerts)
}

pub(super) fn newest(connection: &Connection, limit: u32) -> Result<Vec<Alert>, Trouble> {
    all(connection, "ORDER BY nr DESC LIMIT ?1", limit.into())
}

pub(super) fn unsent(connection: &Connection) -> Result<Vec<Alert>, Trouble> {
    all(connection, "WHERE sent_at IS NULL AND nr > ?1 ORDER BY nr", 0)
}

pub(super) fn claim(
    connection: &Connection,
    nrs: &[i64],
    node: Node,
) -> Result<Vec<Alert>, Trouble> {
    let mut claimed = Vec::new();
    for &nr in nrs {
        let free = connection
            .prepare_cached(
                "UPDATE alert SET node = ?2
                 WHERE nr = ?1 AND sent_at IS NULL AND (node IS NULL OR node = ?2)",
            )?
            .execute(params![nr, node.0])?;
        if free > 0 {
            claimed.extend(one(connection, nr)?);
        }
    }
    Ok(claimed)
}

pub(super) fn taken(
    connection: &Connection,
    nrs: &[i64],
    hook: &str,
    at: Moment,
) -> Result<(), Trouble> {
    for nr in nrs {
        connection
            .prepare_cached(
                "INSERT INTO alert_taken (alert, hook, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![nr, hook, Time(at)])?;
    }
    Ok(())
}

pub(super) fn settle(
    connection: &Connection,
    nrs: &[i64],
    node: Node,
    outcome: HandedOver,
    at: Moment,
) -> Result<(), Trouble> {
    let sent_at = Some(Time(at)).filter(|_| outcome == HandedOver::Sent);
    let tried_at = Some(Time(at)).filter(|_| outcome == HandedOver::Failed);
    for nr in nrs {
        connection
            .prepare_cached(
                "UPDATE alert SET node = NULL, sent_at = ?3, attempts = attempts + (?4 IS NOT NULL),
                     tried_at = coalesce(?4, tried_at)
                 WHERE nr = ?1 AND node = ?2",
            )?
            .execute(params![nr, node.0, sent_at, tried_at])?;
    }
    Ok(())
}

pub(super) fn counts(connection: &Connection) -> Result<Vec<AlertCount>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, count(*), count(*) - count(sent_at) FROM alert GROUP BY kind ORDER BY kind",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(AlertCount { kind: row.get(0)?, raised: row.get(1)?, unsent: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
