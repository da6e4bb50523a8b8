//! Kontanthjælpsudbetaling: the payout report, read and written.

use super::bind::{Binding, Holds};
use super::{BindError, OwnFaults, Row, amount, bound, identifier, integer};
use crate::domain::{
    Aarsag, About, AftaleId, Beloeb, CprPolicy, ForespoergselId, Indberetning, Kommunekode, Miljoe,
    Objection, Udbetaling,
};
use crate::fault::Code;
use crate::layout::Layout;
use crate::layout::model::{FieldIx, RecordIx};
use crate::record::{
    Codec, Expected, Fault, Options, ReadError, Reader, RecordView, Text, Value, WriteError, Writer,
};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// The message, bound to a layout.
pub struct Format {
    codec: Codec,
    start: Start,
    indberetning: Indberetningsfelter,
    slut: RecordIx,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    record: RecordIx,
    kommunekode: FieldIx,
    udbetaling_id: FieldIx,
    dispositionsdato: FieldIx,
    udbetalingsperiode: FieldIx,
    miljoe: FieldIx,
    forespoergsel_id: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Indberetningsfelter {
    record: RecordIx,
    kommunekode: FieldIx,
    loebenummer: FieldIx,
    aftale_id: FieldIx,
    cpr: FieldIx,
    tilbageholdt_beloeb: FieldIx,
    udbetalingsdato: FieldIx,
    aarsagskode: FieldIx,
}

impl Format {
    /// Finds the message's fields in a layout's records `start`, `indberetning` and `slut`.
    pub fn bind(layout: &Layout) -> Result<Self, BindError> {
        let start = Binding::of(layout, "start")?;
        let indberetning = Binding::of(layout, "indberetning")?;
        let slut = Binding::of(layout, "slut")?.record;
        Ok(Self {
            start: Start {
                record: start.record,
                kommunekode: start.required("kommunekode", Holds::Kommunekode)?,
                udbetaling_id: start.required("udbetaling_id", Holds::Uuid)?,
                dispositionsdato: start.required("dispositionsdato", Holds::Date)?,
                udbetalingsperiode: start.required("udbetalingsperiode", Holds::Period)?,
                miljoe: start.code("miljoe", |code| Miljoe::parse(code).is_some())?,
                forespoergsel_id: start.optional("forespoergsel_id", Holds::Uuid)?,
            },
            indberetning: Indberetningsfelter {
                record: indberetning.record,
                kommunekode: indberetning.required("kommunekode", Holds::Kommunekode)?,
                loebenummer: indberetning.required("loebenummer", Holds::Integer)?,
                aftale_id: indberetning.required("aftale_id", Holds::Text)?,
                cpr: indberetning.required("cpr", Holds::Cpr)?,
                tilbageholdt_beloeb: indberetning.required("tilbageholdt_beloeb", Holds::Amount)?,
                udbetalingsdato: indberetning.required("udbetalingsdato", Holds::Date)?,
                aarsagskode: indberetning
                    .code("aarsagskode", |code| Aarsag::parse(code).is_some())?,
            },
            slut,
            codec: Codec::new(layout),
        })
    }

    /// Begins to read a report.
    pub fn read<R: Read>(&self, input: R, options: Options) -> UdbetalingReader<'_, R> {
        let reader = Reader::new(&self.codec, input, options);
        UdbetalingReader { format: self, reader, faults: OwnFaults::new(options.fault_limit) }
    }

    /// What a report says that it is about, however faulty it is.
    pub fn about(&self, input: impl Read, options: Options) -> io::Result<Option<About>> {
        let mut reader = Reader::new(&self.codec, input, options);
        let start = &self.start;
        let record = reader.first_record()?.filter(|record| record.record() == start.record);
        Ok(record.and_then(|record| {
            Some(About {
                kommunekode: record.value(start.kommunekode).kommunekode()?,
                forespoergsel_id: record.value(start.forespoergsel_id).uuid().map(ForespoergselId),
                dispositionsdato: record.value(start.dispositionsdato).date(),
            })
        }))
    }

    /// What is wrong with these indberetninger (by loebenummer) of a report, each with its place.
    pub fn objections(
        &self,
        input: impl Read,
        options: Options,
        objections: &BTreeMap<u32, Objection>,
    ) -> Result<Vec<Fault>, ReadError> {
        let field = &self.indberetning;
        let mut reader = Reader::new(&self.codec, input, options);
        let mut faults = Vec::new();
        loop {
            let record = match reader.next_record() {
                Ok(Some(record)) => record,
                // What is wrong with the others was told before.
                Ok(None) | Err(ReadError::Faults(_)) => return Ok(faults),
                Err(error) => return Err(error),
            };
            if record.record() != field.record {
                continue;
            }
            let loebenummer = field.loebenummer(&record);
            let objection = loebenummer.and_then(|number| objections.get(&number));
            faults.extend(objection.map(|objection| match objection {
                Objection::AnotherCpr => {
                    record.fault(field.cpr, Code::CprMismatch, Expected::CprOfAftale)
                }
                Objection::Twice => {
                    record.fault(field.aftale_id, Code::ReportedTwice, Expected::OncePerDay)
                }
            }));
        }
    }

    /// Whether a fault is about one indberetning alone, so that the others can be taken without it.
    /// A running number that does not follow is not: a record may be missing there.
    pub fn is_about_one(&self, fault: &Fault) -> bool {
        let name = &self.codec.layout().record(self.indberetning.record).name;
        fault.record.as_ref() == Some(name)
            && fault.field.is_some()
            && !matches!(fault.expected, Expected::Ordinal(_))
    }

    /// Begins a report: its start record.
    pub fn begin<W: Write>(
        &self,
        udbetaling: &Udbetaling,
        out: W,
    ) -> Result<UdbetalingWriter<'_, W>, WriteError> {
        let start = &self.start;
        let mut row = Row::new(&self.codec, start.record);
        row.set(start.kommunekode, Value::Kommunekode(udbetaling.kommunekode));
        row.set(start.udbetaling_id, Value::Uuid(udbetaling.udbetaling_id));
        row.set(start.dispositionsdato, Value::Date(udbetaling.dispositionsdato));
        row.set(start.udbetalingsperiode, Value::Period(udbetaling.udbetalingsperiode));
        row.set(start.miljoe, Value::Code(udbetaling.miljoe.code()));
        let id = udbetaling.forespoergsel_id;
        row.set(start.forespoergsel_id, id.map_or(Value::None, |id| Value::Uuid(id.0)));
        let mut writer = Writer::new(&self.codec, out, CprPolicy::default());
        writer.write(row.record, &row.values)?;
        Ok(UdbetalingWriter { format: self, kommunekode: udbetaling.kommunekode, writer })
    }
}

impl Indberetningsfelter {
    fn loebenummer(&self, record: &RecordView<'_>) -> Option<u32> {
        let number = record.value(self.loebenummer).number()?;
        u32::try_from(number.unscaled).ok()
    }

    /// The indberetning, or what is wrong with it by rules that the layout does not know.
    fn read(&self, record: &RecordView<'_>) -> Result<Indberetning, Box<Fault>> {
        let fault = |field, code, expected| Box::new(record.fault(field, code, expected));
        let aarsag = bound(record.value(self.aarsagskode).code().and_then(Aarsag::parse));
        let beloeb = bound(record.value(self.tilbageholdt_beloeb).number()).unscaled;
        if beloeb > 0 && !aarsag.allows_amount() {
            let decider = record.layout().field(self.aarsagskode).name.clone();
            let code = Code::AmountContradictsReason;
            return Err(fault(self.tilbageholdt_beloeb, code, Expected::NoAmount(decider)));
        }
        let aftale_id = identifier(record, self.aftale_id, 20, AftaleId::parse)?;
        Ok(Indberetning {
            loebenummer: self
                .loebenummer(record)
                .ok_or_else(|| fault(self.loebenummer, Code::BadNumber, Expected::Ordinal(1)))?,
            aftale_id,
            cpr: bound(record.value(self.cpr).cpr()),
            tilbageholdt_beloeb: Beloeb::from_oere(beloeb),
            udbetalingsdato: bound(record.value(self.udbetalingsdato).date()),
            aarsag,
        })
    }
}

/// A report that is being read: its head first, then its indberetninger.
pub struct UdbetalingReader<'f, R> {
    format: &'f Format,
    reader: Reader<'f, R>,
    faults: OwnFaults,
}

impl<R: Read> UdbetalingReader<'_, R> {
    /// Reads the head. Where it is faulty, so is the file: everything that is wrong with it.
    pub fn head(&mut self) -> Result<Udbetaling, ReadError> {
        let start = &self.format.start;
        while let Some(record) = self.reader.next_record()? {
            if record.record() == start.record {
                return Ok(Udbetaling {
                    kommunekode: bound(record.value(start.kommunekode).kommunekode()),
                    udbetaling_id: bound(record.value(start.udbetaling_id).uuid()),
                    dispositionsdato: bound(record.value(start.dispositionsdato).date()),
                    udbetalingsperiode: bound(record.value(start.udbetalingsperiode).period()),
                    miljoe: bound(record.value(start.miljoe).code().and_then(Miljoe::parse)),
                    forespoergsel_id: record
                        .value(start.forespoergsel_id)
                        .uuid()
                        .map(ForespoergselId),
                });
            }
        }
        unreachable!("a file without a faultless start record has faults")
    }

    /// The next good indberetning; `None` at the end of a file that has no fault. Faulty ones are
    /// passed over; what is wrong with them comes at the end of the file.
    pub fn next_indberetning(&mut self) -> Result<Option<Indberetning>, ReadError> {
        let field = &self.format.indberetning;
        loop {
            match self.reader.next_record() {
                Ok(Some(record)) if record.record() == field.record => match field.read(&record) {
                    Ok(indberetning) => return Ok(Some(indberetning)),
                    Err(fault) => self.faults.add(*fault),
                },
                Ok(Some(_)) => {}
                Ok(None) => return self.faults.verdict(None).map(|()| None),
                Err(error) => return self.faults.verdict(Some(error)).map(|()| None),
            }
        }
    }
}

/// A report under way.
pub struct UdbetalingWriter<'f, W: Write> {
    format: &'f Format,
    kommunekode: Kommunekode,
    writer: Writer<'f, W>,
}

impl<W: Write> UdbetalingWriter<'_, W> {
    /// Writes what was withheld for one agreement; they come by loebenummer.
    pub fn indberetning(&mut self, indberetning: &Indberetning) -> Result<(), WriteError> {
        let field = &self.format.indberetning;
        let mut row = Row::new(&self.format.codec, field.record);
        row.set(field.kommunekode, Value::Kommunekode(self.kommunekode));
        row.set(field.loebenummer, integer(indberetning.loebenummer.into()));
        row.set(field.aftale_id, Value::Text(Text::new(indberetning.aftale_id.as_str())));
        row.set(field.cpr, Value::Cpr(indberetning.cpr));
        row.set(field.tilbageholdt_beloeb, amount(indberetning.tilbageholdt_beloeb));
        row.set(field.udbetalingsdato, Value::Date(indberetning.udbetalingsdato));
        row.set(field.aarsagskode, Value::Code(indberetning.aarsag.code()));
        self.writer.write(row.record, &row.values)
    }

    /// Ends the file: its end record, whose count and sum the layout's controls give.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let row = Row::new(&self.format.codec, self.format.slut);
        self.writer.write(row.record, &row.values)?;
        self.writer.finish().map(drop)
    }
}
