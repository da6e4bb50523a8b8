//! The debitorsystem's end: a transfer of registrations is entered into the ledger, each one
//! accepted or rejected by itself, and a kvittering says which. Only an acceptance takes the
//! responsibility over.

use crate::config::{OVERFOERSEL_ID, Outbox, Route};
use crate::crash::{self, Point};
use crate::domain::Kommunekode;
use crate::domain::debitor::regler::{self, Regel};
use crate::domain::debitor::{Kvittering, KvitteringId, Overfoersel, Sortiment};
use crate::fault::Code;
use crate::flow::balance::{not_in_store, stop, stopped, unbalanced, unreadable, unwritable};
use crate::flow::refusal::Refusal;
use crate::flow::{Effect, Flow, Preview, Processed, advice, place};
use crate::layout::Layout;
use crate::message::debitorregistrering::{OverfoerselReader, Overfoert};
use crate::message::{BindError, debitorkvittering, debitorregistrering};
use crate::record::Options;
use crate::store::{
    Bogfoert, Known, KvitteringOrder, Payload, Received, Store, StoreError, Transfer,
};
use crate::transfer::advice::Advice;
use crate::transfer::spool::write_durably;
use crate::transfer::state::State;
use crate::transfer::{Desk, TransferError};
use chrono::SubsecRound;
use fs_err::File;
use std::collections::BTreeSet;
use std::io::{Read, Seek, Write};
use std::path::Path;
use uuid::Uuid;

/// One route's settings and compiled formats.
pub struct Debitorsystem {
    registrering: debitorregistrering::Format,
    kvittering: debitorkvittering::Format,
    options: Options,
    outbox: Outbox,
    kommuner: BTreeSet<Kommunekode>,
}

/// What became of a transfer.
enum Outcome {
    Entered(Bogfoert, Known),
    Known(Overfoersel, Known),
    Bad(Refusal),
}

impl Debitorsystem {
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
            outbox: route.outbox.clone(),
            kommuner: route.kommuner.clone(),
        })
    }

    /// Enters a transfer whole, or not at all; whose file has faults does nothing.
    fn enter(&self, desk: &Desk<'_>, inbound: &Transfer) -> Result<Outcome, TransferError> {
        let mut file = File::open(desk.spool.incoming(inbound.id))?;
        let mut reader = self.registrering.read(&mut file, self.options);
        let mut store = desk.store();
        let (head, sortiment) = match self.head(&**store, &mut reader, inbound.released)? {
            Ok(good) => good,
            Err(refusal) => return self.bad(file, refusal),
        };
        let mut intake = match store.receive(&head)? {
            Received::New(intake) => intake,
            Received::Known(known) => return Ok(Outcome::Known(head, *known)),
        };
        let read = self.each(
            &mut reader,
            &sortiment,
            &mut |Overfoert { sekvens, registrering }, brud| {
                intake.put(sekvens, &registrering, brud).map(drop)
            },
        )?;
        if let Err(refusal) = read {
            return self.bad(file, refusal);
        }
        let now = desk.now();
        let kvittering = Kvittering {
            kvittering_id: KvitteringId(Uuid::now_v7()),
            overfoersel_id: head.overfoersel_id,
            kommunekode: head.kommunekode,
            fagsystem: head.fagsystem,
            dannet: now.trunc_subsecs(0),
            miljoe: head.miljoe,
        };
        let place = place(&self.outbox, &kvittering);
        let order = KvitteringOrder { inbound, kvittering: &kvittering, place: &place };
        let (bogfoert, known) = intake.finish(&order, now)?;
        crash::reached(Point::OverfoerselCommitted);
        Ok(Outcome::Entered(bogfoert, known))
    }

    /// A transfer's head, and the classes that its registrations may use.
    fn head<R: Read>(
        &self,
        store: &dyn Store,
        reader: &mut OverfoerselReader<'_, R>,
        released: bool,
    ) -> Result<Result<(Overfoersel, Sortiment), Refusal>, TransferError> {
        let head = match reader.head() {
            Ok(head) => head,
            Err(error) => return Refusal::unread(error, OVERFOERSEL_ID).map(Err),
        };
        let ours = store.miljoe();
        if head.miljoe != ours {
            return Ok(Err(Refusal::wrong_miljoe(head.miljoe, ours).about(&head)));
        }
        let here = self.kommuner.is_empty() || self.kommuner.contains(&head.kommunekode);
        if !here || head.myndighed_cvr.number() != head.kommunekode.cvr() {
            return Ok(Err(wrong_recipient(&head)));
        }
        let sortiment = store.sortiment()?;
        if !sortiment.knows(&head.fagsystem) && !released {
            return Ok(Err(sortiment_unknown(&head)));
        }
        Ok(Ok((head, sortiment)))
    }

    /// Gives away every registration, with the first rule that it breaks by itself.
    fn each<R: Read>(
        &self,
        reader: &mut OverfoerselReader<'_, R>,
        sortiment: &Sortiment,
        visit: &mut dyn FnMut(Overfoert, Option<Regel>) -> Result<(), StoreError>,
    ) -> Result<Result<(), Refusal>, TransferError> {
        loop {
            match reader.next_registrering() {
                Ok(Some(overfoert)) => {
                    let brud = regler::brud(&overfoert.registrering, sortiment, self.options.cpr);
                    visit(overfoert, brud.first().map(|brud| brud.regel))?;
                }
                Ok(None) => return Ok(Ok(())),
                Err(error) => return Refusal::unread(error, OVERFOERSEL_ID).map(Err),
            }
        }
    }

    /// A refused file, with what it says that it is about.
    fn bad(&self, mut file: File, refusal: Refusal) -> Result<Outcome, TransferError> {
        file.rewind()?;
        let about = self.registrering.about(file, self.options)?;
        Ok(Outcome::Bad(refusal.or_about(about)))
    }

    /// Writes a kvittering from committed rows, and nothing else.
    fn write(
        &self,
        store: &dyn Store,
        bogfoert: &Bogfoert,
        out: &mut dyn Write,
    ) -> Result<(), TransferError> {
        let kvittering = &bogfoert.kvittering;
        let mut file = self.kvittering.begin(kvittering, out).map_err(unwritable)?;
        store
            .each_registreringssvar(kvittering.overfoersel_id, &mut |svar| {
                file.svar(&svar).map_err(stop)
            })
            .map_err(stopped)?;
        file.finish().map_err(unwritable)
    }

    /// Reads the file as its recipient will, and holds it against what was committed.
    fn balance(&self, committed: &Bogfoert, path: &Path) -> Result<(), TransferError> {
        let mut reader = self.kvittering.read(File::open(path)?, self.options);
        let kvittering = reader.head().map_err(unreadable)?;
        let mut in_file = Bogfoert { kvittering, antal_accepteret: 0, antal_afvist: 0 };
        while let Some(svar) = reader.next_svar().map_err(unreadable)? {
            match svar.afvisning {
                None => in_file.antal_accepteret += 1,
                Some(_) => in_file.antal_afvist += 1,
            }
        }
        if in_file == *committed {
            return Ok(());
        }
        let what = |one: &Bogfoert| {
            format!(
                "{} acceptances and {} rejections for {}",
                one.antal_accepteret, one.antal_afvist, one.kvittering.kommunekode
            )
        };
        let what = format!("the file has {}, the store {}", what(&in_file), what(committed));
        Err(TransferError::Refused(unbalanced(&what)))
    }

    /// The same file again, or another one under the same name.
    fn again(
        desk: &Desk<'_>,
        inbound: &Transfer,
        head: &Overfoersel,
        earlier: &Known,
    ) -> Result<Processed, TransferError> {
        if earlier.inbound.payload != inbound.payload {
            return conflict(head, &earlier.inbound).carry_out(desk, inbound);
        }
        if earlier.outbound.state == State::Cancelled && !inbound.released {
            return cancelled(head, &earlier.outbound).carry_out(desk, inbound);
        }
        let Known { inbound, outbound } = desk.store().receive_again(inbound, head, desk.now())?;
        let effect = desk.store().bogfoert(outbound.id)?.map(Effect::Bogfoert);
        Ok(Processed { inbound, effect, owed: Some(outbound) })
    }
}

impl Flow for Debitorsystem {
    /// A registration rests on those before it.
    fn in_order(&self) -> bool {
        true
    }

    fn process(&self, desk: &Desk<'_>, inbound: Transfer) -> Result<Processed, TransferError> {
        if let Some(refusal) = Refusal::of_name(desk, &inbound, OVERFOERSEL_ID)? {
            return refusal.carry_out(desk, &inbound);
        }
        match self.enter(desk, &inbound)? {
            Outcome::Entered(bogfoert, Known { inbound, outbound }) => {
                let effect = Some(Effect::Bogfoert(bogfoert));
                Ok(Processed { inbound, effect, owed: Some(outbound) })
            }
            Outcome::Known(head, known) => Self::again(desk, &inbound, &head, &known),
            Outcome::Bad(refusal) => refusal.carry_out(desk, &inbound),
        }
    }

    fn render(
        &self,
        desk: &Desk<'_>,
        outbound: &Transfer,
        path: &Path,
    ) -> Result<Payload, TransferError> {
        let store = desk.store();
        let bogfoert =
            store.bogfoert(outbound.id)?.ok_or_else(|| not_in_store("its transfer is"))?;
        let payload = write_durably(path, |out| self.write(&**store, &bogfoert, out))?;
        drop(store);
        self.balance(&bogfoert, path)?;
        Ok(payload)
    }

    fn preview(
        &self,
        desk: &Desk<'_>,
        input: &mut dyn Read,
        out: &mut dyn Write,
    ) -> Result<Preview, TransferError> {
        let store = desk.store();
        let mut reader = self.registrering.read(input, self.options);
        let (head, sortiment) = match self.head(&**store, &mut reader, false)? {
            Ok(good) => good,
            Err(refusal) => return Ok(Preview::Refused(refusal.problem)),
        };
        if let Some(known) = store.received(head.overfoersel_id)? {
            // Its bytes are compared when it is processed.
            if let Some(bogfoert) = store.bogfoert(known.outbound.id)? {
                self.write(&**store, &bogfoert, out)?;
            }
            return Ok(Preview::Recognised(head.kommunekode));
        }
        let (mut antal, mut antal_brud) = (0, 0);
        let read = self.each(&mut reader, &sortiment, &mut |_, brud| {
            antal += 1;
            antal_brud += u32::from(brud.is_some());
            Ok(())
        })?;
        Ok(match read {
            Ok(()) => Preview::Entered(head.kommunekode, antal, antal_brud),
            Err(refusal) => Preview::Refused(refusal.problem),
        })
    }
}

fn conflict(head: &Overfoersel, earlier: &Transfer) -> Refusal {
    let id = head.overfoersel_id;
    let text = format!(
        "overfoersel_id {id} was used before with other content (transfer {}); ask the sender \
         which one holds, and if it is this one, for a file under a new overfoersel_id: the \
         earlier one stays in force; `modregn reject` closes this one",
        earlier.id
    );
    Refusal::hold(Code::TransferConflict, text, advice::say_which(OVERFOERSEL_ID, id.0)).about(head)
}

fn cancelled(head: &Overfoersel, outbound: &Transfer) -> Refusal {
    let text = format!(
        "an operator has cancelled the kvittering of this transfer (transfer {}); `modregn \
         release` sends it after all, `modregn reject` leaves it cancelled",
        outbound.id
    );
    Refusal::hold(Code::AnswerCancelled, text, Advice::wait()).about(head)
}

fn wrong_recipient(head: &Overfoersel) -> Refusal {
    let text = format!(
        "it is for {} {} with CVR number {}: that is none of the route's `kommuner`, or not that \
         municipality's number; ask the sender",
        head.kommunekode,
        head.kommunekode.navn(),
        head.myndighed_cvr
    );
    let advice = advice::send_to_recipient(head.kommunekode);
    Refusal::reject(Code::WrongRecipient, text, advice).about(head)
}

fn sortiment_unknown(head: &Overfoersel) -> Refusal {
    let text = format!(
        "no class of {} is known here: every debitorkonto it makes would be rejected; `modregn \
         import sortiment` and then `modregn release`, or `modregn reject`",
        head.fagsystem
    );
    Refusal::hold(Code::SortimentUnknown, text, Advice::wait()).about(head)
}
