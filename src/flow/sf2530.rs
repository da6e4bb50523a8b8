//! SF2530: a municipality asks before its payout, every active agreement is marked "payment
//! expected", and one file with all transactions goes back.

use super::balance::{stop, stopped, unbalanced, unwritable};
use super::refusal::Refusal;
use super::{Effect, Flow, Preview, Processed, advice, place};
use crate::config::{FORESPOERGSEL_ID, Outbox, Route};
use crate::crash::{self, Point};
use crate::domain::hold_rule::{Case, HoldRules, Size};
use crate::domain::{Forespoergsel, Svar, Udbetalingskalender};
use crate::fault::Code;
use crate::layout::Layout;
use crate::message::{BindError, forespoergsel, svar};
use crate::record::{Options, ReadError};
use crate::store::{Answer, AnswerOrder, Moment, Payload, Store, Transfer};
use crate::transfer::advice::Advice;
use crate::transfer::spool::write_durably;
use crate::transfer::{Desk, TransferError};
use chrono::SubsecRound;
use fs_err::File;
use std::io::{Read, Write};
use std::path::Path;
use uuid::Uuid;

/// The layouts of the two messages.
pub const FORESPOERGSEL_LAYOUT: &str = "sf2530-forespoergsel";
/// See [`FORESPOERGSEL_LAYOUT`].
pub const SVAR_LAYOUT: &str = "sf2530-svar";

/// One route's settings and compiled formats.
pub struct Sf2530 {
    forespoergsel: forespoergsel::Format,
    svar: svar::Format,
    options: Options,
    outbox: Outbox,
    hold_rules: HoldRules,
    payouts: Option<Udbetalingskalender>,
}

impl Sf2530 {
    /// Binds the flow to the layouts of its two messages. The calendar says which requests are
    /// late.
    pub fn new(
        forespoergsel: &Layout,
        svar: &Layout,
        options: Options,
        route: &Route,
        payouts: Option<&Udbetalingskalender>,
    ) -> Result<Self, BindError> {
        Ok(Self {
            forespoergsel: forespoergsel::Format::bind(forespoergsel)?,
            svar: svar::Format::bind(svar)?,
            options,
            outbox: route.outbox.clone(),
            hold_rules: route.hold_rules.clone(),
            payouts: payouts.cloned(),
        })
    }

    /// Reads a request; the refusal says why it cannot be answered.
    fn read(
        &self,
        desk: &Desk<'_>,
        input: impl Read,
    ) -> Result<Result<Forespoergsel, Refusal>, TransferError> {
        let request = match self.forespoergsel.read(input, self.options) {
            Ok(request) => request,
            Err(ReadError::Faults(faults)) => {
                return Ok(Err(Refusal::faulty(faults, FORESPOERGSEL_ID)));
            }
            Err(ReadError::Io(error)) => return Err(error.into()),
        };
        let ours = desk.store().miljoe();
        if request.miljoe == ours {
            Ok(Ok(request))
        } else {
            Ok(Err(Refusal::wrong_miljoe(request.miljoe, ours)))
        }
    }

    fn check(
        &self,
        desk: &Desk<'_>,
        inbound: &Transfer,
    ) -> Result<Result<Forespoergsel, Refusal>, TransferError> {
        if let Some(refusal) = Refusal::of_name(desk, inbound, FORESPOERGSEL_ID)? {
            return Ok(Err(refusal));
        }
        let path = desk.spool.incoming(inbound.id);
        match self.read(desk, File::open(&path)?)? {
            Err(refusal) => {
                let about = self.forespoergsel.about(File::open(&path)?, self.options)?;
                Ok(Err(refusal.or_about(about)))
            }
            good => Ok(good),
        }
    }

    fn answer(
        &self,
        desk: &Desk<'_>,
        inbound: &Transfer,
        request: &Forespoergsel,
    ) -> Result<Answer, TransferError> {
        let place = place(&self.outbox, request);
        let missed = self.missed(request, inbound.created_at);
        let hold_rules = &self.hold_rules;
        let order = AnswerOrder { inbound, request, place: &place, hold_rules, missed };
        let answer = desk.store().answer(&order, desk.now())?;
        crash::reached(Point::AnswerCommitted);
        Ok(answer)
    }
}

impl Flow for Sf2530 {
    fn process(&self, desk: &Desk<'_>, inbound: Transfer) -> Result<Processed, TransferError> {
        let request = match self.check(desk, &inbound)? {
            Ok(request) => request,
            Err(refusal) => return refusal.carry_out(desk, &inbound),
        };
        match self.answer(desk, &inbound, &request)? {
            Answer::New { svar, inbound, outbound } | Answer::Again { svar, inbound, outbound } => {
                Ok(Processed {
                    inbound,
                    effect: Some(Effect::Answered(svar)),
                    owed: Some(outbound),
                })
            }
            Answer::Conflict { .. } => id_conflict(&request).carry_out(desk, &inbound),
            Answer::Cancelled { outbound } => {
                cancelled(&request, outbound).carry_out(desk, &inbound)
            }
            Answer::Held { why } => held_by_rule(&request, &why).carry_out(desk, &inbound),
        }
    }

    fn render(
        &self,
        desk: &Desk<'_>,
        outbound: &Transfer,
        path: &Path,
    ) -> Result<Payload, TransferError> {
        let store = desk.store();
        let svar =
            outbound.forespoergsel_id.map(|id| store.svar(id)).transpose()?.flatten().ok_or_else(
                || TransferError::Refused(unbalanced("its request is not in the store")),
            )?;
        let payload = write_durably(path, |out| self.write(&**store, &svar, out))?;
        drop(store);
        self.balance(&svar, path)?;
        Ok(payload)
    }

    fn preview(
        &self,
        desk: &Desk<'_>,
        input: &mut dyn Read,
        out: &mut dyn Write,
    ) -> Result<Preview, TransferError> {
        let request = match self.read(desk, input)? {
            Ok(request) => request,
            Err(refusal) => return Ok(Preview::Refused(refusal.problem)),
        };
        let store = desk.store();
        match store.svar(request.forespoergsel_id)? {
            Some(svar) if svar.forespoergsel == request => {
                self.write(&**store, &svar, out)?;
                Ok(Preview::AnsweredAgain(svar))
            }
            Some(_) => Ok(Preview::Refused(id_conflict(&request).problem)),
            None => {
                let dannet = desk.now().trunc_subsecs(0);
                let mut file =
                    self.svar.begin(&request, dannet, self.options.cpr, out).map_err(unwritable)?;
                let svar = store
                    .preview(&request, dannet, &mut |row| file.transaktion(&row).map_err(stop))
                    .map_err(stopped)?;
                file.finish().map_err(unwritable)?;
                Ok(match self.held_by(&**store, &svar, desk.now())? {
                    Some(why) => Preview::Refused(held_by_rule(&request, &why).problem),
                    None => Preview::Marked(svar),
                })
            }
        }
    }
}

impl Sf2530 {
    /// By when a request that came at this moment should have come, if it is late.
    fn missed(&self, request: &Forespoergsel, came: Moment) -> Option<Moment> {
        let due = self.payouts.as_ref()?.request_due(request.dispositionsdato)?;
        (due < came).then_some(due)
    }

    /// Why a rule would hold an answer to a request that came at this moment, if one would.
    fn held_by(
        &self,
        store: &dyn Store,
        svar: &Svar,
        came: Moment,
    ) -> Result<Option<String>, TransferError> {
        let kommune = svar.forespoergsel.kommunekode;
        let missed = self.missed(&svar.forespoergsel, came);
        let size = Size { antal: svar.antal_transaktioner, sum: svar.sum_beloeb };
        let recent = store.recent_sizes(kommune, self.hold_rules.recent())?;
        Ok(self.hold_rules.judge(&Case { kommune, size, missed, recent: &recent }))
    }

    /// Writes an answer from committed rows, and nothing else.
    fn write(
        &self,
        store: &dyn Store,
        svar: &Svar,
        out: &mut dyn Write,
    ) -> Result<(), TransferError> {
        let request = &svar.forespoergsel;
        let mut file =
            self.svar.begin(request, svar.dannet, self.options.cpr, out).map_err(unwritable)?;
        store
            .each_transaktion(request.forespoergsel_id, &mut |row| {
                file.transaktion(&row).map_err(stop)
            })
            .map_err(stopped)?;
        file.finish().map_err(unwritable)
    }

    /// Rule of the house: what leaves is what was marked. The file is read back as its recipient
    /// will read it, and held against the committed request.
    fn balance(&self, svar: &Svar, path: &Path) -> Result<(), TransferError> {
        let in_file = match self.svar.totals(File::open(path)?, self.options) {
            Ok(totals) => totals,
            Err(ReadError::Faults(faults)) => {
                return Err(TransferError::Refused(unbalanced(&format!("read back, {faults}"))));
            }
            Err(ReadError::Io(error)) => return Err(error.into()),
        };
        let committed = svar::Totals::from(svar);
        if in_file == committed {
            Ok(())
        } else {
            let what = format!("the file has {in_file}, the store {committed}");
            Err(TransferError::Refused(unbalanced(&what)))
        }
    }
}

fn id_conflict(request: &Forespoergsel) -> Refusal {
    let text = format!(
        "forespoergsel_id {} was used before with other content; ask the sender which one holds, \
         and if it is this one, for a file under a new forespoergsel_id: the earlier one stays \
         answered; `modregn reject` closes this one",
        request.forespoergsel_id
    );
    let advice = advice::say_which_request(request);
    Refusal::hold(Code::RequestConflict, text, advice).about(request)
}

fn cancelled(request: &Forespoergsel, outbound: Uuid) -> Refusal {
    let text = format!(
        "an operator has cancelled the answer to this request (transfer {outbound}); `modregn \
         release` sends it after all, `modregn reject` leaves it cancelled"
    );
    Refusal::hold(Code::AnswerCancelled, text, Advice::wait()).about(request)
}

fn held_by_rule(request: &Forespoergsel, why: &str) -> Refusal {
    let text = format!(
        "{why}; nothing is marked yet: `modregn release` answers it, `modregn reject` does not"
    );
    Refusal::hold(Code::HeldByRule, text, Advice::wait()).about(request)
}
