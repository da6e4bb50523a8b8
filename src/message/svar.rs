//! BetalingsadministrationSvar: the answer file, written, and read back to be balanced.

use super::bind::{Binding, Holds};
use super::{BindError, Row, amount, bound, integer, local, optional_text};
use crate::domain::{
    Beloeb, CprPolicy, FordringId, Forespoergsel, Kommunekode, Miljoe, Svar, Transaktion,
    Ydelsestype,
};
use crate::layout::Layout;
use crate::layout::model::{FieldIx, RecordIx};
use crate::record::{Codec, Options, ReadError, Reader, Text, Value, WriteError, Writer};
use chrono::{DateTime, Utc};
use std::fmt;
use std::io::{Read, Write};

/// The message, bound to a layout.
pub struct Format {
    codec: Codec,
    start: Start,
    transaktion: Transaktionsfelter,
    slut: RecordIx,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    record: RecordIx,
    kommunekode: FieldIx,
    forespoergsel_id: FieldIx,
    dannet_dato: FieldIx,
    dannet_tid: FieldIx,
    dispositionsdato: FieldIx,
    udbetalingsperiode: FieldIx,
    miljoe: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Transaktionsfelter {
    record: RecordIx,
    kommunekode: FieldIx,
    loebenummer: FieldIx,
    aftale_id: FieldIx,
    cpr: FieldIx,
    beloeb: FieldIx,
    ydelsestype: FieldIx,
    gyldig_fra: FieldIx,
    gyldig_til: FieldIx,
    prioritet: FieldIx,
    fordring_id: FieldIx,
}

impl Format {
    /// Finds the message's fields in a layout's records `start`, `transaktion` and `slut`.
    pub fn bind(layout: &Layout) -> Result<Self, BindError> {
        let start = Binding::of(layout, "start")?;
        let transaktion = Binding::of(layout, "transaktion")?;
        let slut = Binding::of(layout, "slut")?.record;
        Ok(Self {
            start: Start {
                record: start.record,
                kommunekode: start.required("kommunekode", Holds::Kommunekode)?,
                forespoergsel_id: start.required("forespoergsel_id", Holds::Uuid)?,
                dannet_dato: start.required("dannet_dato", Holds::Date)?,
                dannet_tid: start.required("dannet_tid", Holds::Time)?,
                dispositionsdato: start.required("dispositionsdato", Holds::Date)?,
                udbetalingsperiode: start.required("udbetalingsperiode", Holds::Period)?,
                miljoe: start.code("miljoe", |code| Miljoe::parse(code).is_some())?,
            },
            transaktion: Transaktionsfelter {
                record: transaktion.record,
                kommunekode: transaktion.required("kommunekode", Holds::Kommunekode)?,
                loebenummer: transaktion.required("loebenummer", Holds::Integer)?,
                aftale_id: transaktion.required("aftale_id", Holds::Text)?,
                cpr: transaktion.required("cpr", Holds::Cpr)?,
                beloeb: transaktion.required("beloeb", Holds::Amount)?,
                ydelsestype: transaktion
                    .code("ydelsestype", |code| Ydelsestype::parse(code).is_some())?,
                gyldig_fra: transaktion.required("gyldig_fra", Holds::Date)?,
                gyldig_til: transaktion.optional("gyldig_til", Holds::Date)?,
                prioritet: transaktion.required("prioritet", Holds::Integer)?,
                fordring_id: transaktion.optional("fordring_id", Holds::Text)?,
            },
            slut,
            codec: Codec::new(layout),
        })
    }

    /// Begins an answer file: its start record.
    pub fn begin<W: Write>(
        &self,
        request: &Forespoergsel,
        dannet: DateTime<Utc>,
        policy: CprPolicy,
        out: W,
    ) -> Result<SvarWriter<'_, W>, WriteError> {
        let start = &self.start;
        let dannet = local(dannet);
        let mut row = Row::new(&self.codec, start.record);
        row.set(start.kommunekode, Value::Kommunekode(request.kommunekode));
        row.set(start.forespoergsel_id, Value::Uuid(request.forespoergsel_id.0));
        row.set(start.dannet_dato, Value::Date(dannet.date()));
        row.set(start.dannet_tid, Value::Time(dannet.time()));
        row.set(start.dispositionsdato, Value::Date(request.dispositionsdato));
        row.set(start.udbetalingsperiode, Value::Period(request.udbetalingsperiode));
        row.set(start.miljoe, Value::Code(request.miljoe.code()));
        let mut writer = Writer::new(&self.codec, out, policy);
        writer.write(row.record, &row.values)?;
        Ok(SvarWriter { format: self, kommunekode: request.kommunekode, writer })
    }

    /// Reads an answer file as its recipient will, with all its controls, and adds it up.
    pub fn totals(&self, input: impl Read, options: Options) -> Result<Totals, ReadError> {
        let mut reader = Reader::new(&self.codec, input, options);
        let mut kommunekode = None;
        let (mut antal_transaktioner, mut sum_beloeb) = (0, Beloeb::NUL);
        while let Some(record) = reader.next_record()? {
            if record.record() == self.start.record {
                kommunekode = record.value(self.start.kommunekode).kommunekode();
            } else if record.record() == self.transaktion.record {
                let beloeb = bound(record.value(self.transaktion.beloeb).number());
                antal_transaktioner += 1;
                sum_beloeb = sum_beloeb + Beloeb::from_oere(beloeb.unscaled);
            }
        }
        Ok(Totals { kommunekode: bound(kommunekode), antal_transaktioner, sum_beloeb })
    }
}

/// An answer file under way.
pub struct SvarWriter<'f, W: Write> {
    format: &'f Format,
    kommunekode: Kommunekode,
    writer: Writer<'f, W>,
}

impl<W: Write> SvarWriter<'_, W> {
    /// Writes one transaction; they come by loebenummer.
    pub fn transaktion(&mut self, transaktion: &Transaktion) -> Result<(), WriteError> {
        let field = &self.format.transaktion;
        let mut row = Row::new(&self.format.codec, field.record);
        row.set(field.kommunekode, Value::Kommunekode(self.kommunekode));
        row.set(field.loebenummer, integer(transaktion.loebenummer.into()));
        row.set(field.aftale_id, Value::Text(Text::new(transaktion.aftale_id.as_str())));
        row.set(field.cpr, Value::Cpr(transaktion.cpr));
        row.set(field.beloeb, amount(transaktion.beloeb));
        row.set(field.ydelsestype, Value::Code(transaktion.ydelsestype.code()));
        row.set(field.gyldig_fra, Value::Date(transaktion.gyldig_fra));
        row.set(field.gyldig_til, transaktion.gyldig_til.map_or(Value::None, Value::Date));
        row.set(field.prioritet, integer(transaktion.prioritet.number().into()));
        let fordring_id = transaktion.fordring_id.as_ref();
        row.set(field.fordring_id, optional_text(fordring_id.map(FordringId::as_str)));
        self.writer.write(row.record, &row.values)
    }

    /// Ends the file: its end record, whose count and sum the layout's controls give.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let row = Row::new(&self.format.codec, self.format.slut);
        self.writer.write(row.record, &row.values)?;
        self.writer.finish().map(drop)
    }
}

/// What an answer file adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Whose file it is.
    pub kommunekode: Kommunekode,
    /// Its transactions.
    pub antal_transaktioner: u32,
    /// Their amounts together.
    pub sum_beloeb: Beloeb,
}

impl From<&Svar> for Totals {
    fn from(svar: &Svar) -> Self {
        Self {
            kommunekode: svar.forespoergsel.kommunekode,
            antal_transaktioner: svar.antal_transaktioner,
            sum_beloeb: svar.sum_beloeb,
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kommunekode, antal_transaktioner, sum_beloeb } = self;
        write!(f, "{antal_transaktioner} transactions, {sum_beloeb} kr., kommune {kommunekode}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AftaleId, Cpr, CprPolicy, ForespoergselId, Prioritet, Udbetalingsperiode};
    use crate::layout::Layouts;

    fn request() -> Forespoergsel {
        Forespoergsel {
            kommunekode: Kommunekode::parse(b"0101").unwrap(),
            forespoergsel_id: ForespoergselId(uuid::Uuid::from_u128(7)),
            forespoergselsdato: "2026-06-23".parse().unwrap(),
            dispositionsdato: "2026-06-30".parse().unwrap(),
            udbetalingsperiode: Udbetalingsperiode::new(2026, 6).unwrap(),
            miljoe: Miljoe::Prod,
        }
    }

    fn transaktion(loebenummer: u32, oere: i64) -> Transaktion {
        Transaktion {
            loebenummer,
            aftale_id: AftaleId::parse("Ærø-1").unwrap(),
            cpr: Cpr::parse(b"0101901234", CprPolicy::default()).unwrap(),
            beloeb: Beloeb::from_oere(oere),
            ydelsestype: Ydelsestype::AndetUnderholdsbidrag,
            gyldig_fra: "2026-01-01".parse().unwrap(),
            gyldig_til: None,
            prioritet: Prioritet::new(1).unwrap(),
            fordring_id: None,
        }
    }

    fn answer(transactions: &[Transaktion]) -> Vec<u8> {
        let format = format();
        let mut bytes = Vec::new();
        // 22:30 UTC on a summer evening is half past midnight in Denmark, the next day.
        let dannet = "2026-06-29T22:30:05Z".parse().unwrap();
        let mut file = format.begin(&request(), dannet, CprPolicy::default(), &mut bytes).unwrap();
        for row in transactions {
            file.transaktion(row).unwrap();
        }
        file.finish().unwrap();
        bytes
    }

    fn format() -> Format {
        Format::bind(&Layouts::builtin().get("sf2530-svar").unwrap()).unwrap()
    }

    #[test]
    fn an_answer_adds_up_to_what_was_put_in() {
        let bytes = answer(&[transaktion(1, 160_300), transaktion(2, 5)]);
        assert_eq!(bytes.len(), 4 * 122);
        assert_eq!(
            format().totals(&bytes[..], Options::default()).unwrap(),
            Totals {
                kommunekode: Kommunekode::parse(b"0101").unwrap(),
                antal_transaktioner: 2,
                sum_beloeb: Beloeb::from_oere(160_305),
            }
        );
        let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0][42..64].to_owned(), "2026063000300520260630");
        assert!(lines[1].starts_with("200101000000001Ærø-1               0101901234"));
        assert!(lines[3].starts_with("900101000000002000000000160305 "));
    }

    #[test]
    fn no_active_agreement_gives_a_file_of_start_and_end() {
        let bytes = answer(&[]);
        assert_eq!(bytes.len(), 2 * 122);
        let totals = format().totals(&bytes[..], Options::default()).unwrap();
        assert_eq!((totals.antal_transaktioner, totals.sum_beloeb), (0, Beloeb::NUL));
    }

    #[test]
    fn a_transaction_out_of_order_is_not_written() {
        let format = format();
        let mut bytes = Vec::new();
        let dannet = "2026-06-29T22:30:05Z".parse().unwrap();
        let mut file = format.begin(&request(), dannet, CprPolicy::default(), &mut bytes).unwrap();
        assert!(file.transaktion(&transaktion(2, 1)).is_err());
    }
}
