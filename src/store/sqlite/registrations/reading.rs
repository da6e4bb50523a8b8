//! Looking at registrations: lists, one with its whole history, how many stand where.

use super::cut::content;
use crate::domain::debitor::{
    Afvisning, DebitorkontoId, KvitteringId, OverfoerselId, RegistreringId,
};
use crate::domain::text::Tekst;
use crate::store::sqlite::error::Trouble;
use crate::store::sqlite::rows::{Id, Key, Time};
use crate::store::sqlite::transfers;
use crate::store::{
    Afvigelse, By, Deviating, Moment, RegistreringFilter, Rejections, Sag, Sent, Stand, Standing,
    StoreError, Tilstand, Unanswered,
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

/// Where a transfer's file stands at its recipient.
const DELIVERED: &str =
    "('published', 'triggered', 'received', 'acknowledged', 'delivered-out-of-band')";

/// What has become of registration `r`, whose transfer's file is `t`.
fn tilstand_sql() -> String {
    format!(
        "CASE WHEN r.tilstand <> 'modtaget' OR r.overfoersel IS NULL THEN r.tilstand
             WHEN t.state IN {DELIVERED} THEN 'afventer-kvittering' ELSE 'i-overfoersel' END"
    )
}

const FROM: &str = "
    registrering r JOIN afsenderkonto k ON k.nr = r.konto JOIN fagsystem f ON f.nr = r.fagsystem
    LEFT JOIN overfoersel o ON o.nr = r.overfoersel LEFT JOIN transfer t ON t.nr = o.outbound
    LEFT JOIN afvisning a ON a.registrering = r.nr";

fn columns() -> String {
    format!(
        "r.registrering_id, k.debitorkonto_id, r.kommunekode, f.navn, r.operation, r.modtaget,
         {}, r.tilstand = 'modtaget' AND r.klar = 0 AND r.overfoersel IS NULL, a.aarsag, a.tekst,
         a.restance",
        tilstand_sql()
    )
}

fn stand(row: &Row<'_>) -> rusqlite::Result<Stand> {
    let afvisning = match row.get(8)? {
        Some(aarsag) => {
            let tekst: Option<String> = row.get(9)?;
            let tekst = tekst.and_then(|tekst| Tekst::parse(&tekst).ok());
            Some(Afvisning { aarsag, tekst, restance: row.get(10)? })
        }
        None => None,
    };
    Ok(Stand {
        registrering_id: RegistreringId(row.get::<_, Key>(0)?.0),
        debitorkonto_id: DebitorkontoId(row.get::<_, Key>(1)?.0),
        kommunekode: row.get(2)?,
        fagsystem: row.get(3)?,
        operation: row.get(4)?,
        modtaget: row.get::<_, Time>(5)?.0,
        tilstand: row.get(6)?,
        waits: row.get(7)?,
        afvisning,
    })
}

pub(super) fn list(
    connection: &Connection,
    filter: &RegistreringFilter,
) -> Result<Vec<Stand>, Trouble> {
    let mut conditions = vec!["1".to_owned()];
    let mut values: Vec<&dyn ToSql> = Vec::new();
    let konto = filter.debitorkonto_id.map(|id| Key(id.0));
    let named: [(&str, Option<&dyn ToSql>); 3] = [
        ("r.kommunekode", filter.kommunekode.as_ref().map(|value| value as _)),
        ("a.aarsag", filter.aarsag.as_ref().map(|value| value as _)),
        ("k.debitorkonto_id", konto.as_ref().map(|value| value as _)),
    ];
    for (column, value) in named {
        if let Some(value) = value {
            conditions.push(format!("{column} = ?"));
            values.push(value);
        }
    }
    if filter.tilstande == [Tilstand::Afvist] {
        // In these words the index of the rejected ones helps.
        conditions.push("r.tilstand = 'afvist'".to_owned());
    } else if !filter.tilstande.is_empty() {
        let places = vec!["?"; filter.tilstande.len()].join(", ");
        conditions.push(format!("{} IN ({places})", tilstand_sql()));
        values.extend(filter.tilstande.iter().map(|tilstand| tilstand as &dyn ToSql));
    }
    let limit = filter.limit.map_or(-1, i64::from);
    values.push(&limit);
    let sql = format!(
        "SELECT {} FROM {FROM} WHERE {} ORDER BY r.nr DESC LIMIT ?",
        columns(),
        conditions.join(" AND ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(values.as_slice(), stand)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The one of this number, if there is one.
pub(super) fn numbered(connection: &Connection, nr: i64) -> Result<Option<Stand>, Trouble> {
    let sql = format!("SELECT {} FROM {FROM} WHERE r.nr = ?1", columns());
    Ok(connection.prepare_cached(&sql)?.query_row([nr], stand).optional()?)
}

pub(super) fn one(connection: &Connection, id: RegistreringId) -> Result<Option<Sag>, Trouble> {
    let sql = format!(
        "SELECT {}, r.nr, i.json,
             (SELECT c.registrering_id FROM registrering c WHERE c.retter = r.nr),
             n.at, n.who, n.why, q.kvittering_id, q.indlaest
         FROM {FROM} JOIN indhold i ON i.registrering = r.nr
             LEFT JOIN annullering n ON n.registrering = r.nr
             LEFT JOIN forretningskvittering q ON q.nr = r.kvittering
         WHERE r.registrering_id = ?1",
        columns()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([Key(id.0)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let stand = stand(row)?;
    let nr: i64 = row.get(11)?;
    let json: String = row.get(12)?;
    let annulleret = match row.get::<_, Option<Time>>(14)? {
        Some(at) => Some((at.0, By { who: row.get(15)?, why: row.get(16)? })),
        None => None,
    };
    let besvaret = match row.get::<_, Option<Key>>(17)? {
        Some(id) => Some((KvitteringId(id.0), row.get::<_, Time>(18)?.0)),
        None => None,
    };
    Ok(Some(Sag {
        besvaret,
        registrering: content(&json, 12)?,
        sent: sent(connection, nr)?,
        rettet_af: row.get::<_, Option<Key>>(13)?.map(|id| RegistreringId(id.0)),
        annulleret,
        waits_for: if stand.waits { waits_for(connection, nr)? } else { None },
        afvigelser: afvigelser(connection, id)?,
        stand,
    }))
}

/// By its newest transfer, and the cancelled ones of its municipality before that: a registration
/// that was given back leaves again.
fn sent(connection: &Connection, registrering: i64) -> Result<Vec<Sent>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT o.overfoersel_id, o.dannet, t.id, t.state, f.nr - o.foer, f.sekvens,
             (SELECT max(e.at) FROM event e WHERE e.transfer = t.nr AND e.to_state = 'published')
         FROM registrering r JOIN overfoersel o ON o.kommunekode = r.kommunekode
                 AND o.fagsystem = r.fagsystem AND (o.nr = r.overfoersel OR o.opgivet IS NOT NULL)
             JOIN transfer t ON t.nr = o.outbound
             JOIN forsendelse f ON f.nr > o.foer AND f.nr <= o.foer + o.antal_registreringer
                 AND f.registrering = r.nr
         WHERE r.nr = ?1 ORDER BY o.nr",
    )?;
    let rows = statement.query_map([registrering], |row| {
        Ok(Sent {
            overfoersel_id: OverfoerselId(row.get::<_, Key>(0)?.0),
            dannet: row.get::<_, Time>(1)?.0,
            outbound: row.get::<_, Id>(2)?.0,
            state: row.get(3)?,
            loebenummer: row.get(4)?,
            sekvens: row.get(5)?,
            delivered: row.get::<_, Option<Time>>(6)?.map(|at| at.0),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The first open one of its konto.
fn waits_for(
    connection: &Connection,
    registrering: i64,
) -> Result<Option<RegistreringId>, Trouble> {
    let id: Option<Key> = connection
        .prepare_cached(
            "SELECT e.registrering_id
             FROM registrering r JOIN registrering e INDEXED BY registrering_aaben
                 ON e.konto = r.konto AND e.tilstand IN ('modtaget', 'afvist')
             WHERE r.nr = ?1 ORDER BY e.plads, e.nr LIMIT 1",
        )?
        .query_row([registrering], |row| row.get(0))
        .optional()?;
    Ok(id.map(|id| RegistreringId(id.0)))
}

fn afvigelser(connection: &Connection, id: RegistreringId) -> Result<Vec<Afvigelse>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT k.kvittering_id, k.indlaest, v.aarsag
         FROM afvigelse v JOIN forretningskvittering k ON k.nr = v.kvittering
         WHERE v.registrering_id = ?1 ORDER BY v.nr",
    )?;
    let rows = statement.query_map([Key(id.0)], |row| {
        Ok(Afvigelse {
            kvittering_id: KvitteringId(row.get::<_, Key>(0)?.0),
            indlaest: row.get::<_, Time>(1)?.0,
            aarsag: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn unanswered(connection: &Connection) -> Result<Vec<Unanswered>, Trouble> {
    let sql = format!(
        "SELECT t.id, o.overfoersel_id, o.debitorsystem, o.antal_registreringer, o.antal_besvaret
         FROM overfoersel o JOIN transfer t ON t.nr = o.outbound
         WHERE o.antal_besvaret < o.antal_registreringer AND o.opgivet IS NULL
             AND t.state IN {DELIVERED}
         ORDER BY o.nr"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut unanswered = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get::<_, Id>(0)?.0;
        let outbound = transfers::one(connection, id)?
            .ok_or_else(|| StoreError::Visitor("a transfer without its row".into()))?;
        unanswered.push(Unanswered {
            overfoersel_id: OverfoerselId(row.get::<_, Key>(1)?.0),
            debitorsystem: row.get(2)?,
            antal: row.get(3)?,
            besvaret: row.get(4)?,
            since: outbound.changed_at,
            outbound,
        });
    }
    Ok(unanswered)
}

pub(super) fn deviating(connection: &Connection, since: Moment) -> Result<Vec<Deviating>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT k.kvittering_id, o.kommunekode, k.indlaest, k.antal_modsagt, k.antal_ukendt, t.id
         FROM forretningskvittering k JOIN overfoersel o ON o.nr = k.overfoersel
             JOIN transfer t ON t.nr = k.inbound
         WHERE k.antal_modsagt + k.antal_ukendt > 0 AND k.indlaest >= ?1 ORDER BY k.nr",
    )?;
    let rows = statement.query_map([Time(since)], |row| {
        Ok(Deviating {
            kvittering_id: KvitteringId(row.get::<_, Key>(0)?.0),
            kommunekode: row.get(1)?,
            indlaest: row.get::<_, Time>(2)?.0,
            modsagt: row.get(3)?,
            ukendt: row.get(4)?,
            inbound: row.get::<_, Id>(5)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn standing(connection: &Connection) -> Result<Vec<Standing>, Trouble> {
    // By transfer first: there are few of them.
    let sql = format!(
        "SELECT g.kommunekode, f.navn,
             CASE WHEN g.overfoersel IS NULL THEN g.tilstand
                 WHEN t.state IN {DELIVERED} THEN 'afventer-kvittering'
                 ELSE 'i-overfoersel' END AS tilstand,
             sum(g.antal), min(g.modtaget)
         FROM (SELECT kommunekode, fagsystem, tilstand,
                   CASE tilstand WHEN 'modtaget' THEN overfoersel END AS overfoersel,
                   count(*) AS antal, min(modtaget) AS modtaget
               FROM registrering GROUP BY 1, 2, 3, 4) g
             JOIN fagsystem f ON f.nr = g.fagsystem
             LEFT JOIN overfoersel o ON o.nr = g.overfoersel
             LEFT JOIN transfer t ON t.nr = o.outbound
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| {
        Ok(Standing {
            kommunekode: row.get(0)?,
            fagsystem: row.get(1)?,
            tilstand: row.get(2)?,
            antal: row.get(3)?,
            oldest: row.get::<_, Time>(4)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn rejections(connection: &Connection) -> Result<Vec<Rejections>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT r.kommunekode, a.aarsag, count(*), min(r.modtaget)
         FROM registrering r JOIN afvisning a ON a.registrering = r.nr
         WHERE r.tilstand = 'afvist' GROUP BY 1, 2 ORDER BY 1, 2",
    )?;
    let rows = statement.query_map(params![], |row| {
        Ok(Rejections {
            kommunekode: row.get(0)?,
            aarsag: row.get(1)?,
            antal: row.get(2)?,
            oldest: row.get::<_, Time>(3)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
