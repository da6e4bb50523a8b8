//! Kontanthjælpsudbetaling: the payout report, written.

use super::bind::{Binding, Holds};
use super::{BindError, Row, amount, integer};
use crate::domain::{Aarsag, CprPolicy, Indberetning, Kommunekode, Miljoe, Udbetaling};
use crate::layout::Layout;
use crate::layout::model::{FieldIx, RecordIx};
use crate::record::{Codec, Text, Value, WriteError, Writer};
use std::io::Write;

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
