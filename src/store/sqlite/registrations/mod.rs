//! The registrations that we send: entered, cut into transfers, answered, looked at.

mod answers;
mod cut;
mod entry;
mod reading;
mod rejected;
mod tables;

use super::SqliteStore;
use crate::domain::debitor::{
    Debitorregistrering, OverfoerselId, RegistreringId, Rute, Sortiment, Sortimentsklasse,
};
use crate::store::{
    Answers, By, CutOrder, CutTransfer, Deviating, Entry, Moment, Registrations,
    RegistreringFilter, RejectedPage, RejectedQuery, Rejections, Sag, Stand, Standing, StoreError,
    Tilstand, Unanswered, Visit, Waiting,
};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

impl Registrations for SqliteStore {
    fn sortiment(&self) -> Result<Sortiment, StoreError> {
        self.read(tables::sortiment)
    }

    fn set_sortiment(&mut self, classes: &[Sortimentsklasse]) -> Result<(), StoreError> {
        self.change(|connection| tables::set_sortiment(connection, classes))
    }

    fn ruter(&self) -> Result<Vec<Rute>, StoreError> {
        self.read(tables::ruter)
    }

    fn set_ruter(&mut self, ruter: &[Rute]) -> Result<(), StoreError> {
        self.change(|connection| tables::set_ruter(connection, ruter))
    }

    fn enter(&mut self, at: Moment) -> Result<Box<dyn Entry + '_>, StoreError> {
        let entry = self.read(|connection| entry::Stage::begin(connection, &self.place, at))?;
        Ok(Box::new(entry))
    }

    fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        self.read(cut::waiting)
    }

    fn cut(&mut self, order: &CutOrder<'_>, at: Moment) -> Result<Option<CutTransfer>, StoreError> {
        self.same_miljoe(order.overfoersel.miljoe)?;
        self.change(|connection| cut::cut(connection, order, at))
    }

    fn give_back(&mut self, at: Moment) -> Result<u64, StoreError> {
        if !self.read(cut::any_to_give_back)? {
            return Ok(0);
        }
        self.change(|connection| cut::give_back(connection, at))
    }

    fn cut_transfer(&self, outbound: Uuid) -> Result<Option<CutTransfer>, StoreError> {
        self.read(|connection| cut::one(connection, outbound, self.miljoe))
    }

    fn each_sent(
        &self,
        id: OverfoerselId,
        visit: Visit<'_, (u32, Debitorregistrering)>,
    ) -> Result<(), StoreError> {
        self.read(|connection| cut::each_sent(connection, id, visit))
    }

    fn take_answers(&mut self) -> Result<Box<dyn Answers + '_>, StoreError> {
        let answers = self.read(|connection| answers::Intake::begin(connection, &self.place))?;
        Ok(Box::new(answers))
    }

    fn unanswered(&self) -> Result<Vec<Unanswered>, StoreError> {
        self.read(reading::unanswered)
    }

    fn registreringer(&self, filter: &RegistreringFilter) -> Result<Vec<Stand>, StoreError> {
        self.read(|connection| reading::list(connection, filter))
    }

    fn rejected(&self, query: &RejectedQuery) -> Result<RejectedPage, StoreError> {
        self.read(|connection| rejected::page(connection, query))
    }

    fn registrering(&self, id: RegistreringId) -> Result<Option<Sag>, StoreError> {
        self.read(|connection| reading::one(connection, id))
    }

    fn annul(
        &mut self,
        id: RegistreringId,
        by: &By,
        at: Moment,
    ) -> Result<Option<Tilstand>, StoreError> {
        self.change(|connection| answers::annul(connection, id, by, at))
    }

    fn deviating(&self, since: Moment) -> Result<Vec<Deviating>, StoreError> {
        self.read(|connection| reading::deviating(connection, since))
    }

    fn standing(&self) -> Result<Vec<Standing>, StoreError> {
        self.read(reading::standing)
    }

    fn rejections(&self) -> Result<Vec<Rejections>, StoreError> {
        self.read(reading::rejections)
    }
}

/// The number of a fagsystem, if it is known.
fn fagsystem_nr(connection: &Connection, navn: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT nr FROM fagsystem WHERE navn = ?1")?
        .query_row([navn], |row| row.get(0))
        .optional()
}

/// Of the debitorkonti in `touched`, the first open registration may leave, if it has not. Every
/// statement that closes a registration, or adds one, touches its konto.
const RELEASE: &str = "
    UPDATE registrering SET klar = 1
    WHERE tilstand = 'modtaget' AND klar = 0 AND overfoersel IS NULL AND nr IN (
        SELECT (SELECT r.nr FROM registrering r INDEXED BY registrering_aaben
                WHERE r.konto = touched.konto
                    AND r.tilstand IN ('modtaget', 'afvist')
                ORDER BY r.plads, r.nr LIMIT 1)
        FROM touched)";

const TOUCHED: &str =
    "CREATE TEMPORARY TABLE IF NOT EXISTS touched (konto INTEGER PRIMARY KEY) STRICT";
