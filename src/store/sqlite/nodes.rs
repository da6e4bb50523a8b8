//! Who works on files, which endpoints are left alone, and which inboxes were looked into.

use super::error::Trouble;
use super::journal;
use super::rows::{Time, problem};
use crate::store::{By, Moment, Node, NodeRow, Note, Pause, Problem};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn enlist(connection: &Connection, lock: &str, at: Moment) -> Result<Node, Trouble> {
    let nr = connection
        .prepare_cached("INSERT INTO node (lock, begun_at) VALUES (?1, ?2)")?
        .insert(params![lock, Time(at)])?;
    Ok(Node(nr))
}

pub(super) fn living(connection: &Connection) -> Result<Vec<NodeRow>, Trouble> {
    let mut statement = connection
        .prepare_cached("SELECT nr, lock, begun_at FROM node WHERE ended_at IS NULL ORDER BY nr")?;
    let rows = statement.query_map([], |row| {
        let begun_at = row.get::<_, Time>(2)?.0;
        Ok(NodeRow { node: Node(row.get(0)?), lock: row.get(1)?, begun_at })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn retire(connection: &Connection, node: Node, at: Moment) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE node SET ended_at = ?2 WHERE nr = ?1 AND ended_at IS NULL")?
        .execute(params![node.0, Time(at)])?;
    connection
        .prepare_cached("UPDATE transfer SET node = NULL WHERE node = ?1")?
        .execute([node.0])?;
    connection.prepare_cached("UPDATE alert SET node = NULL WHERE node = ?1")?.execute([node.0])?;
    Ok(())
}

pub(super) fn pause(
    connection: &Connection,
    endpoint: &str,
    problem: &Problem,
    at: Moment,
) -> Result<(), Trouble> {
    let paused = connection
        .prepare_cached(
            "INSERT INTO pause (endpoint, since, problem_class, problem_code, problem_text)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![endpoint, Time(at), problem.class, problem.code, problem.text])?;
    if paused > 0 {
        let subject = &subject(endpoint);
        let note = Note { subject, what: "pause", problem: Some(problem), by: None };
        journal::note(connection, &note, at)?;
    }
    Ok(())
}

pub(super) fn resume(
    connection: &Connection,
    endpoint: &str,
    by: &By,
    at: Moment,
) -> Result<bool, Trouble> {
    let resumed =
        connection.prepare_cached("DELETE FROM pause WHERE endpoint = ?1")?.execute([endpoint])?;
    if resumed > 0 {
        let subject = &subject(endpoint);
        let note = Note { subject, what: "resume", problem: None, by: Some(by) };
        journal::note(connection, &note, at)?;
    }
    Ok(resumed > 0)
}

fn subject(endpoint: &str) -> String {
    format!("endpoint {endpoint}")
}

pub(super) fn pauses(connection: &Connection) -> Result<Vec<Pause>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT endpoint, since, problem_class, problem_code, problem_text FROM pause
         ORDER BY endpoint",
    )?;
    let mut rows = statement.query([])?;
    let mut pauses = Vec::new();
    while let Some(row) = rows.next()? {
        let since = row.get::<_, Time>(1)?.0;
        let problem = problem(row, 2)?;
        pauses.extend(
            problem
                .map(|problem| {
                    Ok::<_, rusqlite::Error>(Pause { endpoint: row.get(0)?, since, problem })
                })
                .transpose()?,
        );
    }
    Ok(pauses)
}

pub(super) fn looked_into(
    connection: &Connection,
    endpoint: &str,
    directory: &str,
    at: Moment,
) -> Result<(), Trouble> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO intake (endpoint, directory, at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![endpoint, directory, Time(at)])?;
    Ok(())
}

pub(super) fn last_look(
    connection: &Connection,
    endpoint: &str,
    directory: &str,
) -> Result<Option<Moment>, Trouble> {
    Ok(connection
        .prepare_cached("SELECT at FROM intake WHERE endpoint = ?1 AND directory = ?2")?
        .query_row([endpoint, directory], |row| row.get::<_, Time>(0))
        .optional()?
        .map(|at| at.0))
}
