//! The store in one SQLite file: [`SqliteStore`].
//!
//! Write-ahead log, synced at every commit; one writer at a time, readers beside it. Each file here
//! holds the statements of one subject; [`rows`] alone turns columns into domain types and back.

mod afstemning;
mod aftaler;
mod alerts;
mod answers;
mod copy;
mod error;
mod import;
mod journal;
mod ledger;
mod nodes;
mod open;
mod pages;
mod payouts;
mod receipts;
mod registrations;
mod rows;
#[cfg(test)]
mod tests;
mod transfers;
mod udbetalinger;

use super::{
    AfstemningFilter, Afstemninger, AftaleImport, AftaleVersion, Alert, AlertCount, Answer,
    AnswerOrder, Audit, By, Census, Clue, Concern, Delivery, EventRow, HandedOver, ImportMode,
    Indberettet, Indlaesning, Linje, Mark, Marking, Moment, Node, NodeRow, Note, Pause, Payout,
    PayoutMark, PayoutQuery, Problem, Receipt, Seen, Step, Store, StoreError, Transfer,
    TransferFilter, Udeblivelse, Understood, Visit,
};
use crate::crash::{self, Point};
use crate::domain::hold_rule::Size;
use crate::domain::{
    Aftale, AftaleId, Forespoergsel, ForespoergselId, Kommunekode, Miljoe, Svar, Transaktion,
};
use chrono::NaiveDate;
pub use copy::StoreFacts;
use error::Trouble;
use import::Import;
use rusqlite::{Connection, TransactionBehavior};
use udbetalinger::Intake;
use uuid::Uuid;

/// A store in one SQLite file, with its write-ahead log beside it.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    place: String,
    miljoe: Miljoe,
}

impl SqliteStore {
    /// Runs one change as one transaction that takes the write lock at once: a change that had to
    /// ask for it half way could fail although nothing is wrong.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let run = || {
            journal::told::forget();
            let behavior = TransactionBehavior::Immediate;
            let transaction = self.connection.transaction_with_behavior(behavior)?;
            let changed = change(&transaction)?;
            crash::reached(Point::StoreCommitting);
            transaction.commit()?;
            crash::reached(Point::StoreCommitted);
            journal::told::tell();
            Ok(changed)
        };
        run().map_err(|trouble: Trouble| trouble.at(&self.place))
    }

    fn read<'a, T>(
        &'a self,
        read: impl FnOnce(&'a Connection) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        read(&self.connection).map_err(|trouble| trouble.at(&self.place))
    }
}

/// Takes the write lock where there is one, and changes nothing: a transaction that has read first,
/// and has to ask for it later, fails where another one wrote in between.
fn lock(connection: &Connection) -> Result<(), Trouble> {
    if !connection.is_readonly("main")? {
        connection.execute("UPDATE store SET only = 1 WHERE only = 0", [])?;
    }
    Ok(())
}

impl Store for SqliteStore {
    fn miljoe(&self) -> Miljoe {
        self.miljoe
    }

    fn import_aftaler(
        &mut self,
        mode: ImportMode,
        at: Moment,
    ) -> Result<Box<dyn AftaleImport + '_>, StoreError> {
        let import = self.read(|connection| Import::begin(connection, &self.place, mode, at))?;
        Ok(Box::new(import))
    }

    fn each_aftale(&self, visit: Visit<'_, Aftale>) -> Result<(), StoreError> {
        self.read(|connection| aftaler::each(connection, visit))
    }

    fn aftale_versions(&self, id: &AftaleId) -> Result<Vec<AftaleVersion>, StoreError> {
        self.read(|connection| aftaler::versions(connection, id))
    }

    fn markings(&self, id: &AftaleId) -> Result<Vec<Marking>, StoreError> {
        self.read(|connection| aftaler::markings(connection, id))
    }

    fn count_aftaler(&self) -> Result<u64, StoreError> {
        self.read(aftaler::count)
    }

    fn enlist(&mut self, lock: &str, at: Moment) -> Result<Node, StoreError> {
        self.change(|connection| nodes::enlist(connection, lock, at))
    }

    fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        self.read(nodes::living)
    }

    fn retire(&mut self, node: Node, at: Moment) -> Result<(), StoreError> {
        self.change(|connection| nodes::retire(connection, node, at))
    }

    fn see(&mut self, seen: &Seen, node: Node, at: Moment) -> Result<Option<Transfer>, StoreError> {
        self.change(|connection| transfers::see(connection, seen, node, at))
    }

    fn claim(&mut self, transfer: &Transfer, node: Node) -> Result<Option<Transfer>, StoreError> {
        self.change(|connection| transfers::claim(connection, transfer, node))
    }

    fn let_go(&mut self, transfer: Uuid, node: Node) -> Result<(), StoreError> {
        self.change(|connection| transfers::let_go(connection, transfer, node))
    }

    fn newest_event(&self) -> Result<i64, StoreError> {
        self.read(journal::newest_nr)
    }

    fn earlier(&self, transfer: &Transfer) -> Result<Option<Transfer>, StoreError> {
        self.read(|connection| transfers::earlier(connection, transfer))
    }

    fn advance(
        &mut self,
        transfer: &Transfer,
        step: &Step,
        at: Moment,
    ) -> Result<Transfer, StoreError> {
        self.change(|connection| transfers::advance(connection, transfer, step, at))
    }

    fn answer(&mut self, order: &AnswerOrder<'_>, at: Moment) -> Result<Answer, StoreError> {
        self.same_miljoe(order.request.miljoe)?;
        self.change(|connection| answers::answer(connection, order, at))
    }

    fn delivery(&self, transfer: Uuid) -> Result<Option<Delivery>, StoreError> {
        self.read(|connection| receipts::delivery(connection, transfer))
    }

    fn same_delivery(&self, transfer: &Transfer) -> Result<Option<Transfer>, StoreError> {
        self.read(|connection| receipts::same_delivery(connection, transfer))
    }

    fn meant(&self, clue: &Clue<'_>) -> Result<Option<Transfer>, StoreError> {
        self.read(|connection| receipts::meant(connection, clue))
    }

    fn understand(
        &mut self,
        understood: &Understood<'_>,
        at: Moment,
    ) -> Result<Transfer, StoreError> {
        self.change(|connection| receipts::understand(connection, understood, at))
    }

    fn receipt(&self, transfer: Uuid) -> Result<Option<Receipt>, StoreError> {
        self.read(|connection| receipts::one(connection, transfer))
    }

    fn receipts(&self, about: Uuid) -> Result<Vec<Receipt>, StoreError> {
        self.read(|connection| receipts::about(connection, about))
    }

    fn preview(
        &self,
        request: &Forespoergsel,
        at: Moment,
        visit: Visit<'_, Transaktion>,
    ) -> Result<Svar, StoreError> {
        self.same_miljoe(request.miljoe)?;
        self.read(|connection| answers::preview(connection, request, at, visit))
    }

    fn recent_sizes(&self, kommune: Kommunekode, limit: u32) -> Result<Vec<Size>, StoreError> {
        self.read(|connection| answers::recent_sizes(connection, kommune, limit))
    }

    fn svar(&self, id: ForespoergselId) -> Result<Option<Svar>, StoreError> {
        self.read(|connection| answers::svar(connection, id, self.miljoe))
    }

    fn each_transaktion(
        &self,
        id: ForespoergselId,
        visit: Visit<'_, Transaktion>,
    ) -> Result<(), StoreError> {
        self.read(|connection| answers::each_transaktion(connection, id, visit))
    }

    fn take_in(&mut self) -> Result<Box<dyn Indlaesning + '_>, StoreError> {
        let intake = self.read(|connection| Intake::begin(connection, &self.place))?;
        Ok(Box::new(intake))
    }

    fn brought_by(&self, udbetaling_id: Uuid) -> Result<Option<Transfer>, StoreError> {
        self.read(|connection| udbetalinger::brought_by(connection, udbetaling_id))
    }

    fn rapport(&self, outbound: Uuid) -> Result<Option<String>, StoreError> {
        self.read(|connection| udbetalinger::rapport(connection, outbound))
    }

    fn afstemning(&self, filter: &AfstemningFilter) -> Result<Afstemninger, StoreError> {
        self.read(|connection| afstemning::figures(connection, filter))
    }

    fn each_linje(
        &self,
        filter: &AfstemningFilter,
        visit: Visit<'_, Linje>,
    ) -> Result<(), StoreError> {
        self.read(|connection| afstemning::each_linje(connection, filter, visit))
    }

    fn payout(&self, query: &PayoutQuery) -> Result<Payout, StoreError> {
        self.read(|connection| payouts::payout(connection, query))
    }

    fn payout_files(&self, query: &PayoutQuery) -> Result<Payout, StoreError> {
        self.read(|connection| payouts::files(connection, query))
    }

    fn payout_marks(&self) -> Result<Vec<PayoutMark>, StoreError> {
        self.read(payouts::marks)
    }

    fn mark(&self) -> Result<Mark, StoreError> {
        self.read(payouts::mark)
    }

    fn indberettet(&self, id: &AftaleId) -> Result<Vec<Indberettet>, StoreError> {
        self.read(|connection| udbetalinger::indberettet(connection, id))
    }

    fn awaited_payouts(&self) -> Result<Vec<NaiveDate>, StoreError> {
        self.read(afstemning::awaited_payouts)
    }

    fn note_udeblevne(
        &mut self,
        dispositionsdato: NaiveDate,
        at: Moment,
    ) -> Result<Vec<Udeblivelse>, StoreError> {
        self.change(|connection| afstemning::note_udeblevne(connection, dispositionsdato, at))
    }

    fn udeblevne(&self, dispositionsdato: NaiveDate) -> Result<Vec<Udeblivelse>, StoreError> {
        self.read(|connection| afstemning::udeblevne(connection, dispositionsdato))
    }

    fn transfer(&self, id: Uuid) -> Result<Option<Transfer>, StoreError> {
        self.read(|connection| transfers::one(connection, id))
    }

    fn transfers(&self, filter: &TransferFilter) -> Result<Vec<Transfer>, StoreError> {
        self.read(|connection| transfers::list(connection, filter))
    }

    fn named(
        &self,
        prefix: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        self.read(|connection| pages::named(connection, prefix, after, limit))
    }

    fn events(&self, transfer: Uuid) -> Result<Vec<EventRow>, StoreError> {
        self.read(|connection| journal::events(connection, transfer))
    }

    fn census(&self) -> Result<Vec<Census>, StoreError> {
        self.read(transfers::census)
    }

    fn pause(&mut self, endpoint: &str, problem: &Problem, at: Moment) -> Result<(), StoreError> {
        self.change(|connection| nodes::pause(connection, endpoint, problem, at))
    }

    fn resume(&mut self, endpoint: &str, by: &By, at: Moment) -> Result<bool, StoreError> {
        self.change(|connection| nodes::resume(connection, endpoint, by, at))
    }

    fn pauses(&self) -> Result<Vec<Pause>, StoreError> {
        self.read(nodes::pauses)
    }

    fn looked_into(
        &mut self,
        endpoint: &str,
        directory: &str,
        at: Moment,
    ) -> Result<(), StoreError> {
        self.change(|connection| nodes::looked_into(connection, endpoint, directory, at))
    }

    fn last_look(&self, endpoint: &str, directory: &str) -> Result<Option<Moment>, StoreError> {
        self.read(|connection| nodes::last_look(connection, endpoint, directory))
    }

    fn raise(&mut self, concerns: &[Concern], at: Moment) -> Result<Vec<Alert>, StoreError> {
        // Nearly always there is nothing new: nobody has to wait for the write lock then.
        let unknown = self.read(|connection| alerts::unknown(connection, concerns))?;
        if unknown.is_empty() {
            return Ok(Vec::new());
        }
        self.change(|connection| alerts::raise(connection, &unknown, at))
    }

    fn alerts(&self, limit: u32) -> Result<Vec<Alert>, StoreError> {
        self.read(|connection| alerts::newest(connection, limit))
    }

    fn unsent_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        self.read(alerts::unsent)
    }

    fn claim_alerts(&mut self, nrs: &[i64], node: Node) -> Result<Vec<Alert>, StoreError> {
        self.change(|connection| alerts::claim(connection, nrs, node))
    }

    fn alerts_taken(&mut self, nrs: &[i64], hook: &str, at: Moment) -> Result<(), StoreError> {
        self.change(|connection| alerts::taken(connection, nrs, hook, at))
    }

    fn settle_alerts(
        &mut self,
        nrs: &[i64],
        node: Node,
        outcome: HandedOver,
        at: Moment,
    ) -> Result<(), StoreError> {
        self.change(|connection| alerts::settle(connection, nrs, node, outcome, at))
    }

    fn count_alerts(&self) -> Result<Vec<AlertCount>, StoreError> {
        self.read(alerts::counts)
    }

    fn note(&mut self, note: &Note<'_>, at: Moment) -> Result<(), StoreError> {
        self.change(|connection| journal::note(connection, note, at))
    }

    fn event_with_hash(&self, hash: [u8; 32]) -> Result<Option<i64>, StoreError> {
        self.read(|connection| journal::with_hash(connection, hash))
    }

    fn verify(&self) -> Result<Audit, StoreError> {
        self.read(journal::verify)
    }
}
