//! Transfers of registrations: cut, given back, read again to be rendered.

use super::{RELEASE, TOUCHED, fagsystem_nr};
use crate::domain::Miljoe;
use crate::domain::debitor::{Debitorregistrering, Overfoersel, OverfoerselId};
use crate::store::sqlite::error::Trouble;
use crate::store::sqlite::rows::{Id, Key, Time};
use crate::store::sqlite::transfers::{New, add};
use crate::store::{CutOrder, CutTransfer, Moment, Visit, Waiting};
use crate::transfer::state::{Direction, State};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

/// By the index alone, but for when the oldest was entered.
const WAITING: &str = "
    SELECT w.kommunekode, f.navn, w.antal, w.poster, r.modtaget
    FROM (SELECT kommunekode, fagsystem, count(*) AS antal, sum(poster) AS poster, min(nr) AS nr
          FROM registrering INDEXED BY registrering_klar
          WHERE klar = 1 GROUP BY kommunekode, fagsystem) w
        JOIN fagsystem f ON f.nr = w.fagsystem JOIN registrering r ON r.nr = w.nr
    ORDER BY w.kommunekode, f.navn";

/// `?1` rows before, `?2` municipality, `?3` fagsystem, `?4` and `?5` most registrations and
/// records. Within one konto one may leave at a time, so what it has accepted says the number.
const CUT: &str = "
    INSERT INTO forsendelse (nr, registrering, sekvens)
    SELECT ?1 + c.place, c.nr, k.antal_accepteret + 1
    FROM (SELECT nr, row_number() OVER (ORDER BY nr) AS place,
                 sum(poster) OVER (ORDER BY nr ROWS UNBOUNDED PRECEDING) AS poster
          FROM (SELECT nr, poster FROM registrering INDEXED BY registrering_klar
                WHERE klar = 1 AND kommunekode = ?2 AND fagsystem = ?3 ORDER BY nr LIMIT ?4)) c
        JOIN registrering r ON r.nr = c.nr JOIN afsenderkonto k ON k.nr = r.konto
    WHERE c.poster <= ?5 OR c.place = 1
    ORDER BY c.place";

const LEFT: &str = "
    UPDATE registrering SET klar = 0, overfoersel = ?2
    WHERE nr IN (SELECT registrering FROM forsendelse WHERE nr > ?1)";

const SUMS: &str = "
    SELECT count(*), coalesce(sum(r.poster), 0), coalesce(sum(r.hovedstol), 0),
        coalesce(sum(r.betalt), 0)
    FROM forsendelse f JOIN registrering r ON r.nr = f.registrering WHERE f.nr > ?1";

const CANCELLED: &str = "
    overfoersel o JOIN transfer t ON t.nr = o.outbound
    WHERE o.antal_besvaret < o.antal_registreringer AND o.opgivet IS NULL
        AND t.state = 'cancelled'";

pub(super) fn waiting(connection: &Connection) -> Result<Vec<Waiting>, Trouble> {
    let mut statement = connection.prepare_cached(WAITING)?;
    let rows = statement.query_map([], |row| {
        Ok(Waiting {
            kommunekode: row.get(0)?,
            fagsystem: row.get(1)?,
            antal: row.get(2)?,
            poster: row.get(3)?,
            oldest: row.get::<_, Time>(4)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn cut(
    connection: &Connection,
    order: &CutOrder<'_>,
    at: Moment,
) -> Result<Option<CutTransfer>, Trouble> {
    let head = order.overfoersel;
    let Some(fagsystem) = fagsystem_nr(connection, head.fagsystem.as_str())? else {
        return Ok(None);
    };
    let foer: i64 = connection
        .prepare_cached("SELECT coalesce(max(nr), 0) FROM forsendelse")?
        .query_row([], |row| row.get(0))?;
    let limits = params![foer, head.kommunekode, fagsystem, order.registreringer, order.poster];
    if connection.prepare_cached(CUT)?.execute(limits)? == 0 {
        return Ok(None);
    }
    let new = New {
        direction: Direction::Outbound,
        flow: order.flow,
        place: order.place,
        state: State::Queued,
        size: None,
        about: Some(head.into()),
        node: None,
    };
    let (_, outbound) = add(connection, &new, at)?;
    let cut = connection.prepare_cached(SUMS)?.query_row([foer], |row| {
        Ok(CutTransfer {
            overfoersel: head.clone(),
            antal_registreringer: row.get(0)?,
            antal_poster: row.get(1)?,
            sum_hovedstol: row.get(2)?,
            sum_betalt: row.get(3)?,
        })
    })?;
    let nr = connection
        .prepare_cached(
            "INSERT INTO overfoersel (overfoersel_id, kommunekode, fagsystem, myndighed_cvr,
                 debitorsystem, dannet, foer, antal_registreringer, antal_poster, sum_hovedstol,
                 sum_betalt, outbound)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .insert(params![
            Key(head.overfoersel_id.0),
            head.kommunekode,
            fagsystem,
            head.myndighed_cvr,
            order.debitorsystem,
            Time(head.dannet),
            foer,
            cut.antal_registreringer,
            cut.antal_poster,
            cut.sum_hovedstol,
            cut.sum_betalt,
            outbound,
        ])?;
    connection.prepare_cached(LEFT)?.execute([foer, nr])?;
    Ok(Some(cut))
}

/// Whether anything is left to give back: asked often, and nearly always not.
pub(super) fn any_to_give_back(connection: &Connection) -> Result<bool, Trouble> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {CANCELLED})");
    Ok(connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
}

pub(super) fn give_back(connection: &Connection, at: Moment) -> Result<u64, Trouble> {
    connection.execute_batch(TOUCHED)?;
    let sql = format!("SELECT o.nr, o.foer, o.foer + o.antal_registreringer FROM {CANCELLED}");
    let cancelled: Vec<(i64, i64, i64)> = connection
        .prepare(&sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut given_back = 0;
    for (nr, foer, last) in cancelled {
        connection.execute("DELETE FROM touched", [])?;
        connection.execute(
            "INSERT OR IGNORE INTO touched
             SELECT r.konto FROM forsendelse f JOIN registrering r ON r.nr = f.registrering
             WHERE f.nr > ?2 AND f.nr <= ?3 AND r.overfoersel = ?1
                 AND r.tilstand = 'modtaget'",
            [nr, foer, last],
        )?;
        given_back += connection.execute(
            "UPDATE registrering SET overfoersel = NULL
             WHERE overfoersel = ?1 AND tilstand = 'modtaget'
                 AND nr IN (SELECT registrering FROM forsendelse WHERE nr > ?2 AND nr <= ?3)",
            [nr, foer, last],
        )? as u64;
        connection.execute(RELEASE, [])?;
        connection
            .execute("UPDATE overfoersel SET opgivet = ?2 WHERE nr = ?1", params![nr, Time(at)])?;
    }
    Ok(given_back)
}

pub(super) fn one(
    connection: &Connection,
    outbound: Uuid,
    miljoe: Miljoe,
) -> Result<Option<CutTransfer>, Trouble> {
    let found = connection
        .prepare_cached(
            "SELECT o.overfoersel_id, o.kommunekode, o.myndighed_cvr, f.navn, o.dannet,
                 o.antal_registreringer, o.antal_poster, o.sum_hovedstol, o.sum_betalt
             FROM overfoersel o JOIN transfer t ON t.nr = o.outbound
                 JOIN fagsystem f ON f.nr = o.fagsystem
             WHERE t.id = ?1",
        )?
        .query_row([Id(outbound)], |row| {
            Ok(CutTransfer {
                overfoersel: Overfoersel {
                    overfoersel_id: OverfoerselId(row.get::<_, Key>(0)?.0),
                    kommunekode: row.get(1)?,
                    myndighed_cvr: row.get(2)?,
                    fagsystem: row.get(3)?,
                    dannet: row.get::<_, Time>(4)?.0,
                    miljoe,
                },
                antal_registreringer: row.get(5)?,
                antal_poster: row.get(6)?,
                sum_hovedstol: row.get(7)?,
                sum_betalt: row.get(8)?,
            })
        })
        .optional()?;
    Ok(found)
}

pub(super) fn each_sent(
    connection: &Connection,
    id: OverfoerselId,
    visit: Visit<'_, (u32, Debitorregistrering)>,
) -> Result<(), Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT f.sekvens, i.json
         FROM overfoersel o
             JOIN forsendelse f ON f.nr > o.foer AND f.nr <= o.foer + o.antal_registreringer
             JOIN indhold i ON i.registrering = f.registrering
         WHERE o.overfoersel_id = ?1 ORDER BY f.nr",
    )?;
    let mut rows = statement.query([Key(id.0)])?;
    while let Some(row) = rows.next()? {
        let json = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        visit((row.get(0)?, content(json, 1)?))?;
    }
    Ok(())
}

/// A registration from its column.
pub(super) fn content(json: &str, column: usize) -> Result<Debitorregistrering, Trouble> {
    // What serde_json tells may show a value: only where it stopped is told.
    serde_json::from_str(json).map_err(|error| {
        let what = format!(
            "expected a registration (column {}): the store was changed by other hands",
            error.column()
        );
        let error = rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into());
        Trouble::from(error)
    })
}
