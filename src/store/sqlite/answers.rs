//! Requests, the expectations they mark, and the answers read back from them.

use super::error::Trouble;
use super::rows::{Day, Id, Time};
use super::transfers::{self, New, add, advance};
use crate::domain::hold_rule::{Case, Size};
use crate::domain::{
    Beloeb, Forespoergsel, ForespoergselId, Kommunekode, Miljoe, Svar, Transaktion,
};
use crate::fault::Class;
use crate::store::{Answer, AnswerOrder, Moment, Step, StoreError, Transfer, Visit};
use crate::transfer::state::{Direction, Event, State};
use chrono::SubsecRound;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Which agreements are active, and in what order they are answered: what
/// [`crate::domain::Aftale::is_active_on`] says, in terms that the index `aftale_svar` covers.
const ACTIVE: &str = "aftale INDEXED BY aftale_svar
    WHERE kommunekode = ?1 AND erstattet IS NULL AND status = 'aktiv'
        AND gyldig_fra <= ?2 AND (gyldig_til IS NULL OR gyldig_til >= ?2)";
const IN_ORDER: &str = "ORDER BY cpr, prioritet, aftale_id";

/// Count and øre of the active agreements.
pub(super) fn size_sql() -> String {
    format!("SELECT count(*), coalesce(sum(beloeb), 0) FROM {ACTIVE}")
}

/// One expectation for every active agreement.
pub(super) fn mark_sql() -> String {
    format!("INSERT INTO forventning (aftale) SELECT nr FROM {ACTIVE} {IN_ORDER}")
}

/// A request's transactions; the first column is the loebenummer.
pub(super) const TRANSACTIONS: &str = "
    SELECT f.nr - r.foer, a.aftale_id, a.cpr, a.beloeb, a.ydelsestype, a.gyldig_fra, a.gyldig_til,
        a.prioritet, a.fordring_id
    FROM forespoergsel r
        JOIN forventning f ON f.nr > r.foer AND f.nr <= r.foer + r.antal_transaktioner
        JOIN aftale a ON a.nr = f.aftale
    WHERE r.forespoergsel_id = ?1 ORDER BY f.nr";

pub(super) fn answer(
    connection: &Connection,
    order: &AnswerOrder<'_>,
    at: Moment,
) -> Result<Answer, Trouble> {
    let request = order.request;
    let Some(svar) = svar(connection, request.forespoergsel_id, request.miljoe)? else {
        return mark(connection, order, at);
    };
    let (first, outbound) = transfers_of(connection, request.forespoergsel_id)?;
    if svar.forespoergsel != *request {
        return Ok(Answer::Conflict { earlier: first.id });
    }
    if outbound.state == State::Cancelled && !order.inbound.released {
        return Ok(Answer::Cancelled { outbound: outbound.id });
    }
    let inbound = advance(connection, order.inbound, &about(Event::Recognise, request), at)?;
    let outbound = transfers::owe_again(connection, outbound, at)?;
    Ok(Answer::Again { svar, inbound, outbound })
}

/// Marks every active agreement and owes the answer.
fn mark(connection: &Connection, order: &AnswerOrder<'_>, at: Moment) -> Result<Answer, Trouble> {
    let request = order.request;
    let active = params![request.kommunekode, Day(request.dispositionsdato)];
    let size = connection.prepare_cached(&size_sql())?.query_row(active, size)?;
    if !order.inbound.released
        && let Some(why) = held_by(connection, order, size)?
    {
        return Ok(Answer::Held { why });
    }
    let inbound = advance(connection, order.inbound, &about(Event::Accept, request), at)?;
    let new = New {
        direction: Direction::Outbound,
        flow: &order.inbound.flow,
        place: order.place,
        state: State::Queued,
        size: None,
        about: Some(request.into()),
        node: inbound.node,
    };
    let (outbound, outbound_nr) = add(connection, &new, at)?;

    let foer: i64 = connection
        .prepare_cached("SELECT coalesce(max(nr), 0) FROM forventning")?
        .query_row([], |row| row.get(0))?;
    let antal = connection.prepare_cached(&mark_sql())?.execute(active)?;
    let svar = Svar {
        forespoergsel: *request,
        dannet: at.trunc_subsecs(0),
        antal_transaktioner: numbered(connection, foer, antal)?,
        sum_beloeb: size.sum,
    };
    connection
        .prepare_cached(
            "INSERT INTO forespoergsel (forespoergsel_id, kommunekode, forespoergselsdato,
                 dispositionsdato, udbetalingsperiode, dannet, foer, antal_transaktioner,
                 sum_beloeb, inbound, outbound)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
                 (SELECT nr FROM transfer WHERE id = ?10), ?11)",
        )?
        .execute(params![
            request.forespoergsel_id,
            request.kommunekode,
            Day(request.forespoergselsdato),
            Day(request.dispositionsdato),
            request.udbetalingsperiode,
            Time(svar.dannet),
            foer,
            svar.antal_transaktioner,
            svar.sum_beloeb,
            Id(inbound.id),
            outbound_nr,
        ])?;
    Ok(Answer::New { svar, inbound, outbound })
}

fn size(row: &Row<'_>) -> rusqlite::Result<Size> {
    Ok(Size { antal: row.get(0)?, sum: row.get(1)? })
}

pub(super) fn recent_sizes(
    connection: &Connection,
    kommune: Kommunekode,
    limit: u32,
) -> Result<Vec<Size>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT antal_transaktioner, sum_beloeb FROM forespoergsel WHERE kommunekode = ?1
         ORDER BY nr DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![kommune, limit], size)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Why a rule holds an answer of this size, if one does.
fn held_by(
    connection: &Connection,
    order: &AnswerOrder<'_>,
    size: Size,
) -> Result<Option<String>, Trouble> {
    let kommune = order.request.kommunekode;
    let recent = recent_sizes(connection, kommune, order.hold_rules.recent())?;
    let case = Case { kommune, size, missed: order.missed, recent: &recent };
    Ok(order.hold_rules.judge(&case))
}

fn about(event: Event, request: &Forespoergsel) -> Step {
    Step { about: Some(request.into()), ..Step::plain(event) }
}

/// The count of rows marked. SQLite numbers rows one up from the highest, so they follow each other
/// from `foer + 1`; everything read later rests on it, so it is looked at here.
fn numbered(connection: &Connection, foer: i64, antal: usize) -> Result<u32, Trouble> {
    let last: i64 = connection
        .prepare_cached("SELECT coalesce(max(nr), 0) FROM forventning")?
        .query_row([], |row| row.get(0))?;
    match u32::try_from(antal) {
        Ok(antal) if last == foer + i64::from(antal) => Ok(antal),
        _ => Err(Trouble::Store(StoreError::Database {
            place: connection.path().unwrap_or_default().to_owned(),
            what: format!("{antal} expectations were not numbered from {foer} on without gaps"),
            class: Class::Operator,
        })),
    }
}

/// The transfers that brought a request first and that carry its answer.
fn transfers_of(
    connection: &Connection,
    id: ForespoergselId,
) -> Result<(Transfer, Transfer), Trouble> {
    let (inbound, outbound): (Id, Id) = connection
        .prepare_cached(
            "SELECT i.id, o.id FROM forespoergsel f
                 JOIN transfer i ON i.nr = f.inbound JOIN transfer o ON o.nr = f.outbound
             WHERE f.forespoergsel_id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let one = |id: Id| {
        transfers::one(connection, id.0)?.ok_or(Trouble::Sql(rusqlite::Error::QueryReturnedNoRows))
    };
    Ok((one(inbound)?, one(outbound)?))
}

pub(super) fn svar(
    connection: &Connection,
    id: ForespoergselId,
    miljoe: Miljoe,
) -> Result<Option<Svar>, Trouble> {
    let from_row = |row: &Row<'_>| {
        Ok(Svar {
            forespoergsel: Forespoergsel {
                kommunekode: row.get(0)?,
                forespoergsel_id: id,
                forespoergselsdato: row.get::<_, Day>(1)?.0,
                dispositionsdato: row.get::<_, Day>(2)?.0,
                udbetalingsperiode: row.get(3)?,
                miljoe,
            },
            dannet: row.get::<_, Time>(4)?.0,
            antal_transaktioner: row.get(5)?,
            sum_beloeb: row.get(6)?,
        })
    };
    Ok(connection
        .prepare_cached(
            "SELECT kommunekode, forespoergselsdato, dispositionsdato, udbetalingsperiode, dannet,
                 antal_transaktioner, sum_beloeb
             FROM forespoergsel WHERE forespoergsel_id = ?1",
        )?
        .query_row([id], from_row)
        .optional()?)
}

/// A transaction from its columns, the first of them its loebenummer.
fn transaktion(row: &Row<'_>, loebenummer: u32) -> rusqlite::Result<Transaktion> {
    Ok(Transaktion {
        loebenummer,
        aftale_id: row.get(1)?,
        cpr: row.get(2)?,
        beloeb: row.get(3)?,
        ydelsestype: row.get(4)?,
        gyldig_fra: row.get::<_, Day>(5)?.0,
        gyldig_til: row.get::<_, Option<Day>>(6)?.map(|day| day.0),
        prioritet: row.get(7)?,
        fordring_id: row.get(8)?,
    })
}

pub(super) fn each_transaktion(
    connection: &Connection,
    id: ForespoergselId,
    visit: Visit<'_, Transaktion>,
) -> Result<(), Trouble> {
    let mut statement = connection.prepare_cached(TRANSACTIONS)?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        visit(transaktion(row, row.get(0)?)?)?;
    }
    Ok(())
}

pub(super) fn preview(
    connection: &Connection,
    request: &Forespoergsel,
    at: Moment,
    visit: Visit<'_, Transaktion>,
) -> Result<Svar, Trouble> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT nr, aftale_id, cpr, beloeb, ydelsestype, gyldig_fra, gyldig_til, prioritet,
             fordring_id
         FROM {ACTIVE} {IN_ORDER}"
    ))?;
    let mut rows = statement.query(params![request.kommunekode, Day(request.dispositionsdato)])?;
    let mut svar = Svar {
        forespoergsel: *request,
        dannet: at.trunc_subsecs(0),
        antal_transaktioner: 0,
        sum_beloeb: Beloeb::NUL,
    };
    while let Some(row) = rows.next()? {
        svar.antal_transaktioner += 1;
        let transaktion = transaktion(row, svar.antal_transaktioner)?;
        svar.sum_beloeb = svar.sum_beloeb + transaktion.beloeb;
        visit(transaktion)?;
    }
    Ok(svar)
}
