//! BetalingsadministrationForespørgsel: the request file, read and written.

use super::bind::{Binding, Holds};
use super::{BindError, Row, bound};
use crate::domain::{About, CprPolicy, Forespoergsel, ForespoergselId, Miljoe};
use crate::layout::Layout;
use crate::layout::model::{FieldIx, RecordIx};
use crate::record::{Codec, Options, ReadError, Reader, Value, WriteError, Writer};
use std::io::{self, Read, Write};

/// The message, bound to a layout.
pub struct Format {
    codec: Codec,
    record: RecordIx,
    kommunekode: FieldIx,
    forespoergsel_id: FieldIx,
    forespoergselsdato: FieldIx,
    dispositionsdato: FieldIx,
    udbetalingsperiode: FieldIx,
    miljoe: FieldIx,
}

impl Format {
    /// Finds the message's fields in a layout's record `forespoergsel`.
    pub fn bind(layout: &Layout) -> Result<Self, BindError> {
        let record = Binding::of(layout, "forespoergsel")?;
        Ok(Self {
            kommunekode: record.required("kommunekode", Holds::Kommunekode)?,
            forespoergsel_id: record.required("forespoergsel_id", Holds::Uuid)?,
            forespoergselsdato: record.required("forespoergselsdato", Holds::Date)?,
            dispositionsdato: record.required("dispositionsdato", Holds::Date)?,
            udbetalingsperiode: record.required("udbetalingsperiode", Holds::Period)?,
            miljoe: record.code("miljoe", |code| Miljoe::parse(code).is_some())?,
            record: record.record,
            codec: Codec::new(layout),
        })
    }

    /// Reads a request file whole: its one request, or everything that is wrong with it.
    pub fn read(&self, input: impl Read, options: Options) -> Result<Forespoergsel, ReadError> {
        let mut reader = Reader::new(&self.codec, input, options);
        let mut request = None;
        while let Some(record) = reader.next_record()? {
            if record.record() == self.record {
                request = Some(Forespoergsel {
                    kommunekode: bound(record.value(self.kommunekode).kommunekode()),
                    forespoergsel_id: ForespoergselId(bound(
                        record.value(self.forespoergsel_id).uuid(),
                    )),
                    forespoergselsdato: bound(record.value(self.forespoergselsdato).date()),
                    dispositionsdato: bound(record.value(self.dispositionsdato).date()),
                    udbetalingsperiode: bound(record.value(self.udbetalingsperiode).period()),
                    miljoe: bound(record.value(self.miljoe).code().and_then(Miljoe::parse)),
                });
            }
        }
        Ok(bound(request))
    }

    /// What a request file says that it is about, however faulty it is.
    pub fn about(&self, input: impl Read, options: Options) -> io::Result<Option<About>> {
        let mut reader = Reader::new(&self.codec, input, options);
        let record = reader.first_record()?.filter(|record| record.record() == self.record);
        Ok(record.and_then(|record| {
            Some(About {
                kommunekode: record.value(self.kommunekode).kommunekode()?,
                forespoergsel_id: record.value(self.forespoergsel_id).uuid().map(ForespoergselId),
                dispositionsdato: record.value(self.dispositionsdato).date(),
            })
        }))
    }

    /// Writes a request file.
    pub fn write(&self, request: &Forespoergsel, out: impl Write) -> Result<(), WriteError> {
        let mut row = Row::new(&self.codec, self.record);
        row.set(self.kommunekode, Value::Kommunekode(request.kommunekode));
        row.set(self.forespoergsel_id, Value::Uuid(request.forespoergsel_id.0));
        row.set(self.forespoergselsdato, Value::Date(request.forespoergselsdato));
        row.set(self.dispositionsdato, Value::Date(request.dispositionsdato));
        row.set(self.udbetalingsperiode, Value::Period(request.udbetalingsperiode));
        row.set(self.miljoe, Value::Code(request.miljoe.code()));
        let mut writer = Writer::new(&self.codec, out, CprPolicy::default());
        writer.write(row.record, &row.values)?;
        writer.finish().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Kommunekode, Udbetalingsperiode};
    use crate::layout::{Layouts, compile};

    fn request() -> Forespoergsel {
        Forespoergsel {
            kommunekode: Kommunekode::parse(b"0851").unwrap(),
            forespoergsel_id: ForespoergselId(uuid::Uuid::from_u128(0xabc)),
            forespoergselsdato: "2026-12-23".parse().unwrap(),
            dispositionsdato: "2026-12-30".parse().unwrap(),
            udbetalingsperiode: Udbetalingsperiode::new(2026, 12).unwrap(),
            miljoe: Miljoe::Test,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let layout = Layouts::builtin().get("sf2530-forespoergsel").unwrap();
        let format = Format::bind(&layout).unwrap();
        let mut bytes = Vec::new();
        format.write(&request(), &mut bytes).unwrap();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            "10085100000000-0000-0000-0000-000000000abc2026122320261230202612TEST            \r\n"
        );
        assert_eq!(format.read(&bytes[..], Options::default()).unwrap(), request());
    }

    #[test]
    fn a_faulty_request_says_what_it_is_about_as_far_as_it_can() {
        let layout = Layouts::builtin().get("sf2530-forespoergsel").unwrap();
        let format = Format::bind(&layout).unwrap();
        let mut good = Vec::new();
        format.write(&request(), &mut good).unwrap();
        let spoilt = |place: usize| {
            let mut bytes = good.clone();
            bytes[place] = b'x';
            assert!(format.read(&bytes[..], Options::default()).is_err());
            format.about(&bytes[..], Options::default()).unwrap()
        };
        let all = About::from(&request());
        // The period, the day, the id; the municipality itself, and the type of the record.
        assert_eq!(spoilt(60), Some(all));
        assert_eq!(spoilt(52), Some(About { dispositionsdato: None, ..all }));
        assert_eq!(spoilt(8), Some(About { forespoergsel_id: None, ..all }));
        assert_eq!(spoilt(3), None);
        assert_eq!(spoilt(0), None);
        assert_eq!(format.about(&b""[..], Options::default()).unwrap(), None);
        let two = [good.clone(), good.clone()].concat();
        assert_eq!(format.about(&two[..], Options::default()).unwrap(), Some(all));
    }

    /// The official layout may write codes that the message has other names for.
    #[test]
    fn a_layout_may_write_a_code_otherwise() {
        let text = include_str!("../../formats/sf2530-forespoergsel.toml")
            .replace("code = \"TEST\"", "code = \"TEST\", written = \"0002\"");
        let format = Format::bind(&compile("changed.toml", &text).unwrap()).unwrap();
        let mut bytes = Vec::new();
        format.write(&request(), &mut bytes).unwrap();
        assert_eq!(&bytes[64..68], b"0002");
        assert_eq!(format.read(&bytes[..], Options::default()).unwrap(), request());
    }

    /// The official layout may put columns elsewhere, but the message needs its fields.
    #[test]
    fn a_layout_that_lacks_what_the_message_needs_is_refused() {
        let shipped = include_str!("../../formats/sf2530-forespoergsel.toml");
        let table = [
            (
                "\"forespoergselsdato\"",
                "\"dato\"",
                "there is no field forespoergsel.forespoergselsdato",
            ),
            ("code = \"TEST\"", "code = \"PRØV\"", "has the code \"PRØV\""),
            (
                "kind = \"uuid\"",
                "kind = \"text\"",
                "forespoergsel.forespoergsel_id must hold a Uuid",
            ),
        ];
        for (from, to, says) in table {
            let text = shipped.replace(from, to);
            assert_ne!(text, shipped, "{from}");
            let layout = compile("changed.toml", &text).unwrap();
            let error = Format::bind(&layout).err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
