//! What has not come for a payout by its time, and what came after it.

use super::concerns::LATELY;
use crate::clock::danish;
use crate::config::FlowName;
use crate::daemon::Engine;
use crate::domain::{Kommunekode, Tal, Udbetalingskalender};
use crate::fault::AlertKind;
use crate::store::{Concern, Moment, Transfer, TransferFilter};
use crate::transfer::TransferError;
use crate::transfer::state::{Direction, State};
use chrono::{Days, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};

/// Further from its payout no cutoff is looked for.
const FURTHEST: Days = Days::new(366);

/// Everything that is wrong with payouts one of whose cutoffs was lately. Where a flow's inboxes
/// are not looked into, nothing of it is missing.
pub(super) fn concerns(engine: &Engine) -> Result<Vec<Concern>, TransferError> {
    let Some(kalender) = &engine.config().payouts else { return Ok(Vec::new()) };
    let now = engine.desk().now();
    let lately = |due: &Moment| *due < now && now - *due < LATELY;
    let today = now.date_naive();
    let (from, to) = (today - FURTHEST, today + FURTHEST);
    let mut concerns = Vec::new();
    for dispositionsdato in kalender.dispositionsdatoer(from, to) {
        let payout = |due: Moment| Payout { engine, kalender, dispositionsdato, due };
        let due = kalender.request_due(dispositionsdato).filter(lately);
        if let Some(due) = due.filter(|_| engine.serves(FlowName::Sf2530)) {
            concerns.extend(payout(due).requests()?);
        }
        let due = kalender.report_due(dispositionsdato).filter(lately);
        if let Some(due) = due.filter(|_| engine.serves(FlowName::Sf2520)) {
            concerns.extend(payout(due).reports()?);
        }
    }
    Ok(concerns)
}

/// One payout, one of whose cutoffs is over.
struct Payout<'e> {
    engine: &'e Engine,
    kalender: &'e Udbetalingskalender,
    dispositionsdato: NaiveDate,
    due: Moment,
}

impl Payout<'_> {
    fn requests(&self) -> Result<Vec<Concern>, TransferError> {
        let files = self.files(FlowName::Sf2530)?;
        let mut answered = BTreeSet::new();
        for file in &files {
            answered.extend(self.answered(file)?);
        }
        let missing = self.kalender.kommuner().filter(|kommune| !answered.contains(kommune));
        let mut concerns: Vec<_> =
            missing.map(|kommune| self.request_missing(kommune, &files)).collect();
        let mut known = BTreeSet::new();
        for file in &files {
            // What comes again had come before, perhaps in time.
            let is_first = file.forespoergsel_id.is_some_and(|id| known.insert(id));
            if is_first && self.due < file.created_at {
                concerns.extend(self.request_late(file)?);
            }
        }
        Ok(concerns)
    }

    /// The municipality whose request this file is, if it was answered: its bytes may be gone.
    fn answered(&self, file: &Transfer) -> Result<Option<Kommunekode>, TransferError> {
        let Some(id) = file.forespoergsel_id else { return Ok(None) };
        let svar = self.engine.desk().store().svar(id)?;
        let request = svar.map(|svar| svar.forespoergsel);
        let this = request.filter(|request| request.dispositionsdato == self.dispositionsdato);
        Ok(this.map(|request| request.kommunekode))
    }

    fn request_missing(&self, kommune: Kommunekode, files: &[Transfer]) -> Concern {
        let newest = files.iter().rev().find(|file| file.kommunekode == Some(kommune));
        let instead = newest.map(|file| format!("; {} is {}", file.place, file.state));
        let (payout, due) = (self.dispositionsdato, danish(self.due));
        let (navn, instead) = (kommune.navn(), instead.unwrap_or_default());
        Concern {
            kind: AlertKind::RequestMissing,
            subject: self.subject(kommune),
            since: self.due,
            text: format!(
                "{kommune} {navn}: no request for the payout of {payout} was answered, and they \
                 were due at {due}{instead}"
            ),
            next: self.board(),
        }
    }

    fn request_late(&self, file: &Transfer) -> Result<Option<Concern>, TransferError> {
        let (Some(kommune), Some(id)) = (file.kommunekode, file.forespoergsel_id) else {
            return Ok(None);
        };
        if !self.kalender.takes_part(kommune) {
            return Ok(None);
        }
        let is_answered = self.answered(file)?.is_some();
        let became = if is_answered { "it was answered" } else { file.state.word() };
        let (payout, navn, place) = (self.dispositionsdato, kommune.navn(), &file.place);
        let (came, due) = (danish(file.created_at), danish(self.due));
        Ok(Some(Concern {
            kind: AlertKind::RequestLate,
            subject: format!("{}/{id}", self.subject(kommune)),
            since: file.created_at,
            text: format!(
                "{kommune} {navn}: the request for the payout of {payout} came at {came}, due at \
                 {due}, as {place}: {became}"
            ),
            next: format!("modregn files show {}", file.id),
        }))
    }

    fn reports(&self) -> Result<Vec<Concern>, TransferError> {
        let noted = self.engine.desk().store().udeblevne(self.dispositionsdato)?;
        let mut stayed_out: BTreeMap<Kommunekode, Tal> = BTreeMap::new();
        for request in noted.iter().filter(|request| request.antal > 0) {
            let more = Tal { antal: request.antal, beloeb: request.sum_beloeb };
            let sum = stayed_out.entry(request.kommunekode).or_default();
            *sum = *sum + more;
        }
        let missing = stayed_out.iter().map(|(kommune, tal)| self.report_missing(*kommune, *tal));
        let mut concerns: Vec<_> = missing.collect();
        concerns.extend(self.late_reports(&stayed_out)?);
        Ok(concerns)
    }

    fn report_missing(&self, kommune: Kommunekode, tal: Tal) -> Concern {
        let Tal { antal, beloeb: sum } = tal;
        let (payout, due, navn) = (self.dispositionsdato, danish(self.due), kommune.navn());
        Concern {
            kind: AlertKind::ReportMissing,
            subject: self.subject(kommune),
            since: self.due,
            text: format!(
                "{kommune} {navn}: {antal} expectations of {sum} kr. for the payout of {payout} \
                 had no report at {due}, when reports were due"
            ),
            next: self.board(),
        }
    }

    /// The first report of each municipality that came too late; a correction that comes after a
    /// report in time is none.
    fn late_reports(
        &self,
        stayed_out: &BTreeMap<Kommunekode, Tal>,
    ) -> Result<Vec<Concern>, TransferError> {
        let (mut known, mut in_time, mut told) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut concerns = Vec::new();
        for file in self.files(FlowName::Sf2520)? {
            let Some(kommune) = file.kommunekode.filter(|_| is_applied(&file)) else { continue };
            let bytes = file.payload.map(|payload| payload.sha256);
            let is_awaited = stayed_out.contains_key(&kommune)
                || (self.kalender.takes_part(kommune) && !in_time.contains(&kommune));
            if !known.insert(bytes) {
                // It was applied when it came first.
            } else if file.created_at <= self.due {
                in_time.insert(kommune);
            } else if is_awaited && told.insert(kommune) {
                concerns.push(self.report_late(kommune, &file, stayed_out));
            }
        }
        Ok(concerns)
    }

    fn report_late(
        &self,
        kommune: Kommunekode,
        file: &Transfer,
        stayed_out: &BTreeMap<Kommunekode, Tal>,
    ) -> Concern {
        let (payout, navn, place) = (self.dispositionsdato, kommune.navn(), &file.place);
        let (came, due) = (danish(file.created_at), danish(self.due));
        let antal = stayed_out.get(&kommune).map_or(0, |tal| tal.antal);
        Concern {
            kind: AlertKind::ReportLate,
            subject: self.subject(kommune),
            since: file.created_at,
            text: format!(
                "{kommune} {navn}: a report on the payout of {payout} came at {came}, due at \
                 {due}, as {place}, and was applied; {antal} expectations had stayed out by then"
            ),
            next: format!("modregn files show {}", file.id),
        }
    }

    /// The files of a flow that are known to be about this payout, oldest first.
    fn files(&self, flow: FlowName) -> Result<Vec<Transfer>, TransferError> {
        let mut files = self.engine.desk().store().transfers(&TransferFilter {
            direction: Some(Direction::Inbound),
            flow: Some(flow.as_str().to_owned()),
            dispositionsdato: Some(self.dispositionsdato),
            ..TransferFilter::default()
        })?;
        files.reverse();
        Ok(files)
    }

    fn board(&self) -> String {
        format!("modregn board --dispositionsdato {}", self.dispositionsdato)
    }

    fn subject(&self, kommune: Kommunekode) -> String {
        format!("{}/{kommune}", self.dispositionsdato)
    }
}

const fn is_applied(file: &Transfer) -> bool {
    matches!(file.state, State::Accepted | State::Archived)
}
