//! Records in, registrations out.

use super::{
    Dagfelter, Format, Hoved, Indbetalingsfelter, MOST_POSTER, Overfoert, PERSON, Partfelter, Start,
};
use crate::domain::debitor::{
    Adresse, Afslutning, Debitorkonto, DebitorkontoId, Debitorregistrering, Delfordring, Fordring,
    Fordringstilstand, Haeftelse, Indbetaling, IndbetalingId, Materialeabonnement, Operation,
    Operationskode, Overfoersel, OverfoerselId, Part, RegistreringId, Rolle, Tilstandsrettelse,
};
use crate::domain::text::Tekst;
use crate::domain::{Beloeb, DelfordringId, Fagsystem, FordringId, Klasse, Miljoe};
use crate::fault::Code;
use crate::layout::model::{FieldIx, Kind, RecordIx, Sign};
use crate::message::{OwnFaults, bound, identifier, instant_of};
use crate::record::{Expected, Fault, Found, ReadError, Reader, RecordView};
use chrono::{DateTime, NaiveDate, Utc};
use std::io::Read;

/// A transfer that is being read: its head first, then its registrations. Memory does not grow with
/// the file.
pub struct OverfoerselReader<'f, R> {
    reader: Reader<'f, R>,
    gathering: Gathering<'f>,
}

/// What has been read so far, and not yet given away.
struct Gathering<'f> {
    format: &'f Format,
    head: Option<Overfoersel>,
    /// The number of the record that was looked at last.
    seen: u64,
    /// The registration whose parts may still come. None where there is a fault in it: it is passed
    /// over to its end.
    open: Option<Open>,
    /// The one before it, complete.
    done: Option<Overfoert>,
    faults: OwnFaults,
}

/// What a transfer's file comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Its head.
    pub overfoersel: Overfoersel,
    /// How many registrations it has.
    pub antal_registreringer: u32,
    /// Their records.
    pub antal_poster: u64,
    /// What is owed newly by them, øre.
    pub sum_hovedstol: Beloeb,
    /// What is paid by them, øre; reversed payments are subtracted.
    pub sum_betalt: Beloeb,
}

/// A registration whose parts may still come.
struct Open {
    sekvens: u32,
    registrering_id: RegistreringId,
    debitorkonto_id: DebitorkontoId,
    registreret: DateTime<Utc>,
    virkningsdato: NaiveDate,
    retter: Option<RegistreringId>,
    kode: Operationskode,
    /// What is done, as soon as the record has come that no such registration can be without.
    operation: Option<Operation>,
    poster: u32,
}

type Checked<T> = Result<T, Box<Fault>>;

impl<'f, R: Read> OverfoerselReader<'f, R> {
    pub(super) const fn new(format: &'f Format, reader: Reader<'f, R>, faults: OwnFaults) -> Self {
        let gathering = Gathering { format, head: None, seen: 0, open: None, done: None, faults };
        Self { reader, gathering }
    }

    /// Reads the head. Where it is faulty, so is the file: everything that is wrong with it.
    pub fn head(&mut self) -> Result<Overfoersel, ReadError> {
        while self.gathering.head.is_none() && self.advance()? {}
        Ok(bound(self.gathering.head.clone()))
    }

    /// The next good registration; `None` at the end of a file that has no fault. Faulty ones are
    /// passed over; what is wrong with them comes at the end of the file.
    pub fn next_registrering(&mut self) -> Result<Option<Overfoert>, ReadError> {
        while self.gathering.done.is_none() && self.advance()? {}
        Ok(self.gathering.done.take())
    }

    /// Reads the file to its end as its recipient will, with all its controls, and adds it up.
    pub fn totals(mut self) -> Result<Totals, ReadError> {
        let overfoersel = self.head()?;
        let mut totals = Totals {
            overfoersel,
            antal_registreringer: 0,
            antal_poster: 0,
            sum_hovedstol: Beloeb::NUL,
            sum_betalt: Beloeb::NUL,
        };
        let format = self.gathering.format;
        while let Some(record) = self.reader.next_record()? {
            let kind = record.record();
            let amount = |field| Beloeb::from_oere(bound(record.value(field).number()).unscaled);
            if kind == format.slut {
                continue;
            }
            totals.antal_poster += 1;
            if kind == format.hoved.record {
                totals.antal_registreringer += 1;
            } else if kind == format.fordring.record {
                totals.sum_hovedstol = totals.sum_hovedstol + amount(format.fordring.hovedstol);
            } else if kind == format.indbetaling.record {
                totals.sum_betalt = totals.sum_betalt + amount(format.indbetaling.beloeb);
            }
        }
        Ok(totals)
    }

    /// Takes the next record; false at the end of a file that has no fault.
    fn advance(&mut self) -> Result<bool, ReadError> {
        match self.reader.next_record() {
            Ok(Some(record)) => {
                self.gathering.take(&record);
                Ok(true)
            }
            Ok(None) => self.gathering.faults.verdict(None).map(|()| false),
            Err(error) => self.gathering.faults.verdict(Some(error)).map(|()| false),
        }
    }
}

impl Gathering<'_> {
    fn take(&mut self, record: &RecordView<'_>) {
        let (format, kind) = (self.format, record.record());
        let number = record.position().record;
        if number != self.seen + 1 {
            // A faulty record was passed over: what it belonged to cannot be whole.
            self.open = None;
        }
        self.seen = number;
        if kind == format.start.record {
            self.head = self.faults.keep(format.start.read(record));
        } else if kind == format.hoved.record {
            self.close(record);
            self.open = self.faults.keep(format.hoved.read(record));
        } else if kind == format.slut {
            self.close(record);
        } else if let Some(open) = &mut self.open
            && let Err(fault) = format.take_part(open, record)
        {
            self.open = None;
            self.faults.add(*fault);
        }
    }

    /// Ends the registration that is open, before `next`.
    fn close(&mut self, next: &RecordView<'_>) {
        let Some(open) = self.open.take() else { return };
        let Some(operation) = open.operation else {
            let missing = self.format.missing(open.kode, next);
            self.faults.add(*missing);
            return;
        };
        // Without a good head the file is not good either.
        self.done = self.head.as_ref().map(|head| Overfoert {
            sekvens: open.sekvens,
            registrering: Debitorregistrering {
                registrering_id: open.registrering_id,
                fagsystem: head.fagsystem.clone(),
                kommunekode: head.kommunekode,
                debitorkonto_id: open.debitorkonto_id,
                registreret: open.registreret,
                virkningsdato: open.virkningsdato,
                retter: open.retter,
                operation,
            },
        });
    }
}

impl Start {
    fn read(&self, record: &RecordView<'_>) -> Checked<Overfoersel> {
        Ok(Overfoersel {
            overfoersel_id: OverfoerselId(bound(record.value(self.overfoersel_id).uuid())),
            kommunekode: bound(record.value(self.kommunekode).kommunekode()),
            myndighed_cvr: bound(record.value(self.myndighed_cvr).cvr()),
            fagsystem: identifier(record, self.fagsystem, 20, Fagsystem::parse)?,
            dannet: instant_of(record, self.dannet_dato, self.dannet_tid)?,
            miljoe: bound(record.value(self.miljoe).code().and_then(Miljoe::parse)),
        })
    }
}

impl Hoved {
    fn read(&self, record: &RecordView<'_>) -> Checked<Open> {
        let kode = record.value(self.operation).code().and_then(Operationskode::parse);
        let sekvens = bound(record.value(self.sekvens).number()).unscaled;
        let bad = || record.fault(self.sekvens, Code::BadNumber, Expected::Ordinal(1));
        Ok(Open {
            sekvens: u32::try_from(sekvens).map_err(|_| Box::new(bad()))?,
            registrering_id: RegistreringId(bound(record.value(self.registrering_id).uuid())),
            debitorkonto_id: DebitorkontoId(bound(record.value(self.debitorkonto_id).uuid())),
            registreret: instant_of(record, self.registreringsdato, self.registreringstid)?,
            virkningsdato: day(record, self.virkningsdato),
            retter: record.value(self.retter_registrering_id).uuid().map(RegistreringId),
            kode: bound(kode),
            operation: None,
            poster: 1,
        })
    }
}

impl Format {
    /// The record that says what is done.
    const fn main_record(&self, kode: Operationskode) -> RecordIx {
        match kode {
            Operationskode::OpretDebitorkonto => self.debitorkonto.record,
            Operationskode::RetFordringTilstand => self.tilstand.record,
            Operationskode::ForetagIndbetaling
            | Operationskode::ForetagIndbetalingNedregulering => self.indbetaling.record,
            _ => self.afslutning.record,
        }
    }

    /// The records that may stand beside it.
    fn other_records(&self, kode: Operationskode) -> &[RecordIx] {
        if kode == Operationskode::OpretDebitorkonto { &self.of_konto } else { &[] }
    }

    fn names(&self, records: impl IntoIterator<Item = RecordIx>) -> Expected {
        let name = |record| self.codec.layout().record(record).name.clone();
        Expected::Next { names: records.into_iter().map(name).collect(), or_end: false }
    }

    /// That the record is not there that an operation cannot be without.
    fn missing(&self, kode: Operationskode, next: &RecordView<'_>) -> Box<Fault> {
        let (names, found) = (self.names([self.main_record(kode)]), found(next));
        Box::new(next.fault_here(Code::MissingRecord, names, found))
    }

    /// Takes a part of the registration that is open.
    fn take_part(&self, open: &mut Open, record: &RecordView<'_>) -> Checked<()> {
        let (kode, kind) = (open.kode, record.record());
        open.poster += 1;
        if open.poster > MOST_POSTER {
            let most = Expected::AtMostRecords(MOST_POSTER.into());
            return Err(Box::new(record.fault_here(Code::TooManyRecords, most, Found::More)));
        }
        let main = self.main_record(kode);
        if kind == main {
            open.operation = Some(self.operation(kode, record)?);
            return Ok(());
        }
        let others = self.other_records(kode);
        if !others.contains(&kind) {
            let names = self.names([main].into_iter().chain(others.iter().copied()));
            return Err(Box::new(record.fault_here(Code::UnexpectedRecord, names, found(record))));
        }
        match &mut open.operation {
            Some(Operation::OpretDebitorkonto(konto)) => self.add(konto, record),
            _ => Err(self.missing(kode, record)),
        }
    }

    fn operation(&self, kode: Operationskode, record: &RecordView<'_>) -> Checked<Operation> {
        Ok(match kode {
            Operationskode::OpretDebitorkonto => Operation::OpretDebitorkonto(self.konto(record)?),
            Operationskode::RetFordringTilstand => {
                Operation::RetFordringTilstand(self.tilstandsrettelse(record)?)
            }
            Operationskode::ForetagIndbetaling => {
                Operation::ForetagIndbetaling(self.indbetaling.read(record)?)
            }
            Operationskode::ForetagIndbetalingNedregulering => {
                Operation::ForetagIndbetalingNedregulering(self.indbetaling.read(record)?)
            }
            _ => Operation::afslut(kode, self.afslutning(record)?)
                .unwrap_or_else(|_| unreachable!("every other operation ends something")),
        })
    }

    fn konto(&self, record: &RecordView<'_>) -> Checked<Debitorkonto> {
        let field = &self.debitorkonto;
        Ok(Debitorkonto {
            debitorkontotype: klasse(record, field.debitorkontotype)?,
            betegnelse: optional(record, field.betegnelse, tekst)?,
            haeftelser: Vec::new(),
            adresser: Vec::new(),
            materialeabonnementer: Vec::new(),
            fordringer: Vec::new(),
        })
    }

    fn tilstandsrettelse(&self, record: &RecordView<'_>) -> Checked<Tilstandsrettelse> {
        let field = &self.tilstand;
        Ok(Tilstandsrettelse {
            fordring_id: identifier(record, field.fordring_id, 20, FordringId::parse)?,
            fordringstilstand: tilstand(record, field.fordringstilstand),
        })
    }

    fn afslutning(&self, record: &RecordView<'_>) -> Checked<Afslutning> {
        let field = &self.afslutning;
        let (rolle, part) = field.part.read(record);
        Ok(Afslutning {
            rolle,
            part,
            materialetype: optional(record, field.materialetype, klasse)?,
            slutdato: day(record, field.slutdato),
        })
    }

    /// Adds a record to the debitorkonto that it belongs to.
    fn add(&self, konto: &mut Debitorkonto, record: &RecordView<'_>) -> Checked<()> {
        let kind = record.record();
        if kind == self.delfordring.record {
            // The structure has no delfordring without a fordring before it.
            let fordring = bound(konto.fordringer.last_mut());
            fordring.delfordringer.push(self.delfordring(record)?);
        } else if kind == self.fordring.record {
            konto.fordringer.push(self.fordring(record)?);
        } else if kind == self.haeftelse.record {
            let (rolle, part) = self.haeftelse.part.read(record);
            let (gyldig_fra, gyldig_til) = self.haeftelse.dage.read(record);
            konto.haeftelser.push(Haeftelse { rolle, part, gyldig_fra, gyldig_til });
        } else if kind == self.adresse.record {
            konto.adresser.push(self.adresse(record)?);
        } else {
            konto.materialeabonnementer.push(self.materialeabonnement(record)?);
        }
        Ok(())
    }

    fn adresse(&self, record: &RecordView<'_>) -> Checked<Adresse> {
        let field = &self.adresse;
        let (rolle, part) = field.part.read(record);
        let (gyldig_fra, gyldig_til) = field.dage.read(record);
        Ok(Adresse {
            rolle,
            part,
            gyldig_fra,
            gyldig_til,
            vej: tekst(record, field.vej)?,
            postnummer: tekst(record, field.postnummer)?,
            by: tekst(record, field.by)?,
            land: tekst(record, field.land)?,
        })
    }

    fn materialeabonnement(&self, record: &RecordView<'_>) -> Checked<Materialeabonnement> {
        let field = &self.materialeabonnement;
        let (rolle, part) = field.part.read(record);
        let (gyldig_fra, gyldig_til) = field.dage.read(record);
        let materialetype = klasse(record, field.materialetype)?;
        Ok(Materialeabonnement { rolle, part, materialetype, gyldig_fra, gyldig_til })
    }

    fn fordring(&self, record: &RecordView<'_>) -> Checked<Fordring> {
        let field = &self.fordring;
        Ok(Fordring {
            fordring_id: identifier(record, field.fordring_id, 20, FordringId::parse)?,
            kravtype: klasse(record, field.kravtype)?,
            hovedstol: oere(record, field.hovedstol),
            periode_fra: day(record, field.periode_fra),
            periode_til: day(record, field.periode_til),
            forfaldsdato: day(record, field.forfaldsdato),
            fordringstilstand: tilstand(record, field.fordringstilstand),
            delfordringer: Vec::new(),
        })
    }

    fn delfordring(&self, record: &RecordView<'_>) -> Checked<Delfordring> {
        let field = &self.delfordring;
        Ok(Delfordring {
            delfordring_id: identifier(record, field.delfordring_id, 20, DelfordringId::parse)?,
            delfordringstype: klasse(record, field.delfordringstype)?,
            beloeb: oere(record, field.beloeb),
        })
    }
}

impl Indbetalingsfelter {
    fn read(&self, record: &RecordView<'_>) -> Checked<Indbetaling> {
        let signed = oere(record, self.beloeb);
        let tilbagefoerer = record.value(self.tilbagefoerer).uuid().map(IndbetalingId);
        let fault = |code, expected: fn(String) -> Expected| {
            let expected = expected(self.sign(record));
            Err(Box::new(record.fault(self.tilbagefoerer, code, expected)))
        };
        // Nothing has no sign.
        match tilbagefoerer {
            None if signed < Beloeb::NUL => {
                return fault(Code::MissingValue, |sign| Expected::Value(Some(sign)));
            }
            Some(_) if signed > Beloeb::NUL => {
                return fault(Code::UnexpectedValue, Expected::NoValue);
            }
            None | Some(_) => {}
        }
        Ok(Indbetaling {
            indbetaling_id: IndbetalingId(bound(record.value(self.indbetaling_id).uuid())),
            fordring_id: identifier(record, self.fordring_id, 20, FordringId::parse)?,
            delfordring_id: identifier(record, self.delfordring_id, 20, DelfordringId::parse)?,
            beloeb: if signed < Beloeb::NUL { Beloeb::NUL - signed } else { signed },
            indbetalingsdato: day(record, self.indbetalingsdato),
            tilbagefoerer,
        })
    }

    /// The field that the amount's sign stands in.
    fn sign(&self, record: &RecordView<'_>) -> String {
        let beloeb = record.layout().field(self.beloeb);
        match &beloeb.kind {
            Kind::Number { sign: Sign::Field(sign), .. } => {
                record.layout().field(*sign).name.clone()
            }
            _ => beloeb.name.clone(),
        }
    }
}

impl Partfelter {
    fn read(self, record: &RecordView<'_>) -> (Rolle, Part) {
        let rolle = bound(record.value(self.rolle).code().and_then(Rolle::parse));
        let part = if record.value(self.parttype).code() == Some(PERSON) {
            Part::Cpr(bound(record.value(self.cpr).cpr()))
        } else {
            Part::Cvr(bound(record.value(self.cvr).cvr()))
        };
        (rolle, part)
    }
}

impl Dagfelter {
    fn read(self, record: &RecordView<'_>) -> (NaiveDate, Option<NaiveDate>) {
        (day(record, self.gyldig_fra), record.value(self.gyldig_til).date())
    }
}

fn found(record: &RecordView<'_>) -> Found {
    Found::Record(record.layout().name.clone())
}

fn day(record: &RecordView<'_>, field: FieldIx) -> NaiveDate {
    bound(record.value(field).date())
}

fn oere(record: &RecordView<'_>, field: FieldIx) -> Beloeb {
    Beloeb::from_oere(bound(record.value(field).number()).unscaled)
}

fn tilstand(record: &RecordView<'_>, field: FieldIx) -> Fordringstilstand {
    bound(record.value(field).code().and_then(Fordringstilstand::parse))
}

fn klasse(record: &RecordView<'_>, field: FieldIx) -> Checked<Klasse> {
    identifier(record, field, 10, Klasse::parse)
}

fn tekst<const N: usize>(record: &RecordView<'_>, field: FieldIx) -> Checked<Tekst<N>> {
    identifier(record, field, N, Tekst::parse)
}

fn optional<T>(
    record: &RecordView<'_>,
    field: FieldIx,
    read: impl FnOnce(&RecordView<'_>, FieldIx) -> Checked<T>,
) -> Checked<Option<T>> {
    record.value(field).is_some().then(|| read(record, field)).transpose()
}
