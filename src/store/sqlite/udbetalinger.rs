//! Taking in payout reports: staged in a temporary table of this connection alone, matched there,
//! then applied by a handful of statements. The write lock is held from the matching on.

use super::error::Trouble;
use super::rows::{Day, Id, Time};
use super::transfers::{self, New, add, advance};
use crate::crash::{self, Point};
use crate::domain::{
    AftaleId, Beloeb, ForespoergselId, Indberetning, Objection, Rettelse, Udbetaling, Udfald,
};
use crate::fault::{Class, Code};
use crate::store::{
    Indberettet, Indlaesning, Indlaest, MatchBy, Matched, Moment, Problem, Ready, SettleOrder,
    Settled, Step, StoreError, Transfer,
};
use crate::transfer::state::{Direction, Event, State};
use rusqlite::{Connection, OptionalExtension, Statement, Transaction, params};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Checks and foreign keys are met where the rows enter `indberetning`.
const STAGE: &str = "
    CREATE TEMPORARY TABLE staged (
        nr INTEGER PRIMARY KEY, aftale_id TEXT NOT NULL, cpr TEXT NOT NULL,
        beloeb INTEGER NOT NULL, udbetalingsdato TEXT NOT NULL, aarsag TEXT NOT NULL
    ) STRICT;
    CREATE TEMPORARY TABLE matched (
        nr INTEGER PRIMARY KEY, forventning INTEGER NOT NULL, forventet INTEGER NOT NULL,
        agrees INTEGER NOT NULL
    ) STRICT;
    CREATE TEMPORARY TABLE objection (
        nr INTEGER PRIMARY KEY, twice INTEGER NOT NULL
    ) STRICT;";

const UNSTAGE: &str = "DROP TABLE objection; DROP TABLE matched; DROP TABLE staged";

/// The expectations of one request that indberetninger speak of. One that an earlier request has
/// taken stays with it.
const MATCH: &str = "
    INSERT OR IGNORE INTO matched (nr, forventning, forventet, agrees)
    SELECT s.nr, f.nr, a.beloeb, s.cpr = a.cpr
    FROM forventning f CROSS JOIN aftale a ON a.nr = f.aftale
        CROSS JOIN staged s ON s.aftale_id = a.aftale_id
    WHERE f.nr > ?1 AND f.nr <= ?2";

/// An agreement that nobody asked about must be its person's too.
const ANOTHER_CPR: &str = "
    INSERT INTO objection (nr, twice)
    SELECT nr, 0 FROM matched WHERE NOT agrees
    UNION ALL
    SELECT s.nr, 0 FROM staged s JOIN aftale a ON a.aftale_id = s.aftale_id
    WHERE a.erstattet IS NULL AND a.cpr <> s.cpr
        AND NOT EXISTS (SELECT 1 FROM matched m WHERE m.nr = s.nr)";

/// Each with the others of its agreement, day and sign: a file may hold any number of them.
const TWICE: &str = "
    INSERT OR REPLACE INTO objection (nr, twice)
    SELECT nr, 1 FROM (
        SELECT nr, count(*) OVER (PARTITION BY aftale_id, udbetalingsdato, beloeb < 0) AS times
        FROM staged
        WHERE aftale_id IN (SELECT aftale_id FROM staged GROUP BY aftale_id HAVING count(*) > 1))
    WHERE times > 1";

const INDBERETNINGER: &str = "
    INSERT INTO indberetning (nr, forventning, aftale_id, cpr, beloeb, udbetalingsdato, aarsag)
    SELECT ?1 + s.nr, m.forventning, s.aftale_id, s.cpr, s.beloeb, s.udbetalingsdato, s.aarsag
    FROM staged s LEFT JOIN matched m ON m.nr = s.nr ORDER BY s.nr";

/// What a report does where there was one before. `?2` = every amount is added.
const CORRECT: &str = "DO UPDATE SET
    modtaget = CASE WHEN excluded.tilbagefoert OR ?2
        THEN modtaget + excluded.modtaget ELSE excluded.modtaget END,
    tilbagefoert = excluded.tilbagefoert OR (?2 AND tilbagefoert),
    aarsag = excluded.aarsag, sidste = excluded.sidste, antal_rapporter = antal_rapporter + 1";

/// With one max(), and no other, the columns beside it are those of the row that has it: the
/// report's last word.
const INDFRIELSER: &str = "
    INSERT INTO indfrielse (forventning, forventet, modtaget, tilbagefoert, aarsag, sidste)
    SELECT m.forventning, m.forventet, sum(s.beloeb), sum(s.beloeb < 0) > 0, s.aarsag,
        ?1 + max(s.nr)
    FROM matched m JOIN staged s ON s.nr = m.nr GROUP BY m.forventning
    ON CONFLICT (forventning)";

const UVENTEDE: &str = "
    INSERT INTO uventet (udbetalingsperiode, kommunekode, dispositionsdato, aftale_id, cpr,
        modtaget, tilbagefoert, aarsag, sidste)
    SELECT ?3, ?4, ?5, s.aftale_id, s.cpr, sum(s.beloeb), sum(s.beloeb < 0) > 0, s.aarsag,
        ?1 + max(s.nr)
    FROM staged s WHERE NOT EXISTS (SELECT 1 FROM matched m WHERE m.nr = s.nr)
    GROUP BY s.aftale_id
    ON CONFLICT (udbetalingsperiode, kommunekode, dispositionsdato, aftale_id)";

/// See [`Indlaesning`].
pub(super) struct Intake<'a> {
    stage: Option<Statement<'a>>,
    /// What the matching has found.
    ready: Ready,
    // After `stage`: dropping it rolls back, and takes the temporary tables with it.
    transaction: Transaction<'a>,
    place: &'a str,
}

impl<'a> Intake<'a> {
    pub(super) fn begin(connection: &'a Connection, place: &'a str) -> Result<Self, Trouble> {
        // Deferred: it locks nothing until it is matched.
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(STAGE)?;
        let stage = connection.prepare(
            "INSERT INTO staged (nr, aftale_id, cpr, beloeb, udbetalingsdato, aarsag)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        Ok(Self { stage: Some(stage), ready: Ready::default(), transaction, place })
    }

    fn matched(
        &mut self,
        udbetaling: &Udbetaling,
        by: MatchBy,
        limit: usize,
    ) -> Result<Matched, Trouble> {
        let connection = &self.transaction;
        self.stage = None;
        super::lock(connection)?;
        if let Some(known) = brought_by(connection, udbetaling.udbetaling_id)? {
            return Ok(Matched::Known(Box::new(known)));
        }
        let asked = match (by, udbetaling.forespoergsel_id) {
            (MatchBy::Request, Some(id)) => match one_request(connection, udbetaling, id)? {
                Ok(asked) => vec![asked],
                Err(refused) => return Ok(refused),
            },
            _ => requests(connection, udbetaling)?,
        };
        connection.execute_batch("CREATE INDEX temp.staged_by_id ON staged (aftale_id)")?;
        for (foer, sidste) in asked {
            connection.execute(MATCH, [foer, sidste])?;
        }
        connection.execute(ANOTHER_CPR, [])?;
        connection.execute(TWICE, [])?;
        self.ready = ready(connection, limit)?;
        Ok(Matched::Ready(self.ready.clone()))
    }
}

impl Indlaesning for Intake<'_> {
    fn put(&mut self, indberetning: &Indberetning) -> Result<(), StoreError> {
        let Some(stage) = &mut self.stage else {
            unreachable!("nothing is put after the matching")
        };
        let values = params![
            indberetning.loebenummer,
            indberetning.aftale_id,
            indberetning.cpr,
            indberetning.tilbageholdt_beloeb,
            Day(indberetning.udbetalingsdato),
            indberetning.aarsag,
        ];
        match stage.execute(values) {
            Ok(_) => Ok(()),
            Err(error) => Err(Trouble::from(error).at(self.place)),
        }
    }

    fn match_up(
        &mut self,
        udbetaling: &Udbetaling,
        by: MatchBy,
        limit: usize,
    ) -> Result<Matched, StoreError> {
        self.matched(udbetaling, by, limit).map_err(|trouble| trouble.at(self.place))
    }

    fn settle(self: Box<Self>, order: &SettleOrder<'_>, at: Moment) -> Result<Settled, StoreError> {
        let Self { ready, transaction, place, .. } = *self;
        let settle = || {
            let settled = settle(&transaction, order, &ready, at)?;
            transaction.execute_batch(UNSTAGE)?;
            crash::reached(Point::StoreCommitting);
            transaction.commit()?;
            crash::reached(Point::StoreCommitted);
            Ok(settled)
        };
        settle().map_err(|trouble: Trouble| trouble.at(place))
    }
}

/// The transfer that brought a report of this name, if one was applied.
pub(super) fn brought_by(
    connection: &Connection,
    udbetaling_id: Uuid,
) -> Result<Option<Transfer>, Trouble> {
    let id: Option<Id> = connection
        .prepare_cached(
            "SELECT t.id FROM udbetaling u JOIN transfer t ON t.nr = u.inbound
             WHERE u.udbetaling_id = ?1",
        )?
        .query_row([Id(udbetaling_id)], |row| row.get(0))
        .optional()?;
    id.map_or(Ok(None), |id| transfers::one(connection, id.0))
}

/// The expectations of a request: those numbered from after the first to the second.
type Asked = (i64, i64);

/// The request that a report names, if it is of the same payout.
fn one_request(
    connection: &Connection,
    udbetaling: &Udbetaling,
    id: ForespoergselId,
) -> Result<Result<Asked, Matched>, Trouble> {
    let found = connection
        .prepare_cached(
            "SELECT foer, foer + antal_transaktioner,
                 kommunekode = ?2 AND udbetalingsperiode = ?3 AND dispositionsdato = ?4
             FROM forespoergsel WHERE forespoergsel_id = ?1",
        )?
        .query_row(
            params![
                id,
                udbetaling.kommunekode,
                udbetaling.udbetalingsperiode,
                Day(udbetaling.dispositionsdato)
            ],
            |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)),
        )
        .optional()?;
    Ok(match found {
        None => Err(Matched::RequestUnknown(id)),
        Some((_, false)) => Err(Matched::RequestDiffers(id)),
        Some((asked, true)) => Ok(asked),
    })
}

/// The municipality's requests of the report's month: those of its very payout first, newer ones
/// before older ones.
fn requests(connection: &Connection, udbetaling: &Udbetaling) -> Result<Vec<Asked>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT foer, foer + antal_transaktioner FROM forespoergsel
         WHERE kommunekode = ?1 AND udbetalingsperiode = ?2
         ORDER BY dispositionsdato = ?3 DESC, nr DESC",
    )?;
    let rows = statement.query_map(
        params![
            udbetaling.kommunekode,
            udbetaling.udbetalingsperiode,
            Day(udbetaling.dispositionsdato)
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes out what is objected to, and adds up the rest.
fn ready(connection: &Connection, limit: usize) -> Result<Ready, Trouble> {
    let mut statement =
        connection.prepare("SELECT nr, twice FROM objection ORDER BY nr LIMIT ?1")?;
    let objection = |twice| if twice { Objection::Twice } else { Objection::AnotherCpr };
    let objections = statement
        .query_map([limit], |row| Ok((row.get(0)?, objection(row.get(1)?))))?
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let refused =
        connection.execute("DELETE FROM staged WHERE nr IN (SELECT nr FROM objection)", [])?;
    connection.execute("DELETE FROM matched WHERE nr IN (SELECT nr FROM objection)", [])?;
    let (antal, sum, matched): (u32, Beloeb, u32) = connection.query_row(
        "SELECT count(*), coalesce(sum(beloeb), 0), (SELECT count(*) FROM matched) FROM staged",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let refused = u32::try_from(refused).unwrap_or(u32::MAX);
    Ok(Ready { antal, sum, uventede: antal - matched, refused, objections })
}

fn settle(
    connection: &Connection,
    order: &SettleOrder<'_>,
    ready: &Ready,
    at: Moment,
) -> Result<Settled, Trouble> {
    let SettleOrder { udbetaling, .. } = order;
    let Ready { antal, sum, uventede, .. } = *ready;
    let inbound = advance(connection, order.inbound, &accept(order), at)?;
    let outbound = match order.rapport {
        Some((place, _)) => {
            let new = New {
                direction: Direction::Outbound,
                flow: &order.inbound.flow,
                place,
                state: State::Queued,
                size: None,
                about: Some((*udbetaling).into()),
                node: inbound.node,
            };
            Some(add(connection, &new, at)?)
        }
        None => None,
    };
    let foer: i64 = connection
        .prepare_cached("SELECT coalesce(max(foer + antal_i_filen), 0) FROM udbetaling")?
        .query_row([], |row| row.get(0))?;
    connection
        .prepare_cached(
            "INSERT INTO udbetaling (udbetaling_id, kommunekode, dispositionsdato,
                 udbetalingsperiode, forespoergsel_id, indlaest, rettelse, foer, antal_i_filen,
                 antal_indberetninger, sum_beloeb, antal_afvist, inbound, rapport, outbound)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
                 max(?9 + ?11, (SELECT coalesce(max(nr), 0) FROM staged)), ?9, ?10, ?11,
                 (SELECT nr FROM transfer WHERE id = ?12), ?13, ?14)",
        )?
        .execute(params![
            Id(udbetaling.udbetaling_id),
            udbetaling.kommunekode,
            Day(udbetaling.dispositionsdato),
            udbetaling.udbetalingsperiode,
            udbetaling.forespoergsel_id,
            Time(at),
            order.rettelse,
            foer,
            antal,
            sum,
            order.afvist,
            Id(inbound.id),
            order.rapport.map(|(_, text)| text),
            outbound.as_ref().map(|(_, nr)| nr),
        ])?;
    apply(connection, order, foer)?;
    let indlaest = Indlaest {
        udbetaling: **udbetaling,
        antal,
        sum,
        uventede,
        afvist: order.afvist,
        udfald: outcomes(connection, foer)?,
    };
    Ok(Settled { indlaest, inbound, outbound: outbound.map(|(transfer, _)| transfer) })
}

fn accept(order: &SettleOrder<'_>) -> Step {
    let about = Some(order.udbetaling.into());
    let problem = (order.afvist > 0).then(|| Problem {
        class: Class::Reject,
        code: Code::RecordsRefused,
        text: format!(
            "{} of its records were refused, the others were applied; the sender is told by the \
             file that is owed: see that a corrected report comes",
            order.afvist
        ),
    });
    Step { problem, about, ..Step::plain(Event::Accept) }
}

/// Brings what is staged into the store.
fn apply(connection: &Connection, order: &SettleOrder<'_>, foer: i64) -> Result<(), Trouble> {
    let udbetaling = order.udbetaling;
    let adds = order.rettelse == Rettelse::LaeggerTil;
    connection.execute(INDBERETNINGER, [foer])?;
    connection.execute(&format!("{INDFRIELSER} {CORRECT}"), params![foer, adds])?;
    connection.execute(
        &format!("{UVENTEDE} {CORRECT}"),
        params![
            foer,
            adds,
            udbetaling.udbetalingsperiode,
            udbetaling.kommunekode,
            Day(udbetaling.dispositionsdato)
        ],
    )?;
    Ok(())
}

/// What has become of the expectations that the staged report speaks of, each by its last word.
fn outcomes(connection: &Connection, foer: i64) -> Result<Vec<(Udfald, u64)>, Trouble> {
    let counts = Udfald::ALL.map(|one| format!("coalesce(sum(i.udfald = '{one}'), 0)")).join(", ");
    let sql = format!(
        "SELECT {counts} FROM matched m
             JOIN indfrielse i ON i.forventning = m.forventning AND i.sidste = ?1 + m.nr"
    );
    Ok(connection.query_row(&sql, [foer], |row| {
        let counted = Udfald::ALL.into_iter().enumerate();
        let counted = counted.map(|(at, udfald)| Ok((udfald, row.get(at)?)));
        let counted = counted.filter(|one| !matches!(one, Ok((_, 0))));
        counted.collect::<rusqlite::Result<_>>()
    })?)
}

/// What is to be told of the refused records of a report, by the transfer that tells it.
pub(super) fn rapport(connection: &Connection, outbound: Uuid) -> Result<Option<String>, Trouble> {
    Ok(connection
        .prepare_cached(
            "SELECT u.rapport FROM udbetaling u JOIN transfer t ON t.nr = u.outbound
             WHERE t.id = ?1",
        )?
        .query_row([Id(outbound)], |row| row.get(0))
        .optional()?
        .flatten())
}

/// A scan, as [`super::aftaler::markings`] is: it is asked for by hand, now and then.
pub(super) fn indberettet(
    connection: &Connection,
    id: &AftaleId,
) -> Result<Vec<Indberettet>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT u.udbetaling_id, u.indlaest, i.nr - u.foer, i.beloeb, i.aarsag, t.id,
             (SELECT r.forespoergsel_id FROM forespoergsel r WHERE r.foer < i.forventning
              ORDER BY r.foer DESC, r.antal_transaktioner DESC LIMIT 1)
         FROM indberetning i
             JOIN udbetaling u ON i.nr > u.foer AND i.nr <= u.foer + u.antal_i_filen
             JOIN transfer t ON t.nr = u.inbound
         WHERE i.aftale_id = ?1 ORDER BY i.nr",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok(Indberettet {
            udbetaling_id: row.get::<_, Id>(0)?.0,
            at: row.get::<_, Time>(1)?.0,
            loebenummer: row.get(2)?,
            beloeb: row.get(3)?,
            aarsag: row.get(4)?,
            inbound: row.get::<_, Id>(5)?.0,
            forespoergsel_id: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
