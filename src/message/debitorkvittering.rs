//! Forretningskvittering: what became of each registration of a transfer, read and written.

use super::bind::{Binding, Holds};
use super::{
    BindError, OwnFaults, Row, about_kommune, amount, bound, identifier, instant_of, local,
    optional_text,
};
use crate::domain::debitor::{
    Afvisning, Afvisningsaarsag, Kvittering, KvitteringId, OverfoerselId, RegistreringId,
    Registreringssvar,
};
use crate::domain::text::Tekst;
use crate::domain::{About, Beloeb, CprPolicy, Fagsystem, Miljoe};
use crate::fault::Code;
use crate::layout::Layout;
use crate::layout::model::{FieldIx, RecordIx};
use crate::record::{
    Codec, Expected, Fault, Options, ReadError, Reader, RecordView, Text, Value, WriteError, Writer,
};
use std::io::{self, Read, Write};

/// The codes of an udfald.
const ACCEPTERET: &str = "A";
const AFVIST: &str = "R";

/// The message, bound to a layout.
pub struct Format {
    codec: Codec,
    start: Start,
    svar: Svarfelter,
    slut: RecordIx,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    record: RecordIx,
    kommunekode: FieldIx,
    kvittering_id: FieldIx,
    overfoersel_id: FieldIx,
    dannet_dato: FieldIx,
    dannet_tid: FieldIx,
    miljoe: FieldIx,
    fagsystem: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Svarfelter {
    record: RecordIx,
    registrering_id: FieldIx,
    udfald: FieldIx,
    aarsagskode: FieldIx,
    aarsagstekst: FieldIx,
    restance: FieldIx,
}

impl Format {
    /// Finds the message's fields in a layout's records `start`, `svar` and `slut`.
    pub fn bind(layout: &Layout) -> Result<Self, BindError> {
        let slut = Binding::of(layout, "slut")?.record;
        let (start, svar) = (Start::bind(layout)?, Svarfelter::bind(layout)?);
        Ok(Self { start, svar, slut, codec: Codec::new(layout) })
    }

    /// Begins to read a receipt.
    pub fn read<R: Read>(&self, input: R, options: Options) -> KvitteringReader<'_, R> {
        let reader = Reader::new(&self.codec, input, options);
        let faults = OwnFaults::new(options.fault_limit);
        KvitteringReader { format: self, reader, head: None, svar: None, faults }
    }

    /// What a receipt says that it is about, however faulty it is.
    pub fn about(&self, input: impl Read, options: Options) -> io::Result<Option<About>> {
        let Start { record, kommunekode, .. } = self.start;
        about_kommune(&mut Reader::new(&self.codec, input, options), record, kommunekode)
    }

    /// Begins a receipt: its start record.
    pub fn begin<W: Write>(
        &self,
        kvittering: &Kvittering,
        out: W,
    ) -> Result<KvitteringWriter<'_, W>, WriteError> {
        let start = &self.start;
        let dannet = local(kvittering.dannet);
        let mut row = Row::new(&self.codec, start.record);
        row.set(start.kommunekode, Value::Kommunekode(kvittering.kommunekode));
        row.set(start.kvittering_id, Value::Uuid(kvittering.kvittering_id.0));
        row.set(start.overfoersel_id, Value::Uuid(kvittering.overfoersel_id.0));
        row.set(start.dannet_dato, Value::Date(dannet.date()));
        row.set(start.dannet_tid, Value::Time(dannet.time()));
        row.set(start.miljoe, Value::Code(kvittering.miljoe.code()));
        row.set(start.fagsystem, Value::Text(Text::new(kvittering.fagsystem.as_str())));
        let mut writer = Writer::new(&self.codec, out, CprPolicy::default());
        writer.write(row.record, &row.values)?;
        Ok(KvitteringWriter { format: self, writer })
    }
}

impl Start {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let start = Binding::of(layout, "start")?;
        Ok(Self {
            record: start.record,
            kommunekode: start.required("kommunekode", Holds::Kommunekode)?,
            kvittering_id: start.required("kvittering_id", Holds::Uuid)?,
            overfoersel_id: start.required("overfoersel_id", Holds::Uuid)?,
            dannet_dato: start.required("dannet_dato", Holds::Date)?,
            dannet_tid: start.required("dannet_tid", Holds::Time)?,
            miljoe: start.code("miljoe", |code| Miljoe::parse(code).is_some())?,
            fagsystem: start.required("fagsystem", Holds::Text)?,
        })
    }

    fn read(&self, record: &RecordView<'_>) -> Result<Kvittering, Box<Fault>> {
        Ok(Kvittering {
            kvittering_id: KvitteringId(bound(record.value(self.kvittering_id).uuid())),
            overfoersel_id: OverfoerselId(bound(record.value(self.overfoersel_id).uuid())),
            kommunekode: bound(record.value(self.kommunekode).kommunekode()),
            fagsystem: identifier(record, self.fagsystem, 20, Fagsystem::parse)?,
            dannet: instant_of(record, self.dannet_dato, self.dannet_tid)?,
            miljoe: bound(record.value(self.miljoe).code().and_then(Miljoe::parse)),
        })
    }
}

impl Svarfelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let svar = Binding::of(layout, "svar")?;
        let is_known = |code: &str| {
            code == Afvisningsaarsag::ACCEPTERET || Afvisningsaarsag::parse(code).is_some()
        };
        let aarsagskode = svar.code("aarsagskode", is_known)?;
        let over_restance = Afvisningsaarsag::OverRestance.code();
        Ok(Self {
            record: svar.record,
            registrering_id: svar.required("registrering_id", Holds::Uuid)?,
            udfald: svar.code("udfald", |code| [ACCEPTERET, AFVIST].contains(&code))?,
            aarsagskode,
            aarsagstekst: svar.optional("aarsagstekst", Holds::Text)?,
            restance: svar.when("restance", Holds::Amount, aarsagskode, over_restance)?,
        })
    }

    /// A text beside an acceptance changes nothing and is let pass.
    fn read(&self, record: &RecordView<'_>) -> Result<Registreringssvar, Box<Fault>> {
        let accepted = record.value(self.udfald).code() == Some(ACCEPTERET);
        let aarsag = record.value(self.aarsagskode).code().and_then(Afvisningsaarsag::parse);
        let afvisning = match aarsag {
            None if accepted => None,
            Some(aarsag) if !accepted => {
                let restance = record.value(self.restance).number();
                let has_text = record.value(self.aarsagstekst).is_some();
                let tekst =
                    has_text.then(|| identifier(record, self.aarsagstekst, 60, Tekst::parse));
                Some(Afvisning {
                    aarsag,
                    tekst: tekst.transpose()?,
                    restance: restance.map(|number| Beloeb::from_oere(number.unscaled)),
                })
            }
            None | Some(_) => {
                let reasons = Afvisningsaarsag::ALL.iter().map(|aarsag| aarsag.code().to_owned());
                let accepting = vec![Afvisningsaarsag::ACCEPTERET.to_owned()];
                let codes = if accepted { accepting } else { reasons.collect() };
                let (code, expected) = (Code::ReasonContradictsOutcome, Expected::Code(codes));
                return Err(Box::new(record.fault(self.aarsagskode, code, expected)));
            }
        };
        let registrering_id = RegistreringId(bound(record.value(self.registrering_id).uuid()));
        Ok(Registreringssvar { registrering_id, afvisning })
    }
}

/// A receipt that is being read: its head first, then what became of each registration.
pub struct KvitteringReader<'f, R> {
    format: &'f Format,
    reader: Reader<'f, R>,
    head: Option<Kvittering>,
    /// Read, and not yet given away.
    svar: Option<Registreringssvar>,
    faults: OwnFaults,
}

impl<R: Read> KvitteringReader<'_, R> {
    /// Reads the head. Where it is faulty, so is the file: everything that is wrong with it.
    pub fn head(&mut self) -> Result<Kvittering, ReadError> {
        while self.head.is_none() && self.advance()? {}
        Ok(bound(self.head.clone()))
    }

    /// The next good answer; `None` at the end of a file that has no fault. Faulty ones are passed
    /// over; what is wrong with them comes at the end of the file.
    pub fn next_svar(&mut self) -> Result<Option<Registreringssvar>, ReadError> {
        while self.svar.is_none() && self.advance()? {}
        Ok(self.svar.take())
    }

    /// Takes the next record; false at the end of a file that has no fault.
    fn advance(&mut self) -> Result<bool, ReadError> {
        let (start, svar) = (&self.format.start, &self.format.svar);
        match self.reader.next_record() {
            Ok(Some(record)) if record.record() == start.record => {
                self.head = self.faults.keep(start.read(&record));
                Ok(true)
            }
            Ok(Some(record)) if record.record() == svar.record => {
                self.svar = self.faults.keep(svar.read(&record));
                Ok(true)
            }
            Ok(Some(_)) => Ok(true),
            Ok(None) => self.faults.verdict(None).map(|()| false),
            Err(error) => self.faults.verdict(Some(error)).map(|()| false),
        }
    }
}

/// A receipt under way.
pub struct KvitteringWriter<'f, W: Write> {
    format: &'f Format,
    writer: Writer<'f, W>,
}

impl<W: Write> KvitteringWriter<'_, W> {
    /// Writes what became of one registration.
    pub fn svar(&mut self, svar: &Registreringssvar) -> Result<(), WriteError> {
        let field = &self.format.svar;
        let mut row = Row::new(&self.format.codec, field.record);
        row.set(field.registrering_id, Value::Uuid(svar.registrering_id.0));
        let (udfald, aarsagskode) = match &svar.afvisning {
            None => (ACCEPTERET, Afvisningsaarsag::ACCEPTERET),
            Some(afvisning) => (AFVIST, afvisning.aarsag.code()),
        };
        row.set(field.udfald, Value::Code(udfald));
        row.set(field.aarsagskode, Value::Code(aarsagskode));
        if let Some(Afvisning { tekst, restance, .. }) = &svar.afvisning {
            row.set(field.aarsagstekst, optional_text(tekst.as_ref().map(Tekst::as_str)));
            row.set(field.restance, restance.map_or(Value::None, amount));
        }
        self.writer.write(row.record, &row.values)
    }

    /// Ends the file: its end record, whose counts the layout's controls give.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let row = Row::new(&self.format.codec, self.format.slut);
        self.writer.write(row.record, &row.values)?;
        self.writer.finish().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kommunekode;
    use crate::layout::{Layouts, compile};
    use crate::message::{instant, local};
    use chrono::{DateTime, Utc};
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use uuid::Uuid;

    const FIXTURE: &[u8] =
        include_bytes!("../../fixtures/sf1590-kvittering/accepted-and-rejected/kvittering.txt");

    type Whole = (Kvittering, Vec<Registreringssvar>);

    fn format() -> Format {
        Format::bind(&Layouts::builtin().get("sf1590-kvittering").unwrap()).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Whole, Vec<Fault>> {
        let faults = |error| match error {
            ReadError::Faults(faults) => faults.into_vec(),
            ReadError::Io(error) => panic!("{error}"),
        };
        let format = format();
        let mut reader = format.read(bytes, Options::default());
        let head = reader.head().map_err(faults)?;
        let mut all = Vec::new();
        while let Some(one) = reader.next_svar().map_err(faults)? {
            all.push(one);
        }
        Ok((head, all))
    }

    fn write((head, all): &Whole) -> Result<Vec<u8>, WriteError> {
        let (format, mut bytes) = (format(), Vec::new());
        let mut writer = format.begin(head, &mut bytes)?;
        all.iter().try_for_each(|svar| writer.svar(svar))?;
        writer.finish()?;
        Ok(bytes)
    }

    #[test]
    fn the_fixture_reads_and_writes_back_byte_for_byte() {
        let whole = read(FIXTURE).unwrap();
        assert_eq!(whole.0.dannet.to_rfc3339(), "2026-11-23T05:15:00+00:00");
        let told: Vec<_> = whole.1.iter().map(|svar| svar.afvisning.as_ref()).collect();
        let rejected = |aarsag, tekst, oere: Option<i64>| Afvisning {
            aarsag,
            tekst: Some(Tekst::parse(tekst).unwrap()),
            restance: oere.map(Beloeb::from_oere),
        };
        let over =
            rejected(Afvisningsaarsag::OverRestance, "Beløbet overstiger restancen", Some(60_300));
        let ejer =
            rejected(Afvisningsaarsag::AndenEjer, "Kontoen ejes af et andet fagsystem", None);
        assert_eq!(told, [None, Some(&over), Some(&ejer)]);
        assert_eq!(write(&whole).unwrap(), FIXTURE);
        let about = format().about(FIXTURE, Options::default()).unwrap().unwrap();
        assert_eq!(about.kommunekode, Kommunekode::parse(b"0101").unwrap());
    }

    fn afvisning() -> impl Strategy<Value = Afvisning> {
        let tekst = "[!-~æøå]([ -~æøå]{0,58}[!-~æøå])?".prop_map(|tekst| Tekst::parse(&tekst));
        let aarsag = prop::sample::select(Afvisningsaarsag::ALL);
        (aarsag, option::of(tekst), 0..=99_999_999_999_i64).prop_map(|(aarsag, tekst, oere)| {
            let over = aarsag == Afvisningsaarsag::OverRestance;
            let restance = over.then_some(Beloeb::from_oere(oere));
            Afvisning { aarsag, tekst: tekst.map(Result::unwrap), restance }
        })
    }

    fn svar() -> impl Strategy<Value = Registreringssvar> {
        (any::<u128>(), option::of(afvisning())).prop_map(|(id, afvisning)| Registreringssvar {
            registrering_id: RegistreringId(Uuid::from_u128(id)),
            afvisning,
        })
    }

    fn dannet() -> impl Strategy<Value = DateTime<Utc>> {
        let at = (0..4_000_000_000_i64).prop_map(|at| DateTime::from_timestamp(at, 0).unwrap());
        at.prop_filter("shown twice", |at| {
            let local = local(*at);
            instant(local.date(), local.time()) == Some(*at)
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(dannet in dannet(), all in vec(svar(), 0..80)) {
            let (head, _) = read(FIXTURE).unwrap();
            let whole = (Kvittering { dannet, ..head }, all);
            prop_assert_eq!(read(&write(&whole).unwrap()).unwrap(), whole);
        }
    }

    #[test]
    fn what_the_layout_cannot_say() {
        // The record, a column from 1, what is put there, and what is wrong then.
        let reasons = "“1001”, “1002”, “1003”, “1004”, “1005”, “1006”, “1007”, “1008”, “1009”, \
                       “1010”, “1099”";
        let table = [
            (2, 48, "R", format!("reason-contradicts-outcome 2 aarsagskode one of {reasons}")),
            (4, 48, "A", "reason-contradicts-outcome 4 aarsagskode one of “0000”".to_owned()),
            (4, 49, "0000", format!("reason-contradicts-outcome 4 aarsagskode one of {reasons}")),
            (2, 49, "1099", "reason-contradicts-outcome 2 aarsagskode one of “0000”".to_owned()),
            (
                4,
                53,
                "\u{a0}",
                "bad-identifier 4 aarsagstekst an identifier of 1 to 60 characters".to_owned(),
            ),
            (
                1,
                97,
                "\u{a0}",
                "bad-identifier 1 fagsystem an identifier of 1 to 20 characters".to_owned(),
            ),
            (
                1,
                79,
                "20260329023000",
                "bad-time 1 dannet_tid a time of day that clocks in Denmark \
                show on that day"
                    .to_owned(),
            ),
            (
                3,
                113,
                "           ",
                "missing-value 3 restance a value, as aarsagskode demands".to_owned(),
            ),
            (
                4,
                113,
                "00000060300",
                "unexpected-value 4 restance no value, as aarsagskode demands".to_owned(),
            ),
        ];
        for (record, column, text, says) in table {
            let mut bytes = FIXTURE.to_vec();
            let at = (record - 1) * 202 + column - 1;
            for (place, c) in bytes[at..].iter_mut().zip(text.chars()) {
                *place = u8::try_from(c).unwrap();
            }
            let faults = read(&bytes).unwrap_err();
            let told = faults.iter().filter(|fault| fault.record.as_deref() != Some("slut"));
            let told: Vec<_> = told
                .map(|Fault { code, position, field, expected, .. }| {
                    let field = field.as_deref().unwrap_or("-");
                    format!("{code} {} {field} {expected}", position.record)
                })
                .collect();
            assert_eq!(told, [says]);
        }
    }

    #[test]
    fn a_text_beside_an_acceptance_changes_nothing() {
        let mut bytes = FIXTURE.to_vec();
        bytes[202 + 52..202 + 54].copy_from_slice(b"OK");
        assert_eq!(read(&bytes).unwrap(), read(FIXTURE).unwrap());
    }

    #[test]
    fn a_restance_is_told_of_an_overpayment_only() {
        let (head, mut all) = read(FIXTURE).unwrap();
        let over = all[1].afvisning.as_mut().unwrap();
        over.restance = None;
        assert!(write(&(head.clone(), all.clone())).is_err());
        let over = all[1].afvisning.as_mut().unwrap();
        over.restance = Some(Beloeb::NUL);
        assert!(write(&(head.clone(), all.clone())).is_ok());
        all[2].afvisning.as_mut().unwrap().restance = Some(Beloeb::NUL);
        assert!(write(&(head, all)).is_err());
    }

    #[test]
    fn a_layout_that_lacks_what_the_message_needs_is_refused() {
        let shipped = include_str!("../../formats/sf1590-kvittering.toml");
        let table = [
            ("code = \"1010\"", "code = \"1011\"", "svar.aarsagskode has the code \"1011\""),
            (
                "{ when = \"aarsagskode\", is = [\"1007\"] }",
                "\"optional\"",
                "svar.restance must have a value exactly when aarsagskode is \"1007\"",
            ),
            ("\"overfoersel_id\"", "\"id\"", "there is no field start.overfoersel_id"),
        ];
        for (from, to, says) in table {
            assert!(shipped.contains(from), "{from}");
            let layout = compile("changed.toml", &shipped.replace(from, to)).unwrap();
            let error = Format::bind(&layout).err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
