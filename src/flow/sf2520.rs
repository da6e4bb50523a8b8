//! SF2520: after its payout a municipality reports what was withheld; that settles what SF2530
//! marked.

use super::balance::not_in_store;
use super::refusal::Refusal;
use super::{Effect, Flow, Preview, Processed, advice, place};
use crate::config::{Accept, Outbox, Route, UDBETALING_ID};
use crate::crash::{self, Point};
use crate::domain::{ForespoergselId, Miljoe, Rettelse, Udbetaling};
use crate::fault::Code;
use crate::layout::Layout;
use crate::message::{BindError, udbetaling};
use crate::record::{Faults, Options, ReadError};
use crate::store::{
    Indlaesning, MatchBy, Matched, Payload, Ready, SettleOrder, Settled, Step, Transfer,
};
use crate::transfer::advice::Advice;
use crate::transfer::report::{Part, Report};
use crate::transfer::spool::write_durably;
use crate::transfer::state::Event;
use crate::transfer::{Desk, TransferError};
use fs_err::File;
use std::collections::BTreeSet;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// The layout of the message.
pub const LAYOUT: &str = "sf2520-kontanthjaelpsudbetaling";

/// One route's settings and compiled format.
pub struct Sf2520 {
    format: udbetaling::Format,
    options: Options,
    outbox: Outbox,
    accept: Accept,
    rettelse: Rettelse,
}

/// What a report comes to before anything of it is visible.
enum Looked {
    /// It can be applied.
    Good(Good),
    /// It was applied before, brought by this transfer.
    Known(Udbetaling, Box<Transfer>),
    /// It cannot be applied.
    Bad(Refusal),
}

/// A report that can be applied.
struct Good {
    head: Udbetaling,
    ready: Ready,
    /// How many records are refused, and what is wrong with them.
    afvist: u32,
    faults: Option<Faults>,
}

/// What became of a report.
enum Outcome {
    Settled(Box<Settled>),
    Known(Udbetaling, Box<Transfer>),
    Bad(Refusal),
}

impl Sf2520 {
    /// Binds the flow to the layout of its message.
    pub fn new(layout: &Layout, options: Options, route: &Route) -> Result<Self, BindError> {
        Ok(Self {
            format: udbetaling::Format::bind(layout)?,
            options,
            outbox: route.outbox.clone(),
            accept: route.accept,
            rettelse: route.rettelse,
        })
    }

    /// Reads a report into the store, where nobody else sees it yet, and holds it against what is
    /// expected.
    fn look<F: Read + Seek>(
        &self,
        ours: Miljoe,
        intake: &mut dyn Indlaesning,
        file: &mut F,
        released: bool,
    ) -> Result<Looked, TransferError> {
        let mut reader = self.format.read(&mut *file, self.options);
        let head = match reader.head() {
            Ok(head) => head,
            Err(error) => return Ok(Looked::Bad(Refusal::unread(error, UDBETALING_ID)?)),
        };
        if head.miljoe != ours {
            let refusal = Refusal::wrong_miljoe(head.miljoe, ours);
            return Ok(Looked::Bad(refusal));
        }
        let mut faults = loop {
            match reader.next_indberetning() {
                Ok(Some(indberetning)) => intake.put(&indberetning)?,
                Ok(None) => break Vec::new(),
                // What else is wrong is told with them.
                Err(ReadError::Faults(found)) if self.are_about_records(&found) => {
                    break found.into_vec();
                }
                Err(error) => return Ok(Looked::Bad(Refusal::unread(error, UDBETALING_ID)?)),
            }
        };
        drop(reader);
        let ready = match self.match_up(intake, &head, released)? {
            Matched::Ready(ready) => ready,
            _ if self.accept == Accept::File && !faults.is_empty() => Ready::default(),
            Matched::Known(earlier) => return Ok(Looked::Known(head, earlier)),
            Matched::RequestUnknown(id) => return Ok(Looked::Bad(request_unknown(id))),
            Matched::RequestDiffers(id) => return Ok(Looked::Bad(request_differs(id))),
        };
        let unread: BTreeSet<_> = faults.iter().map(|fault| fault.position.record).collect();
        let afvist = ready.refused + u32::try_from(unread.len()).unwrap_or(u32::MAX);
        if ready.refused > 0 {
            file.rewind()?;
            match self.format.objections(file, self.options, &ready.objections) {
                Ok(objected) => faults.extend(objected),
                Err(error) => return Ok(Looked::Bad(Refusal::unread(error, UDBETALING_ID)?)),
            }
        }
        Ok(match Faults::of(faults, self.options.fault_limit) {
            Some(faults) if self.accept == Accept::File || !self.are_about_records(&faults) => {
                Looked::Bad(Refusal::faulty(faults, UDBETALING_ID))
            }
            faults => Looked::Good(Good { head, ready, afvist, faults }),
        })
    }

    /// Holds what was read against the expectations of the request that the report names. Where an
    /// operator has released it and that one is not here, any of its month will do.
    fn match_up(
        &self,
        intake: &mut dyn Indlaesning,
        head: &Udbetaling,
        released: bool,
    ) -> Result<Matched, TransferError> {
        // One more than is told: that there are too many.
        let limit = self.options.fault_limit + 1;
        Ok(match intake.match_up(head, MatchBy::Request, limit)? {
            Matched::RequestUnknown(_) | Matched::RequestDiffers(_) if released => {
                intake.match_up(head, MatchBy::Period, limit)?
            }
            matched => matched,
        })
    }

    /// Whether each of these faults, all that there are, is about one record alone.
    fn are_about_records(&self, faults: &Faults) -> bool {
        faults.as_slice().iter().all(|fault| self.format.is_about_one(fault))
    }

    /// Applies a report whole, but for the records that it may be taken without, or not at all.
    fn settle(&self, desk: &Desk<'_>, inbound: &Transfer) -> Result<Outcome, TransferError> {
        let mut file = File::open(desk.spool.incoming(inbound.id))?;
        let mut store = desk.store();
        let ours = store.miljoe();
        let mut intake = store.take_in()?;
        let Good { head, ready, afvist, faults } =
            match self.look(ours, &mut *intake, &mut file, inbound.released)? {
                Looked::Good(good) => good,
                Looked::Known(head, earlier) => return Ok(Outcome::Known(head, earlier)),
                Looked::Bad(refusal) => {
                    file.rewind()?;
                    let about = self.format.about(file, self.options)?;
                    return Ok(Outcome::Bad(refusal.or_about(about)));
                }
            };
        let place = place(&self.outbox, &head);
        let told = faults.map(|faults| {
            let (applied, advice) = (ready.antal, advice::send_refused());
            Report::in_part(inbound, &faults, &advice, Part { applied, refused: afvist }).json()
        });
        let order = SettleOrder {
            inbound,
            udbetaling: &head,
            rettelse: self.rettelse,
            afvist,
            rapport: told.as_ref().map(|told| (&place, told.as_str())),
        };
        Ok(Outcome::Settled(Box::new(intake.settle(&order, desk.now())?)))
    }
}

impl Flow for Sf2520 {
    fn in_order(&self) -> bool {
        true
    }

    fn process(&self, desk: &Desk<'_>, inbound: Transfer) -> Result<Processed, TransferError> {
        if let Some(refusal) = Refusal::of_name(desk, &inbound, UDBETALING_ID)? {
            return refusal.carry_out(desk, &inbound);
        }
        match self.settle(desk, &inbound)? {
            Outcome::Settled(settled) => {
                let Settled { indlaest, inbound, outbound } = *settled;
                crash::reached(Point::ReportCommitted);
                let effect = Some(Effect::Settled(indlaest));
                Ok(Processed { inbound, effect, owed: outbound })
            }
            Outcome::Known(head, earlier) if earlier.payload == inbound.payload => {
                let step = Step { about: Some((&head).into()), ..Step::plain(Event::Recognise) };
                let inbound = desk.store().advance(&inbound, &step, desk.now())?;
                Ok(Processed::without_effect(inbound))
            }
            Outcome::Known(head, earlier) => {
                report_conflict(&head, &earlier).carry_out(desk, &inbound)
            }
            Outcome::Bad(refusal) => refusal.carry_out(desk, &inbound),
        }
    }

    /// What the sender is told of refused records, as it was committed.
    fn render(
        &self,
        desk: &Desk<'_>,
        outbound: &Transfer,
        path: &Path,
    ) -> Result<Payload, TransferError> {
        let told =
            desk.store().rapport(outbound.id)?.ok_or_else(|| not_in_store("its report is"))?;
        write_durably(path, |out| Ok(out.write_all(told.as_bytes())?))
    }

    fn preview(
        &self,
        desk: &Desk<'_>,
        input: &mut dyn Read,
        _out: &mut dyn Write,
    ) -> Result<Preview, TransferError> {
        // Read twice where records are objected to.
        let mut file = tempfile::tempfile()?;
        io::copy(input, &mut file)?;
        file.rewind()?;
        let mut store = desk.store();
        let ours = store.miljoe();
        let mut intake = store.take_in()?;
        Ok(match self.look(ours, &mut *intake, &mut file, false)? {
            Looked::Good(Good { head, ready, afvist, .. }) => {
                Preview::Settled(head.kommunekode, Ready { refused: afvist, ..ready })
            }
            // Its bytes are compared when it is processed.
            Looked::Known(head, _) => Preview::Recognised(head.kommunekode),
            Looked::Bad(refusal) => Preview::Refused(refusal.problem),
        })
    }
}

fn report_conflict(head: &Udbetaling, earlier: &Transfer) -> Refusal {
    let id = head.udbetaling_id;
    let text = format!(
        "udbetaling_id {id} was used before with other content (transfer {}); ask the sender which \
         one holds, and if it is this one, for a file under a new udbetaling_id: the earlier one \
         stays in force; `modregn reject` closes this one",
        earlier.id
    );
    Refusal::hold(Code::ReportConflict, text, advice::say_which(UDBETALING_ID, id)).about(head)
}

fn request_unknown(id: ForespoergselId) -> Refusal {
    let text =
        format!("it reports on forespoergsel_id {id}, which was never answered here; {RELEASE}");
    Refusal::hold(Code::RequestUnknown, text, Advice::wait())
}

fn request_differs(id: ForespoergselId) -> Refusal {
    let text = format!(
        "it reports on forespoergsel_id {id}, which is of another municipality, period or \
         dispositionsdato; {RELEASE}"
    );
    Refusal::hold(Code::RequestDiffers, text, Advice::wait())
}

const RELEASE: &str = "ask the sender; `modregn release` settles by municipality, aftale_id and \
    period whatever request it names, `modregn reject` does not";
