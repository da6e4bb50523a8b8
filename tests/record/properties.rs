//! What holds for every layout, every value and every input.

use crate::generated::{Case, cases};
use crate::support::{codec, read, shipped};
use modregn::domain::CprPolicy;
use modregn::record::{Codec, Options, Reader, Value, Writer};
use proptest::prelude::*;
use std::fs;
use std::io::{self, Read};

fn write(codec: &Codec, records: &[(&str, Vec<Value<'_>>)]) -> Vec<u8> {
    let mut writer = Writer::new(codec, Vec::new(), CprPolicy::default());
    for (record, values) in records {
        let record = codec.layout().record_named(record).unwrap();
        writer.write(record, values).unwrap_or_else(|error| panic!("{error}"));
    }
    writer.finish().unwrap_or_else(|error| panic!("{error}"))
}

/// Writes anew what is read.
fn rewrite(codec: &Codec, file: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(codec, file, Options::default());
    let mut writer = Writer::new(codec, Vec::new(), CprPolicy::default());
    while let Some(record) = reader.next_record().unwrap() {
        let values: Vec<_> = record.values().map(|(_, value)| value).collect();
        writer.write(record.record(), &values).unwrap();
    }
    writer.finish().unwrap()
}

/// Gives at most so many bytes at a time.
struct Drip<'b>(&'b [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(case in cases()) {
        let Case { toml, records } = &case;
        let codec = codec(toml);
        let records: Vec<_> = records
            .iter()
            .map(|(name, values)| (*name, values.iter().map(|v| v.value()).collect::<Vec<_>>()))
            .collect();
        let file = write(&codec, &records);
        let mut reader = Reader::new(&codec, file.as_slice(), Options::default());
        for (name, values) in &records {
            let record = reader.next_record().unwrap().unwrap();
            prop_assert_eq!(&record.layout().name, name);
            for ((field, found), given) in record.values().zip(values) {
                // What a control gives is not given here.
                if given.is_some() {
                    prop_assert_eq!(found.unmasked(), given.unmasked(), "{}", &field.name);
                }
            }
        }
        prop_assert!(reader.next_record().unwrap().is_none());
        prop_assert_eq!(rewrite(&codec, &file), file);
    }
}

const FIXTURES: [(&str, &str); 9] = [
    (
        "formats/sf1590-debitorregistrering.toml",
        "sf1590-debitorregistrering/all-operations/overfoersel.txt",
    ),
    ("formats/sf1590-kvittering.toml", "sf1590-kvittering/accepted-and-rejected/kvittering.txt"),
    (
        "formats/sf2520-kontanthjaelpsudbetaling.toml",
        "sf2520-kontanthjaelpsudbetaling/three-reports/udbetaling.txt",
    ),
    ("formats/sf2530-forespoergsel.toml", "sf2530-forespoergsel/crlf/forespoergsel.txt"),
    ("formats/sf2530-svar.toml", "sf2530-svar/two-transactions/svar.txt"),
    (
        "tests/layouts/betalingsservice-0602.toml",
        "betalingsservice-0602/two-sections/leverance.txt",
    ),
    ("tests/layouts/cpr-udtraek.toml", "cpr-udtraek/two-persons/udtraek.txt"),
    ("tests/layouts/debitor-cp277.toml", "debitor-cp277/overpunched/postering.ebc"),
    ("tests/layouts/nacha-ach.toml", "nacha-ach/two-batches/ach.txt"),
];

/// A way to spoil a file: where, and what.
#[derive(Clone, Debug)]
enum Harm {
    Change(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index, usize),
}

fn harms() -> impl Strategy<Value = Vec<Harm>> {
    let place = any::<prop::sample::Index>;
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\r\n 0129+-A\0".to_vec())];
    let harm = prop_oneof![
        6 => (place(), byte).prop_map(|(at, byte)| Harm::Change(at, byte)),
        1 => (place(), any::<Vec<u8>>()).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        1 => (place(), 1_usize..200).prop_map(|(at, many)| Harm::Remove(at, many)),
        1 => place().prop_map(Harm::Cut),
        1 => (place(), 1_usize..400).prop_map(|(at, many)| Harm::Repeat(at, many)),
    ];
    prop::collection::vec(harm, 1..6)
}

fn spoil(file: &mut Vec<u8>, harm: &Harm) {
    if file.is_empty() {
        return;
    }
    match harm {
        Harm::Change(at, byte) => *at.get_mut(file.as_mut_slice()) = *byte,
        Harm::Insert(at, bytes) => {
            let at = at.index(file.len());
            file.splice(at..at, bytes.iter().copied());
        }
        Harm::Remove(at, many) => {
            let at = at.index(file.len());
            file.drain(at..file.len().min(at + many));
        }
        Harm::Cut(at) => file.truncate(at.index(file.len())),
        Harm::Repeat(at, many) => {
            let at = at.index(file.len());
            let again = file[at..file.len().min(at + many)].to_vec();
            file.splice(at..at, again);
        }
    }
}

proptest! {
    #[test]
    fn no_file_is_too_bad_to_be_judged(
        which in 0..FIXTURES.len(),
        harms in harms(),
        drip in 1_usize..300,
    ) {
        let (layout, file) = FIXTURES[which];
        let codec = shipped(layout);
        let path = format!("{}/fixtures/{file}", env!("CARGO_MANIFEST_DIR"));
        let mut bytes = fs::read(path).unwrap();
        for harm in &harms {
            spoil(&mut bytes, harm);
        }
        let verdict = read(&codec, bytes.as_slice());
        prop_assert_eq!(&verdict, &read(&codec, Drip(&bytes, drip)), "pieces make no difference");
        match verdict {
            Ok(_) => {
                // A good file: written anew, it reads as the same.
                let again = rewrite(&codec, &bytes);
                prop_assert_eq!(read(&codec, again.as_slice()), read(&codec, bytes.as_slice()));
            }
            Err(faults) => {
                let size = u64::try_from(bytes.len()).unwrap();
                for fault in faults.as_slice() {
                    prop_assert!(fault.position.byte <= size + 200, "{}", fault);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_judged(bytes: Vec<u8>, which in 0..FIXTURES.len()) {
        let _ = read(&shipped(FIXTURES[which].0), bytes.as_slice());
    }
}
