//! The debitorsystem's ledger: what was taken in, what was answered, what is left to pay.

mod intake;
mod lookups;
mod verify;
mod writes;

use super::SqliteStore;
use super::error::Trouble;
use super::rows::{Id, Key, Time};
use super::transfers::{self, advance};
use crate::domain::Miljoe;
use crate::domain::debitor::{
    Afvisning, Afvisningsaarsag, DebitorkontoId, Kvittering, KvitteringId, Overfoersel,
    OverfoerselId, RegistreringId, Registreringssvar,
};
use crate::domain::text::Tekst;
use crate::store::{
    Bogfoert, Known, Ledger, LedgerAudit, Moment, Received, Restance, Step, StoreError, Transfer,
    Visit,
};
use crate::transfer::state::Event;
use intake::Intake;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

impl Ledger for SqliteStore {
    fn receive(&mut self, overfoersel: &Overfoersel) -> Result<Received<'_>, StoreError> {
        self.same_miljoe(overfoersel.miljoe)?;
        self.read(|connection| Intake::receive(connection, &self.place, overfoersel))
    }

    fn receive_again(
        &mut self,
        inbound: &Transfer,
        overfoersel: &Overfoersel,
        at: Moment,
    ) -> Result<Known, StoreError> {
        self.change(|connection| receive_again(connection, inbound, overfoersel, at))
    }

    fn received(&self, id: OverfoerselId) -> Result<Option<Known>, StoreError> {
        self.read(|connection| known(connection, id))
    }

    fn bogfoert(&self, outbound: Uuid) -> Result<Option<Bogfoert>, StoreError> {
        self.read(|connection| bogfoert(connection, outbound, self.miljoe))
    }

    fn each_registreringssvar(
        &self,
        id: OverfoerselId,
        visit: Visit<'_, Registreringssvar>,
    ) -> Result<(), StoreError> {
        self.read(|connection| each_registreringssvar(connection, id, visit))
    }

    fn each_restance(&self, visit: Visit<'_, Restance>) -> Result<(), StoreError> {
        self.read(|connection| each_restance(connection, visit))
    }

    fn verify_ledger(&self) -> Result<LedgerAudit, StoreError> {
        self.read(verify::verify)
    }
}

/// What is known of a transfer of this name.
fn known(connection: &Connection, id: OverfoerselId) -> Result<Option<Known>, Trouble> {
    let files: Option<(Id, Id)> = connection
        .prepare_cached(
            "SELECT i.id, o.id FROM modtaget_overfoersel m
                 JOIN transfer i ON i.nr = m.inbound JOIN transfer o ON o.nr = m.outbound
             WHERE m.overfoersel_id = ?1",
        )?
        .query_row([Key(id.0)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let one = |id: Id| {
        transfers::one(connection, id.0)?.ok_or(Trouble::Sql(rusqlite::Error::QueryReturnedNoRows))
    };
    let known =
        |(inbound, outbound)| Ok(Known { inbound: one(inbound)?, outbound: one(outbound)? });
    files.map(known).transpose()
}

fn receive_again(
    connection: &Connection,
    inbound: &Transfer,
    overfoersel: &Overfoersel,
    at: Moment,
) -> Result<Known, Trouble> {
    let known = known(connection, overfoersel.overfoersel_id)?
        .ok_or(Trouble::Sql(rusqlite::Error::QueryReturnedNoRows))?;
    let step = Step { about: Some(overfoersel.into()), ..Step::plain(Event::Recognise) };
    let inbound = advance(connection, inbound, &step, at)?;
    let outbound = transfers::owe_again(connection, known.outbound, at)?;
    Ok(Known { inbound, outbound })
}

fn bogfoert(
    connection: &Connection,
    outbound: Uuid,
    miljoe: Miljoe,
) -> Result<Option<Bogfoert>, Trouble> {
    let from_row = |row: &Row<'_>| {
        Ok(Bogfoert {
            kvittering: Kvittering {
                kvittering_id: KvitteringId(row.get::<_, Key>(0)?.0),
                overfoersel_id: OverfoerselId(row.get::<_, Key>(1)?.0),
                kommunekode: row.get(2)?,
                fagsystem: row.get(3)?,
                dannet: row.get::<_, Time>(4)?.0,
                miljoe,
            },
            antal_accepteret: row.get(5)?,
            antal_afvist: row.get(6)?,
        })
    };
    Ok(connection
        .prepare_cached(
            "SELECT m.kvittering_id, m.overfoersel_id, m.kommunekode, f.navn, m.kvitteret,
                 m.antal_registreringer - m.antal_afvist, m.antal_afvist
             FROM modtaget_overfoersel m JOIN fagsystem f ON f.nr = m.fagsystem
                 JOIN transfer o ON o.nr = m.outbound
             WHERE o.id = ?1",
        )?
        .query_row([Id(outbound)], from_row)
        .optional()?)
}

/// Three columns from `at`: reason, text, restance.
fn afvisning(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Afvisning>> {
    let Some(aarsag) = row.get::<_, Option<Afvisningsaarsag>>(at)? else { return Ok(None) };
    let tekst: Option<String> = row.get(at + 1)?;
    let tekst = tekst.and_then(|tekst| Tekst::parse(&tekst).ok());
    Ok(Some(Afvisning { aarsag, tekst, restance: row.get(at + 2)? }))
}

fn each_registreringssvar(
    connection: &Connection,
    id: OverfoerselId,
    visit: Visit<'_, Registreringssvar>,
) -> Result<(), Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT s.registrering_id, s.aarsag, s.tekst, s.restance
         FROM modtaget_overfoersel m
             JOIN registreringssvar s ON s.nr > m.foer AND s.nr <= m.foer + m.antal_registreringer
         WHERE m.overfoersel_id = ?1 ORDER BY s.nr",
    )?;
    let mut rows = statement.query([Key(id.0)])?;
    while let Some(row) = rows.next()? {
        let registrering_id = RegistreringId(row.get::<_, Key>(0)?.0);
        visit(Registreringssvar { registrering_id, afvisning: afvisning(row, 1)? })?;
    }
    Ok(())
}

fn each_restance(connection: &Connection, visit: Visit<'_, Restance>) -> Result<(), Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT k.kommunekode, e.navn, k.debitorkonto_id, f.fordring_id, d.delfordring_id,
             d.hovedstol, d.nedreguleret, d.daekket, d.restance
         FROM debitorkonto k JOIN fagsystem e ON e.nr = k.ejer
             JOIN fordring f ON f.konto = k.nr JOIN delfordring d ON d.fordring = f.nr
         ORDER BY 1, 2, 3, 4, 5",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(Restance {
            kommunekode: row.get(0)?,
            fagsystem: row.get(1)?,
            debitorkonto_id: DebitorkontoId(row.get::<_, Key>(2)?.0),
            fordring_id: row.get(3)?,
            delfordring_id: row.get(4)?,
            hovedstol: row.get(5)?,
            nedreguleret: row.get(6)?,
            daekket: row.get(7)?,
            restance: row.get(8)?,
        })?;
    }
    Ok(())
}
