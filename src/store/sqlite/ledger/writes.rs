//! What an accepted registration writes, each row by a statement that is prepared once a transfer.

use super::lookups::table;
use crate::domain::debitor::ledger::{Art, Booking, Nr};
use crate::domain::debitor::operation::Afsluttes;
use crate::domain::debitor::{
    Debitorkonto, Debitorregistrering, Fordring, Fordringstilstand, Indbetaling, Operation,
};
use crate::domain::text::Tekst;
use crate::store::sqlite::rows::{Day, Key};
use chrono::NaiveDate;
use rusqlite::{Connection, Statement, params};

/// The writes of one fagsystem's transfer.
pub(super) struct Writes<'a> {
    connection: &'a Connection,
    ejer: Nr,
    konto: Statement<'a>,
    haeftelse: Statement<'a>,
    adresse: Statement<'a>,
    materialeabonnement: Statement<'a>,
    fordring: Statement<'a>,
    delfordring: Statement<'a>,
    postering: Statement<'a>,
    betal: Statement<'a>,
    sekvens: Statement<'a>,
}

impl<'a> Writes<'a> {
    pub(super) fn prepare(connection: &'a Connection, ejer: Nr) -> rusqlite::Result<Self> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            connection,
            ejer,
            konto: prepare(
                "INSERT INTO debitorkonto
                     (nr, debitorkonto_id, kommunekode, ejer, debitorkontotype, betegnelse)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            haeftelse: prepare(
                "INSERT INTO haeftelse (konto, nr, rolle, part, gyldig_fra, gyldig_til)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            adresse: prepare(
                "INSERT INTO adresse (konto, nr, rolle, part, gyldig_fra, gyldig_til, vej,
                     postnummer, \"by\", land)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?,
            materialeabonnement: prepare(
                "INSERT INTO materialeabonnement (konto, nr, rolle, part, gyldig_fra, gyldig_til,
                     materialetype)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            fordring: prepare(
                "INSERT INTO fordring (ejer, fordring_id, konto, kravtype, hovedstol, periode_fra,
                     periode_til, forfaldsdato, fordringstilstand)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            delfordring: prepare(
                "INSERT INTO delfordring (fordring, delfordring_id, delfordringstype, hovedstol)
                 VALUES (?1, ?2, ?3, ?4)",
            )?,
            postering: prepare(
                "INSERT INTO postering (nr, indbetaling_id, fordring, delfordring_id,
                     nedregulering, beloeb, indbetalingsdato, tilbagefoerer)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?,
            betal: prepare(
                "UPDATE delfordring SET daekket = daekket + ?3, nedreguleret = nedreguleret + ?4
                 WHERE fordring = ?1 AND delfordring_id = ?2",
            )?,
            sekvens: prepare("UPDATE debitorkonto SET sekvens = sekvens + 1 WHERE nr = ?1")?,
        })
    }

    /// Enters a registration whose answer has the number `nr`.
    pub(super) fn enter(
        &mut self,
        nr: Nr,
        registrering: &Debitorregistrering,
        booking: Booking,
    ) -> rusqlite::Result<()> {
        use Operation::{
            ForetagIndbetaling, ForetagIndbetalingNedregulering, OpretDebitorkonto,
            RetFordringTilstand,
        };
        let konto = match (booking, &registrering.operation) {
            (Booking::Oprettelse, OpretDebitorkonto(konto)) => {
                return self.debitorkonto(nr, registrering, konto);
            }
            (Booking::Tilstand { konto, fordring }, RetFordringTilstand(rettelse)) => {
                self.tilstand(fordring, rettelse.fordringstilstand)?;
                konto
            }
            (
                Booking::Postering { konto, art, fordring, tilbagefoerer },
                ForetagIndbetaling(indbetaling) | ForetagIndbetalingNedregulering(indbetaling),
            ) => {
                self.postering(nr, art, fordring, tilbagefoerer, indbetaling)?;
                konto
            }
            (Booking::Afslutning { konto, hvad, nr, slutdato }, _) => {
                self.slut(konto, hvad, nr, slutdato)?;
                konto
            }
            (booking, operation) => {
                unreachable!("{booking:?} is not what {} comes to", operation.kode())
            }
        };
        self.sekvens.execute([konto]).map(drop)
    }

    fn debitorkonto(
        &mut self,
        nr: Nr,
        registrering: &Debitorregistrering,
        konto: &Debitorkonto,
    ) -> rusqlite::Result<()> {
        self.konto.execute(params![
            nr,
            Key(registrering.debitorkonto_id.0),
            registrering.kommunekode,
            self.ejer,
            konto.debitorkontotype,
            konto.betegnelse.as_ref().map(Tekst::as_str),
        ])?;
        for (one, at) in konto.haeftelser.iter().zip(1..) {
            let (fra, til) = (Day(one.gyldig_fra), one.gyldig_til.map(Day));
            self.haeftelse.execute(params![nr, at, one.rolle, one.part, fra, til])?;
        }
        for (one, at) in konto.adresser.iter().zip(1..) {
            let (fra, til) = (Day(one.gyldig_fra), one.gyldig_til.map(Day));
            let (vej, postnummer) = (one.vej.as_str(), one.postnummer.as_str());
            let (by, land) = (one.by.as_str(), one.land.as_str());
            let (rolle, part) = (one.rolle, one.part);
            self.adresse
                .execute(params![nr, at, rolle, part, fra, til, vej, postnummer, by, land])?;
        }
        for (one, at) in konto.materialeabonnementer.iter().zip(1..) {
            let (fra, til) = (Day(one.gyldig_fra), one.gyldig_til.map(Day));
            let values = params![nr, at, one.rolle, one.part, fra, til, one.materialetype];
            self.materialeabonnement.execute(values)?;
        }
        konto.fordringer.iter().try_for_each(|fordring| self.fordring(nr, fordring))
    }

    fn fordring(&mut self, konto: Nr, fordring: &Fordring) -> rusqlite::Result<()> {
        let nr = self.fordring.insert(params![
            self.ejer,
            fordring.fordring_id,
            konto,
            fordring.kravtype,
            fordring.hovedstol,
            Day(fordring.periode_fra),
            Day(fordring.periode_til),
            Day(fordring.forfaldsdato),
            fordring.fordringstilstand,
        ])?;
        for part in &fordring.delfordringer {
            let values = params![nr, part.delfordring_id, part.delfordringstype, part.beloeb];
            self.delfordring.execute(values)?;
        }
        Ok(())
    }

    fn postering(
        &mut self,
        nr: Nr,
        art: Art,
        fordring: Nr,
        tilbagefoerer: Option<Nr>,
        indbetaling: &Indbetaling,
    ) -> rusqlite::Result<()> {
        let Indbetaling { delfordring_id, beloeb, .. } = indbetaling;
        self.postering.execute(params![
            nr,
            Key(indbetaling.indbetaling_id.0),
            fordring,
            delfordring_id,
            art == Art::Nedregulering,
            beloeb,
            Day(indbetaling.indbetalingsdato),
            tilbagefoerer,
        ])?;
        let (daekket, nedreguleret) = match art {
            Art::Indbetaling => (beloeb.oere(), 0),
            Art::Tilbagefoersel => (-beloeb.oere(), 0),
            Art::Nedregulering => (0, beloeb.oere()),
        };
        self.betal.execute(params![fordring, delfordring_id, daekket, nedreguleret]).map(drop)
    }

    fn tilstand(&self, fordring: Nr, tilstand: Fordringstilstand) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("UPDATE fordring SET fordringstilstand = ?2 WHERE nr = ?1")?
            .execute(params![fordring, tilstand])
            .map(drop)
    }

    fn slut(
        &self,
        konto: Nr,
        hvad: Afsluttes,
        nr: Nr,
        slutdato: NaiveDate,
    ) -> rusqlite::Result<()> {
        let sql =
            format!("UPDATE {} SET gyldig_til = ?3 WHERE konto = ?1 AND nr = ?2", table(hvad));
        self.connection.prepare_cached(&sql)?.execute(params![konto, nr, Day(slutdato)]).map(drop)
    }
}
