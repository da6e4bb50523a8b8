//! The fagsystem's end: what waits is cut into transfers by municipality, and kvitteringer say what
//! became of each registration. Until one is accepted, the responsibility for it is ours.

use crate::config::{Cutting, KVITTERING_ID, Outbox, Route};
use crate::crash::{self, Point};
use crate::domain::bankdage::danish_day;
use crate::domain::debitor::{Kvittering, Overfoersel, OverfoerselId, Registreringssvar, Rute};
use crate::fault::Code;
use crate::flow::balance::{not_in_store, stop, stopped, unbalanced, unreadable, unwritable};
use crate::flow::refusal::Refusal;
use crate::flow::{Effect, Flow, Preview, Processed, advice, place};
use crate::layout::Layout;
use crate::message::debitorregistrering::Totals;
use crate::message::{BindError, debitorkvittering, debitorregistrering};
use crate::record::Options;
use crate::store::{
    Answered, AnswersOrder, CutOrder, CutTransfer, Payload, Step, Store, StoreError, Transfer,
    Waiting,
};
use crate::transfer::advice::Advice;
use crate::transfer::spool::write_durably;
use crate::transfer::state::Event;
use crate::transfer::{Desk, TransferError};
use chrono::SubsecRound;
use fs_err::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use uuid::Uuid;

/// One route's settings and compiled formats.
pub struct Fagsystem {
    registrering: debitorregistrering::Format,
    kvittering: debitorkvittering::Format,
    options: Options,
    flow: &'static str,
    outbox: Outbox,
    cutting: Cutting,
}

/// What became of a kvittering.
enum Outcome {
    Answered(Kvittering, Answered),
    Bad(Refusal),
}

impl Fagsystem {
    /// Binds the flow to the layouts of its two messages.
    pub fn new(
        registrering: &Layout,
        kvittering: &Layout,
        options: Options,
        route: &Route,
    ) -> Result<Self, BindError> {
        Ok(Self {
            registrering: debitorregistrering::Format::bind(registrering)?,
            kvittering: debitorkvittering::Format::bind(kvittering)?,
            options,
            flow: route.flow.as_str(),
            outbox: route.outbox.clone(),
            cutting: route.cutting(),
        })
    }

    /// Most records of a transfer's registrations, by its size.
    fn most_records(&self) -> u64 {
        let (none, one) = (self.registrering.file_bytes(0), self.registrering.file_bytes(1));
        self.cutting.bytes.saturating_sub(none) / (one - none).max(1)
    }

    /// Cuts what waits for one municipality, as far as it is due; gives how many transfers.
    fn cut_all(
        &self,
        desk: &Desk<'_>,
        rute: &Rute,
        waiting: &Waiting,
    ) -> Result<usize, TransferError> {
        let (registreringer, poster) = (self.cutting.registreringer.get(), self.most_records());
        let is_due = self.cutting.is_due(waiting.oldest, desk.now());
        let (mut left, mut cut) = ((waiting.antal, waiting.poster), 0);
        while left.0 > 0 && (is_due || left.0 >= registreringer.into() || left.1 >= poster) {
            let now = desk.now();
            let overfoersel = Overfoersel {
                overfoersel_id: OverfoerselId(Uuid::now_v7()),
                kommunekode: waiting.kommunekode,
                myndighed_cvr: rute.myndighed_cvr,
                fagsystem: waiting.fagsystem.clone(),
                dannet: now.trunc_subsecs(0),
                miljoe: desk.store().miljoe(),
            };
            let order = CutOrder {
                overfoersel: &overfoersel,
                debitorsystem: &rute.debitorsystem,
                flow: self.flow,
                place: &place(&self.outbox, &overfoersel),
                registreringer,
                poster,
            };
            let Some(transfer) = desk.store().cut(&order, now)? else { break };
            crash::reached(Point::TransferCut);
            left.0 = left.0.saturating_sub(transfer.antal_registreringer.into());
            left.1 = left.1.saturating_sub(transfer.antal_poster);
            cut += 1;
        }
        Ok(cut)
    }

    fn answer(&self, desk: &Desk<'_>, inbound: &Transfer) -> Result<Outcome, TransferError> {
        let mut file = File::open(desk.spool.incoming(inbound.id))?;
        let mut store = desk.store();
        let ours = store.miljoe();
        let mut answers = store.take_answers()?;
        let kvittering = match self.take(&mut file, &mut |svar| answers.put(svar))? {
            Ok(kvittering) if kvittering.miljoe == ours => kvittering,
            Ok(kvittering) => {
                let refusal = Refusal::wrong_miljoe(kvittering.miljoe, ours).about(&kvittering);
                return Ok(Outcome::Bad(refusal));
            }
            Err(refusal) => {
                file.rewind()?;
                let about = self.kvittering.about(file, self.options)?;
                return Ok(Outcome::Bad(refusal.or_about(about)));
            }
        };
        let order = AnswersOrder { inbound, kvittering: &kvittering };
        let answered = answers.settle(&order, desk.now())?;
        Ok(Outcome::Answered(kvittering, answered))
    }

    /// Reads a kvittering whole.
    fn take(
        &self,
        input: impl Read,
        put: &mut dyn FnMut(&Registreringssvar) -> Result<(), StoreError>,
    ) -> Result<Result<Kvittering, Refusal>, TransferError> {
        let mut reader = self.kvittering.read(input, self.options);
        let kvittering = match reader.head() {
            Ok(kvittering) => kvittering,
            Err(error) => return Refusal::unread(error, KVITTERING_ID).map(Err),
        };
        loop {
            match reader.next_svar() {
                Ok(Some(svar)) => put(&svar)?,
                Ok(None) => return Ok(Ok(kvittering)),
                Err(error) => return Refusal::unread(error, KVITTERING_ID).map(Err),
            }
        }
    }

    /// Writes a transfer from committed rows, and nothing else.
    fn write(
        &self,
        store: &dyn Store,
        cut: &CutTransfer,
        out: &mut dyn Write,
    ) -> Result<(), TransferError> {
        let head = &cut.overfoersel;
        let mut file = self.registrering.begin(head, self.options.cpr, out).map_err(unwritable)?;
        store
            .each_sent(head.overfoersel_id, &mut |(sekvens, registrering)| {
                file.registrering(sekvens, &registrering).map_err(stop)
            })
            .map_err(stopped)?;
        file.finish().map_err(unwritable)
    }

    /// Reads the file as its recipient will, and holds it against the committed transfer.
    fn balance(&self, cut: &CutTransfer, path: &Path) -> Result<(), TransferError> {
        let reader = self.registrering.read(File::open(path)?, self.options);
        let Totals { overfoersel, antal_registreringer, antal_poster, sum_hovedstol, sum_betalt } =
            reader.totals().map_err(unreadable)?;
        let in_file = CutTransfer {
            overfoersel,
            antal_registreringer,
            antal_poster,
            sum_hovedstol,
            sum_betalt,
        };
        if in_file == *cut {
            return Ok(());
        }
        let what = |cut: &CutTransfer| {
            format!(
                "{} registrations for {}, {} kr. owed, {} kr. paid",
                cut.antal_registreringer,
                cut.overfoersel.kommunekode,
                cut.sum_hovedstol,
                cut.sum_betalt
            )
        };
        let what = format!("the file has {}, the store {}", what(&in_file), what(cut));
        Err(TransferError::Refused(unbalanced(&what)))
    }
}

impl Flow for Fagsystem {
    fn owe_due(&self, desk: &Desk<'_>) -> Result<usize, TransferError> {
        let (given_back, ruter, waiting) = {
            let mut store = desk.store();
            (store.give_back(desk.now())?, store.ruter()?, store.waiting()?)
        };
        if given_back > 0 {
            tracing::info!(given_back, "registrations of cancelled transfers wait again");
        }
        let today = danish_day(desk.now());
        let mut cut = 0;
        for waiting in waiting {
            let here = |rute: &&Rute| {
                rute.kommunekode == waiting.kommunekode
                    && rute.endpoint == self.outbox.endpoint
                    && rute.holds_on(today)
            };
            if let Some(rute) = ruter.iter().find(here) {
                cut += self.cut_all(desk, rute, &waiting)?;
            }
        }
        Ok(cut)
    }

    fn process(&self, desk: &Desk<'_>, inbound: Transfer) -> Result<Processed, TransferError> {
        if let Some(refusal) = Refusal::of_name(desk, &inbound, KVITTERING_ID)? {
            return refusal.carry_out(desk, &inbound);
        }
        let (kvittering, answered) = match self.answer(desk, &inbound)? {
            Outcome::Answered(kvittering, answered) => (kvittering, answered),
            Outcome::Bad(refusal) => return refusal.carry_out(desk, &inbound),
        };
        let refusal = match answered {
            Answered::New(settled) => {
                crash::reached(Point::KvitteringCommitted);
                let (kvitteret, inbound) = *settled;
                let effect = Some(Effect::Kvitteret(kvitteret));
                return Ok(Processed { inbound, effect, owed: None });
            }
            Answered::Known(earlier) if earlier.payload == inbound.payload => {
                let about = Some((&kvittering).into());
                let step = Step { about, ..Step::plain(Event::Recognise) };
                let inbound = desk.store().advance(&inbound, &step, desk.now())?;
                return Ok(Processed::without_effect(inbound));
            }
            Answered::Known(earlier) => conflict(&kvittering, &earlier),
            Answered::Unknown => unknown(&kvittering),
            Answered::Differs => differs(&kvittering),
        };
        refusal.about(&kvittering).carry_out(desk, &inbound)
    }

    fn render(
        &self,
        desk: &Desk<'_>,
        outbound: &Transfer,
        path: &Path,
    ) -> Result<Payload, TransferError> {
        let store = desk.store();
        let cut = store
            .cut_transfer(outbound.id)?
            .ok_or_else(|| not_in_store("its registrations are"))?;
        let payload = write_durably(path, |out| self.write(&**store, &cut, out))?;
        drop(store);
        self.balance(&cut, path)?;
        Ok(payload)
    }

    fn preview(
        &self,
        desk: &Desk<'_>,
        input: &mut dyn Read,
        _out: &mut dyn Write,
    ) -> Result<Preview, TransferError> {
        let ours = desk.store().miljoe();
        let mut antal = 0;
        let mut count = |_: &Registreringssvar| {
            antal += 1;
            Ok(())
        };
        Ok(match self.take(input, &mut count)? {
            Ok(kvittering) if kvittering.miljoe == ours => {
                Preview::Noted(kvittering.kommunekode, antal)
            }
            Ok(kvittering) => {
                Preview::Refused(Refusal::wrong_miljoe(kvittering.miljoe, ours).problem)
            }
            Err(refusal) => Preview::Refused(refusal.problem),
        })
    }
}

fn conflict(kvittering: &Kvittering, earlier: &Transfer) -> Refusal {
    let id = kvittering.kvittering_id;
    let text = format!(
        "kvittering_id {id} was used before with other content (transfer {}); ask the \
         debitorsystem which one holds, and if it is this one, for a file under a new \
         kvittering_id: the earlier one stays in force; `modregn reject` closes this one",
        earlier.id
    );
    Refusal::hold(Code::KvitteringConflict, text, advice::say_which(KVITTERING_ID, id.0))
}

fn unknown(kvittering: &Kvittering) -> Refusal {
    let text = format!(
        "it answers overfoersel_id {}, which was never cut here; ask the debitorsystem whose it \
         is; `modregn reject` closes it",
        kvittering.overfoersel_id
    );
    Refusal::hold(Code::KvitteringUnknown, text, Advice::wait())
}

fn differs(kvittering: &Kvittering) -> Refusal {
    let text = format!(
        "it answers overfoersel_id {}, which is of another municipality or fagsystem than it says; \
         ask the debitorsystem for a right one; `modregn reject` closes this one",
        kvittering.overfoersel_id
    );
    Refusal::hold(Code::KvitteringDiffers, text, Advice::wait())
}
