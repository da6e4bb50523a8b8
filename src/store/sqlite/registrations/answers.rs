//! Taking in kvitteringer: staged in a temporary table of this connection alone, held against what
//! was sent, then applied by a handful of statements. What contradicts an earlier answer changes
//! nothing and is kept.

use super::{RELEASE, TOUCHED};
use crate::crash::{self, Point};
use crate::domain::debitor::{Kvittering, RegistreringId, Registreringssvar};
use crate::fault::{Class, Code};
use crate::store::sqlite::error::Trouble;
use crate::store::sqlite::journal;
use crate::store::sqlite::rows::{Id, Key, Time};
use crate::store::sqlite::transfers::{self, advance};
use crate::store::{
    Answered, Answers, AnswersOrder, By, Kvitteret, Moment, Note, Problem, Step, StoreError,
    Tilstand, Transfer,
};
use crate::transfer::state::Event;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

const STAGE: &str = "
    CREATE TEMPORARY TABLE svar (
        nr INTEGER PRIMARY KEY, registrering_id BLOB NOT NULL, aarsag TEXT, tekst TEXT,
        restance INTEGER
    ) STRICT;
    CREATE TEMPORARY TABLE met (
        nr INTEGER PRIMARY KEY, registrering INTEGER NOT NULL, fresh INTEGER NOT NULL,
        same INTEGER NOT NULL
    ) STRICT;";

const UNSTAGE: &str =
    "DROP TABLE temp.met; DROP TABLE temp.svar; DROP TABLE IF EXISTS temp.touched";

/// Takes the write lock and changes nothing: what is matched must not change before it is applied.
const LOCK: &str = "UPDATE store SET only = 1 WHERE only = 0";

/// Each answer with what is known of its registration, as long as the transfer has it. The first
/// answer counts; any other is held against it.
const MATCH: &str = "
    INSERT INTO met (nr, registrering, fresh, same)
    SELECT s.nr, r.nr, r.tilstand = 'modtaget'
            AND row_number() OVER (PARTITION BY r.nr ORDER BY s.nr) = 1,
        CASE WHEN r.tilstand = 'modtaget'
            THEN s.aarsag IS first_value(s.aarsag) OVER (PARTITION BY r.nr ORDER BY s.nr)
            WHEN r.tilstand = 'accepteret' THEN s.aarsag IS NULL
            ELSE s.aarsag IS NOT NULL AND s.aarsag IS a.aarsag END
    FROM svar s JOIN registrering r ON r.registrering_id = s.registrering_id
        LEFT JOIN afvisning a ON a.registrering = r.nr
    WHERE r.nr IN (SELECT registrering FROM forsendelse WHERE nr > ?1 AND nr <= ?2)";

const APPLY: &str = "
    UPDATE registrering
    SET klar = 0, kvittering = ?1,
        tilstand = CASE WHEN s.aarsag IS NULL THEN 'accepteret' ELSE 'afvist' END
    FROM met m JOIN svar s ON s.nr = m.nr
    WHERE m.fresh = 1 AND registrering.nr = m.registrering";

const REJECT: &str = "
    INSERT INTO afvisning (registrering, aarsag, tekst, restance)
    SELECT m.registrering, s.aarsag, s.tekst, s.restance
    FROM met m JOIN svar s ON s.nr = m.nr WHERE m.fresh = 1 AND s.aarsag IS NOT NULL";

const COUNT_ACCEPTED: &str = "
    UPDATE afsenderkonto SET antal_accepteret = antal_accepteret + n.antal
    FROM (SELECT r.konto, count(*) AS antal
          FROM met m JOIN svar s ON s.nr = m.nr JOIN registrering r ON r.nr = m.registrering
          WHERE m.fresh = 1 AND s.aarsag IS NULL GROUP BY r.konto) n
    WHERE afsenderkonto.nr = n.konto";

const TOUCH: &str = "
    INSERT OR IGNORE INTO touched
    SELECT r.konto FROM met m JOIN registrering r ON r.nr = m.registrering WHERE m.fresh = 1";

/// What is to be looked at: contradictions, and what was not asked.
const DEVIATIONS: &str = "
    INSERT INTO afvigelse (kvittering, registrering_id, art, aarsag, tekst)
    SELECT ?1, s.registrering_id, CASE WHEN m.nr IS NULL THEN 'ukendt' ELSE 'modsagt' END,
        s.aarsag, s.tekst
    FROM svar s LEFT JOIN met m ON m.nr = s.nr
    WHERE m.nr IS NULL OR (m.fresh = 0 AND m.same = 0) ORDER BY s.nr";

/// See [`Answers`].
pub(super) struct Intake<'a> {
    // Dropping it rolls back, and takes the temporary tables with it.
    transaction: Transaction<'a>,
    place: &'a str,
}

/// The transfer that a kvittering answers.
struct Asked {
    nr: i64,
    foer: i64,
    antal: i64,
}

impl<'a> Intake<'a> {
    pub(super) fn begin(connection: &'a Connection, place: &'a str) -> Result<Self, Trouble> {
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(STAGE)?;
        Ok(Self { transaction, place })
    }
}

impl Answers for Intake<'_> {
    fn put(&mut self, svar: &Registreringssvar) -> Result<(), StoreError> {
        let afvisning = svar.afvisning.as_ref();
        let put = || -> Result<_, Trouble> {
            self.transaction
                .prepare_cached(
                    "INSERT INTO svar (registrering_id, aarsag, tekst, restance)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    Key(svar.registrering_id.0),
                    afvisning.map(|afvisning| afvisning.aarsag),
                    afvisning.and_then(|afvisning| Some(afvisning.tekst.as_ref()?.as_str())),
                    afvisning.and_then(|afvisning| afvisning.restance),
                ])?;
            Ok(())
        };
        put().map_err(|trouble| trouble.at(self.place))
    }

    fn settle(
        self: Box<Self>,
        order: &AnswersOrder<'_>,
        at: Moment,
    ) -> Result<Answered, StoreError> {
        let Self { transaction, place } = *self;
        let settle = || {
            transaction.execute(LOCK, [])?;
            if let Some(earlier) = brought_by(&transaction, order.kvittering)? {
                return Ok(Answered::Known(Box::new(earlier)));
            }
            let asked = match asked(&transaction, order.kvittering)? {
                Ok(asked) => asked,
                Err(refused) => return Ok(refused),
            };
            let settled = apply(&transaction, order, &asked, at)?;
            transaction.execute_batch(UNSTAGE)?;
            crash::reached(Point::StoreCommitting);
            transaction.commit()?;
            crash::reached(Point::StoreCommitted);
            Ok(Answered::New(Box::new(settled)))
        };
        settle().map_err(|trouble: Trouble| trouble.at(place))
    }
}

/// The transfer that brought a kvittering of this name, if one was applied.
fn brought_by(
    connection: &Connection,
    kvittering: &Kvittering,
) -> Result<Option<Transfer>, Trouble> {
    let id: Option<Id> = connection
        .prepare_cached(
            "SELECT t.id FROM forretningskvittering k JOIN transfer t ON t.nr = k.inbound
             WHERE k.kvittering_id = ?1",
        )?
        .query_row([Key(kvittering.kvittering_id.0)], |row| row.get(0))
        .optional()?;
    id.map_or(Ok(None), |id| transfers::one(connection, id.0))
}

fn asked(
    connection: &Connection,
    kvittering: &Kvittering,
) -> Result<Result<Asked, Answered>, Trouble> {
    let found = connection
        .prepare_cached(
            "SELECT o.nr, o.foer, o.antal_registreringer, o.kommunekode = ?2 AND f.navn = ?3
             FROM overfoersel o JOIN fagsystem f ON f.nr = o.fagsystem WHERE o.overfoersel_id = ?1",
        )?
        .query_row(
            params![Key(kvittering.overfoersel_id.0), kvittering.kommunekode, kvittering.fagsystem],
            |row| {
                let asked = Asked { nr: row.get(0)?, foer: row.get(1)?, antal: row.get(2)? };
                Ok((asked, row.get(3)?))
            },
        )
        .optional()?;
    Ok(match found {
        None => Err(Answered::Unknown),
        Some((_, false)) => Err(Answered::Differs),
        Some((asked, true)) => Ok(asked),
    })
}

fn apply(
    connection: &Connection,
    order: &AnswersOrder<'_>,
    asked: &Asked,
    at: Moment,
) -> Result<(Kvitteret, Transfer), Trouble> {
    let kvittering = order.kvittering;
    connection.execute(MATCH, [asked.foer, asked.foer + asked.antal])?;
    let mut kvitteret = counted(connection, kvittering)?;
    let step = accept(&kvitteret);
    let inbound = advance(connection, order.inbound, &step, at)?;
    let nr = connection
        .prepare_cached(
            "INSERT INTO forretningskvittering (kvittering_id, overfoersel, dannet, indlaest,
                 antal_accepteret, antal_afvist, antal_gentaget, antal_modsagt, antal_ukendt,
                 inbound)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
                 (SELECT nr FROM transfer WHERE id = ?10))",
        )?
        .insert(params![
            Key(kvittering.kvittering_id.0),
            asked.nr,
            Time(kvittering.dannet),
            Time(at),
            kvitteret.accepteret,
            kvitteret.afvist,
            kvitteret.gentaget,
            kvitteret.modsagt,
            kvitteret.ukendt,
            Id(inbound.id),
        ])?;
    connection.execute_batch(TOUCHED)?;
    connection.execute(TOUCH, [])?;
    connection.execute(COUNT_ACCEPTED, [])?;
    connection.execute(APPLY, [nr])?;
    connection.execute(REJECT, [])?;
    connection.execute(DEVIATIONS, [nr])?;
    connection.execute(RELEASE, [])?;
    kvitteret.mangler = connection
        .prepare_cached(
            "UPDATE overfoersel SET antal_besvaret = antal_besvaret + ?2 WHERE nr = ?1
             RETURNING antal_registreringer - antal_besvaret",
        )?
        .query_row(params![asked.nr, kvitteret.accepteret + kvitteret.afvist], |row| row.get(0))?;
    Ok((kvitteret, inbound))
}

fn counted(connection: &Connection, kvittering: &Kvittering) -> Result<Kvitteret, Trouble> {
    let kvitteret = connection
        .prepare_cached(
            "SELECT count(*) FILTER (WHERE m.fresh = 1 AND s.aarsag IS NULL),
                 count(*) FILTER (WHERE m.fresh = 1 AND s.aarsag IS NOT NULL),
                 count(*) FILTER (WHERE m.fresh = 0 AND m.same = 1),
                 count(*) FILTER (WHERE m.fresh = 0 AND m.same = 0),
                 count(*) FILTER (WHERE m.nr IS NULL)
             FROM svar s LEFT JOIN met m ON m.nr = s.nr",
        )?
        .query_row([], |row| {
            Ok(Kvitteret {
                kvittering: kvittering.clone(),
                accepteret: row.get(0)?,
                afvist: row.get(1)?,
                gentaget: row.get(2)?,
                modsagt: row.get(3)?,
                ukendt: row.get(4)?,
                mangler: 0,
            })
        })?;
    Ok(kvitteret)
}

fn accept(kvitteret: &Kvitteret) -> Step {
    let Kvitteret { kvittering, modsagt, ukendt, .. } = kvitteret;
    let problem = (modsagt + ukendt > 0).then(|| Problem {
        class: Class::Operator,
        code: Code::KvitteringDeviates,
        text: format!(
            "{modsagt} of its answers contradict earlier ones and {ukendt} are about what was not \
             in the transfer: they changed nothing; ask the debitorsystem which answers hold \
             (`modregn debitor list --afvigelser`)"
        ),
    });
    Step { problem, about: Some(kvittering.into()), ..Step::plain(Event::Accept) }
}

pub(super) fn annul(
    connection: &Connection,
    id: RegistreringId,
    by: &By,
    at: Moment,
) -> Result<Option<Tilstand>, Trouble> {
    let found: Option<(i64, i64, String)> = connection
        .prepare_cached(
            "SELECT nr, konto, tilstand FROM registrering
             WHERE registrering_id = ?1
                 AND (tilstand = 'afvist' OR (tilstand = 'modtaget' AND overfoersel IS NULL))",
        )?
        .query_row([Key(id.0)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((nr, konto, tilstand)) = found else { return Ok(None) };
    connection
        .execute("UPDATE registrering SET klar = 0, tilstand = 'annulleret' WHERE nr = ?1", [nr])?;
    connection.execute(
        "INSERT INTO annullering (registrering, at, who, why) VALUES (?1, ?2, ?3, ?4)",
        params![nr, Time(at), by.who, by.why],
    )?;
    connection.execute_batch(TOUCHED)?;
    connection.execute("DELETE FROM touched", [])?;
    connection.execute("INSERT INTO touched VALUES (?1)", [konto])?;
    connection.execute(RELEASE, [])?;
    let subject = format!("registrering {id}");
    let note = Note { subject: &subject, what: "annul", problem: None, by: Some(by) };
    journal::note(connection, &note, at)?;
    Ok(Tilstand::from_word(&tilstand))
}
