//! One payout as a whole: a few statements for all municipalities together.

use super::error::Trouble;
use super::rows::{Day, Time};
use super::{afstemning, transfers};
use crate::domain::{ForespoergselId, Kommunekode, Tal};
use crate::store::{
    AfstemningFilter, AppliedReport, AppliedRequest, Mark, Payout, PayoutMark, PayoutQuery,
    Transfer,
};
use chrono::NaiveDate;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Rejected files that an operator has rejected are settled. A `+` keeps SQLite from going by the
/// state: a payout has few files, and of all that were ever rejected there may be many.
macro_rules! stopped {
    ($by:literal) => {
        concat!(
            $by,
            "direction = 'in' AND ",
            $by,
            "state IN ('rejected', 'held')
             AND NOT (state = 'rejected' AND problem_code = 'by-operator')"
        )
    };
}

pub(super) fn payout(connection: &Connection, query: &PayoutQuery) -> Result<Payout, Trouble> {
    // One snapshot: files move on between the statements.
    let _snapshot = connection.unchecked_transaction()?;
    let mut payout = files_now(connection, query)?;
    let dispositionsdato = Some(query.dispositionsdato);
    let filter = AfstemningFilter { dispositionsdato, ..AfstemningFilter::default() };
    for (kommune, afstemning) in afstemning::figures_now(connection, &filter)? {
        payout.parts.entry(kommune).or_default().afstemning = afstemning;
    }
    Ok(payout)
}

/// Without the figures.
pub(super) fn files(connection: &Connection, query: &PayoutQuery) -> Result<Payout, Trouble> {
    let _snapshot = connection.unchecked_transaction()?;
    files_now(connection, query)
}

fn files_now(connection: &Connection, query: &PayoutQuery) -> Result<Payout, Trouble> {
    let PayoutQuery { dispositionsdato, window } = query;
    let mut payout = Payout::default();
    requests(connection, *dispositionsdato, &mut payout)?;
    reports(connection, *dispositionsdato, &mut payout)?;
    for stopped in about(connection, *dispositionsdato)? {
        match stopped.kommunekode {
            Some(kommune) => payout.parts.entry(kommune).or_default().stopped.push(stopped),
            None => payout.unattributed.push(stopped),
        }
    }
    payout.unattributed.extend(transfers::find(
        connection,
        concat!(
            stopped!(""),
            " AND dispositionsdato IS NULL AND created_at >= ?1 AND created_at < ?2"
        ),
        &[&Time(window.start), &Time(window.end)],
    )?);
    Ok(payout)
}

pub(super) fn marks(connection: &Connection) -> Result<Vec<PayoutMark>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT dispositionsdato, sum(requests), sum(noted), sum(reports) FROM (
             SELECT r.dispositionsdato, count(*) AS requests, count(u.forespoergsel) AS noted,
                 0 AS reports
             FROM forespoergsel r LEFT JOIN udeblivelse u ON u.forespoergsel = r.nr GROUP BY 1
             UNION ALL
             SELECT dispositionsdato, 0, 0, count(*) FROM udbetaling GROUP BY 1)
         GROUP BY 1 ORDER BY 1 DESC",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(PayoutMark {
            dispositionsdato: row.get::<_, Day>(0)?.0,
            requests: row.get(1)?,
            noted: row.get(2)?,
            reports: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn mark(connection: &Connection) -> Result<Mark, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT coalesce(max(nr), 0) FROM event),
             (SELECT coalesce(max(nr), 0) FROM import),
             (SELECT coalesce(max(nr), 0) FROM registrering)",
    )?;
    Ok(statement.query_row([], |row| {
        Ok(Mark { event: row.get(0)?, import: row.get(1)?, registrering: row.get(2)? })
    })?)
}

fn requests(connection: &Connection, date: NaiveDate, payout: &mut Payout) -> Result<(), Trouble> {
    let answers = transfers::find(
        connection,
        "nr IN (SELECT outbound FROM forespoergsel WHERE dispositionsdato = ?1)",
        &[&Day(date)],
    )?;
    let by_id = |answer: Transfer| answer.forespoergsel_id.map(|id| (id, answer));
    let mut answers: BTreeMap<_, _> = answers.into_iter().filter_map(by_id).collect();
    let mut statement = connection.prepare_cached(
        "SELECT r.kommunekode, r.forespoergsel_id, r.udbetalingsperiode, t.created_at,
             r.antal_transaktioner, r.sum_beloeb
         FROM forespoergsel r JOIN transfer t ON t.nr = r.inbound
         WHERE r.dispositionsdato = ?1 ORDER BY r.nr",
    )?;
    let rows = statement.query_map([Day(date)], |row| {
        let (kommune, id): (Kommunekode, ForespoergselId) = (row.get(0)?, row.get(1)?);
        let forventet = Tal { antal: row.get(4)?, beloeb: row.get(5)? };
        Ok((kommune, id, row.get(2)?, row.get::<_, Time>(3)?.0, forventet))
    })?;
    for row in rows {
        let (kommune, id, udbetalingsperiode, at, forventet) = row?;
        let request = answers.remove(&id).map(|answer| AppliedRequest {
            at,
            udbetalingsperiode,
            forventet,
            answer,
        });
        payout.parts.entry(kommune).or_default().requests.extend(request);
    }
    Ok(())
}

/// With max(), the other columns are those of the row that has it: the newest report.
fn reports(connection: &Connection, date: NaiveDate, payout: &mut Payout) -> Result<(), Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT u.kommunekode, max(u.nr), t.created_at, u.antal_afvist
         FROM udbetaling u JOIN transfer t ON t.nr = u.inbound
         WHERE u.dispositionsdato = ?1 GROUP BY u.kommunekode",
    )?;
    let rows = statement.query_map([Day(date)], |row| {
        let report = AppliedReport { at: row.get::<_, Time>(2)?.0, afvist: row.get(3)? };
        Ok((row.get(0)?, report))
    })?;
    for row in rows {
        let (kommune, report): (Kommunekode, _) = row?;
        payout.parts.entry(kommune).or_default().report = Some(report);
    }
    Ok(())
}

fn about(connection: &Connection, date: NaiveDate) -> Result<Vec<Transfer>, Trouble> {
    let condition = concat!(stopped!("+"), " AND dispositionsdato = ?1");
    transfers::find(connection, condition, &[&Day(date)])
}
