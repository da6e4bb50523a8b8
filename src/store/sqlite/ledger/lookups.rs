//! What the rules of the ledger ask it, each by a statement that is prepared once a transfer.

use crate::domain::debitor::ledger::{
    Art, Fordringsstand, Kontostand, Lookup, Nr, Periode, Posteringsstand,
};
use crate::domain::debitor::operation::Afsluttes;
use crate::domain::debitor::{Afslutning, DebitorkontoId, IndbetalingId};
use crate::domain::{Beloeb, DelfordringId, FordringId};
use crate::store::sqlite::rows::{Day, Key};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

/// The look-ups of one fagsystem's transfer.
pub(super) struct Lookups<'a> {
    connection: &'a Connection,
    ejer: Nr,
    konto: Statement<'a>,
    fordring: Statement<'a>,
    delfordring: Statement<'a>,
    postering: Statement<'a>,
}

impl<'a> Lookups<'a> {
    pub(super) fn prepare(connection: &'a Connection, ejer: Nr) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            ejer,
            konto: connection.prepare(
                "SELECT nr, ejer = ?2, kommunekode, sekvens FROM debitorkonto
                 WHERE debitorkonto_id = ?1",
            )?,
            fordring: connection
                .prepare("SELECT nr, konto FROM fordring WHERE ejer = ?1 AND fordring_id = ?2")?,
            delfordring: connection.prepare(
                "SELECT restance FROM delfordring WHERE fordring = ?1 AND delfordring_id = ?2",
            )?,
            postering: connection.prepare(
                "SELECT p.nr, p.nedregulering, p.tilbagefoerer IS NOT NULL, p.fordring,
                     p.delfordring_id, p.beloeb,
                     EXISTS (SELECT 1 FROM postering t WHERE t.tilbagefoerer = p.nr)
                 FROM postering p WHERE p.indbetaling_id = ?1",
            )?,
        })
    }
}

/// The table of what an Afslut… operation ends.
pub(super) const fn table(hvad: Afsluttes) -> &'static str {
    match hvad {
        Afsluttes::Haeftelse => "haeftelse",
        Afsluttes::Adresse => "adresse",
        Afsluttes::Materialeabonnement => "materialeabonnement",
    }
}

fn postering(row: &Row<'_>) -> rusqlite::Result<Posteringsstand> {
    let art = match (row.get(1)?, row.get(2)?) {
        (true, _) => Art::Nedregulering,
        (false, true) => Art::Tilbagefoersel,
        (false, false) => Art::Indbetaling,
    };
    Ok(Posteringsstand {
        nr: row.get(0)?,
        art,
        fordring: row.get(3)?,
        delfordring_id: row.get(4)?,
        beloeb: row.get(5)?,
        tilbagefoert: row.get(6)?,
    })
}

impl Lookup for Lookups<'_> {
    type Error = rusqlite::Error;

    fn konto(&mut self, id: DebitorkontoId) -> rusqlite::Result<Option<Kontostand>> {
        let konto = |row: &Row<'_>| {
            Ok(Kontostand {
                nr: row.get(0)?,
                egen: row.get(1)?,
                kommunekode: row.get(2)?,
                sekvens: row.get(3)?,
            })
        };
        self.konto.query_row(params![Key(id.0), self.ejer], konto).optional()
    }

    fn fordring(&mut self, id: &FordringId) -> rusqlite::Result<Option<Fordringsstand>> {
        let fordring = |row: &Row<'_>| Ok(Fordringsstand { nr: row.get(0)?, konto: row.get(1)? });
        self.fordring.query_row(params![self.ejer, id], fordring).optional()
    }

    fn delfordring(
        &mut self,
        fordring: Nr,
        id: &DelfordringId,
    ) -> rusqlite::Result<Option<Beloeb>> {
        self.delfordring.query_row(params![fordring, id], |row| row.get(0)).optional()
    }

    fn restance(&mut self, fordring: Nr) -> rusqlite::Result<Beloeb> {
        self.connection
            .prepare_cached("SELECT sum(restance) FROM delfordring WHERE fordring = ?1")?
            .query_row([fordring], |row| row.get(0))
    }

    fn postering(&mut self, id: IndbetalingId) -> rusqlite::Result<Option<Posteringsstand>> {
        self.postering.query_row([Key(id.0)], postering).optional()
    }

    fn perioder(
        &mut self,
        konto: Nr,
        hvad: Afsluttes,
        afslutning: &Afslutning,
    ) -> rusqlite::Result<Vec<Periode>> {
        let type_matches = match hvad {
            Afsluttes::Materialeabonnement => "materialetype = ?4",
            Afsluttes::Haeftelse | Afsluttes::Adresse => "?4 IS NULL",
        };
        let sql = format!(
            "SELECT nr, gyldig_fra, gyldig_til FROM {}
             WHERE konto = ?1 AND rolle = ?2 AND part = ?3 AND {type_matches}",
            table(hvad)
        );
        let Afslutning { rolle, part, materialetype, .. } = afslutning;
        let mut statement = self.connection.prepare_cached(&sql)?;
        let periode = |row: &Row<'_>| {
            Ok(Periode {
                nr: row.get(0)?,
                gyldig_fra: row.get::<_, Day>(1)?.0,
                gyldig_til: row.get::<_, Option<Day>>(2)?.map(|day| day.0),
            })
        };
        statement.query_map(params![konto, rolle, part, materialetype], periode)?.collect()
    }
}
