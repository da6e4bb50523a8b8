//! A file as a whole: where records begin and end, in what order they stand, what must add up.

use crate::support::{faults, read, read_with, shipped};
use modregn::domain::CprPolicy;
use modregn::record::{Codec, Options, ReadError, Reader};
use std::io::Read;

const UUID: &str = "0193a7c2-5b1e-7f00-8a4d-3c2b1a098765";

fn sf2520() -> Codec {
    shipped("formats/sf2520-kontanthjaelpsudbetaling.toml")
}

fn start() -> String {
    format!("100101{UUID}20261201202612PROD{:36}{:24}", "", "")
}

fn indberetning(nummer: u32, beloeb: u32, fortegn: char) -> String {
    format!("200101{nummer:09}{:<20}0101901234{beloeb:011}{fortegn}2026120100{:53}", "A-1", "")
}

fn slut(antal: u32, sum: u32, fortegn: char) -> String {
    format!("900101{antal:09}{sum:015}{fortegn}{:89}", "")
}

/// A file of these records, each ended by `end`.
fn file(end: &str, records: &[String]) -> String {
    records.iter().map(|record| record.clone() + end).collect()
}

fn good(end: &str) -> String {
    file(end, &[start(), indberetning(1, 500, '+'), indberetning(2, 700, '-'), slut(2, 200, '-')])
}

/// Gives its bytes one by one, as a slow pipe may.
struct Drip(Vec<u8>);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() || buffer.is_empty() {
            return Ok(0);
        }
        buffer[0] = self.0.remove(0);
        Ok(1)
    }
}

#[test]
fn a_good_file_reads_as_its_values() {
    let expected = [
        format!(
            "start kommunekode=0101 udbetaling_id={UUID} dispositionsdato=2026-12-01 \
             udbetalingsperiode=2026-12 miljoe=PROD"
        ),
        "indberetning kommunekode=0101 loebenummer=1 aftale_id=A-1 cpr=0101901234 \
         tilbageholdt_beloeb=5.00 udbetalingsdato=2026-12-01 aarsagskode=00"
            .to_owned(),
        "indberetning kommunekode=0101 loebenummer=2 aftale_id=A-1 cpr=0101901234 \
         tilbageholdt_beloeb=-7.00 udbetalingsdato=2026-12-01 aarsagskode=00"
            .to_owned(),
        "slut kommunekode=0101 antal_indberetninger=2 sum_beloeb=-2.00".to_owned(),
    ];
    for end in ["\r\n", "\n"] {
        assert_eq!(read(&sf2520(), good(end).as_bytes()).unwrap(), expected);
        let unended = good(end);
        let unended = unended.trim_end();
        let unended = format!("{unended}{}", " ".repeat(89));
        assert_eq!(read(&sf2520(), unended.as_bytes()).unwrap(), expected, "last one unended");
        assert_eq!(read(&sf2520(), Drip(good(end).into_bytes())).unwrap(), expected);
    }
}

#[test]
fn every_record_knows_where_it_stands() {
    let (codec, file) = (sf2520(), good("\n"));
    let mut reader = Reader::new(&codec, file.as_bytes(), Options::default());
    let mut places = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let at = record.position();
        places.push((at.record, at.byte, at.line));
    }
    assert_eq!(places, [(1, 0, 1), (2, 121, 2), (3, 242, 3), (4, 363, 4)]);
    let progress = reader.progress();
    assert_eq!((progress.records, progress.bytes), (4, 484));
    // 010190-1234 fails the check digit, which is no fault.
    assert_eq!(progress.cpr_without_modulus_11, 2);
}

#[test]
fn all_faults_of_a_file_are_told_at_once() {
    let mut bad = indberetning(2, 1, '?');
    bad.replace_range(35..45, "4501901234");
    let records = [start(), indberetning(1, 500, '+'), bad, slut(3, 500, '+')];
    assert_eq!(
        faults(&sf2520(), file("\r\n", &records).as_bytes()),
        [
            "bad-number: record 3 (indberetning), line 3, byte 300, field fortegn, columns 57–57: \
             expected a sign: “+”, “-”; found ?",
            "bad-cpr: record 3 (indberetning), line 3, byte 279, field cpr, columns 36–45: \
             expected \
             a CPR number: ten digits that begin with a day that exists; found 9999999999",
            "control-mismatch: record 4 (slut), line 4, byte 372, field antal_indberetninger, \
             columns 7–15: expected 2, the number of indberetning; found 3",
        ],
        "the sum is not compared, for one of its parts is unknown"
    );
}

#[test]
fn records_of_a_wrong_length_or_end() {
    let codec = sf2520();
    let (s, i, e) = (start(), indberetning(1, 500, '+'), slut(1, 500, '+'));
    let table = [
        (
            format!("{s}\n{}\n{e}\n", i.trim_end()),
            "record-too-short: record 2 (indberetning), line 2, byte 121: expected 120 bytes; \
             found 67 bytes",
        ),
        (
            format!("{s}\n{i} \n{e}\n"),
            "record-too-long: record 2 (indberetning), line 2, byte 121: expected 120 bytes; \
             found 121 bytes",
        ),
        (
            format!("{s}\r\n{i}\n{e}\r\n"),
            "bad-terminator: record 2 (indberetning), line 2, byte 122: expected CR LF; found LF",
        ),
        (
            format!("{s}\n{i}\r\n{e}\n"),
            "bad-terminator: record 2 (indberetning), line 2, byte 121: expected LF; found CR LF",
        ),
        (
            format!("{s}\nXX{}\n{e}\n", &i[2..]),
            "unknown-record: record 2, line 2, byte 121: expected start or indberetning or slut; \
             found AA9999999999999A-9  ",
        ),
        (
            format!("{s}\n{i}\n{e}\n\x1a"),
            "trailing-bytes: record 4, line 4, byte 363: expected the end of the file; found ?",
        ),
        (
            format!("{s}\n{i}\n{e}\n\n"),
            "trailing-bytes: record 4, line 4, byte 363: expected the end of the file; found ",
        ),
        (
            String::new(),
            "empty-file: record 1, line 1, byte 0: expected at least one record; found no bytes",
        ),
    ];
    for (file, expected) in table {
        assert_eq!(faults(&codec, file.as_bytes()), [expected]);
    }
}

#[test]
fn records_out_of_order() {
    let codec = sf2520();
    let (s, i, e) = (start(), indberetning(1, 500, '+'), slut(1, 500, '+'));
    let table = [
        (
            vec![i.clone(), e.clone()],
            "missing-record: record 1, line 1, byte 0: expected start; found indberetning",
        ),
        (
            vec![s.clone(), i.clone()],
            "missing-record: record 3, line 3, byte 242: expected slut; found the end of the file",
        ),
        (
            vec![s.clone(), s.clone(), i.clone(), e.clone()],
            "unexpected-record: record 2 (start), line 2, byte 121: expected indberetning or \
             slut; found start",
        ),
        (
            vec![s, i.clone(), e, i],
            "unexpected-record: record 4 (indberetning), line 4, byte 363: expected the end of \
             the file; found indberetning",
        ),
    ];
    for (records, expected) in table {
        assert_eq!(faults(&codec, file("\n", &records).as_bytes())[0], expected);
    }
}

#[test]
fn what_must_add_up() {
    let codec = sf2520();
    let table = [
        (
            1,
            indberetning(1, 500, '+'),
            slut(2, 500, '+'),
            "expected 1, the number of indberetning; found 2",
        ),
        (
            1,
            indberetning(1, 500, '+'),
            slut(1, 501, '+'),
            "expected 500, the sum of indberetning.tilbageholdt_beloeb; found 501",
        ),
        (
            1,
            indberetning(1, 500, '-'),
            slut(1, 500, '+'),
            "expected -500, the sum of indberetning.tilbageholdt_beloeb; found 500",
        ),
        (1, indberetning(7, 500, '+'), slut(1, 500, '+'), "expected 1, the next number; found 7"),
        (
            1,
            indberetning(1, 500, '+').replacen("0101", "0147", 1),
            slut(1, 500, '+'),
            "expected as in start.kommunekode; found 9999",
        ),
    ];
    for (count, record, slut, expected) in table {
        let found = faults(&codec, file("\n", &[start(), record, slut]).as_bytes());
        assert_eq!(found.len(), count, "{found:?}");
        assert!(found[0].starts_with("control-mismatch"), "{found:?}");
        assert!(found[0].ends_with(expected), "{found:?}");
    }
}

#[test]
fn one_gap_in_the_numbers_is_one_fault() {
    let codec = sf2520();
    let numbers = [1, 2, 5, 6, 7].map(|nummer| indberetning(nummer, 0, '+'));
    let records = [&[start()][..], &numbers, &[slut(5, 0, '+')]].concat();
    let found = faults(&codec, file("\n", &records).as_bytes());
    assert!(
        found.len() == 1 && found[0].ends_with("expected 3, the next number; found 5"),
        "{found:?}"
    );
}

#[test]
fn limits_end_a_hopeless_file() {
    let codec = sf2520();
    let many = [start(), "x\n".repeat(5000)].join("\n");
    let found = faults(&codec, many.as_bytes());
    assert_eq!(found.len(), 1001);
    assert!(found[1000].starts_with("too-many-faults: record 1002"), "{}", found[1000]);
    let options = Options { max_records: 4, ..Options::default() };
    assert_eq!(read_with(&codec, good("\n").as_bytes(), options).unwrap().len(), 4);
    let options = Options { max_records: 2, ..Options::default() };
    let found = read_with(&codec, good("\n").as_bytes(), options).unwrap_err();
    assert!(found.to_string().starts_with("too-many-records: record 3"), "{found}");
}

/// The faults that are no longer told are faults all the same.
#[test]
fn no_faulty_record_is_given_away_however_many_there_are() {
    let codec = sf2520();
    let bad = |nummer| indberetning(nummer, 1, '+').replace("0101901234", "9999999999");
    let records: Vec<_> = [start()].into_iter().chain((1..200).map(bad)).collect();
    for fault_limit in [0, 1, 5, 63, 64, 65, 198] {
        let text = file("\r\n", &records);
        let options = Options { fault_limit, ..Options::default() };
        let mut reader = Reader::new(&codec, text.as_bytes(), options);
        let mut given = 0;
        let faults = loop {
            match reader.next_record() {
                Ok(Some(_)) => given += 1,
                Err(ReadError::Faults(faults)) => break faults,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((given, faults.as_slice().len()), (1, fault_limit + 1));
    }
}

#[test]
fn a_gigabyte_of_nothing_ends_soon() {
    struct Counting<'c, R>(R, &'c mut u64);
    impl<R: Read> Read for Counting<'_, R> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let read = self.0.read(buffer)?;
            *self.1 += read as u64;
            Ok(read)
        }
    }
    let mut read_bytes = 0;
    let zeros = std::io::repeat(0).take(1 << 30);
    let found = faults(&sf2520(), Counting(zeros, &mut read_bytes));
    assert_eq!(
        found,
        ["record-too-long: record 1, line 1, byte 0: expected a line end within 1048576 \
             bytes; found none"]
    );
    assert!(read_bytes < 4 << 20, "{read_bytes} bytes were read");
}

#[test]
fn erstatningspersonnumre_are_a_setting() {
    let codec = sf2520();
    let record = indberetning(1, 0, '+').replace("0101901234", "6101901234");
    let file = file("\n", &[start(), record, slut(1, 0, '+')]);
    assert!(faults(&codec, file.as_bytes())[0].starts_with("bad-cpr"));
    let cpr = CprPolicy { erstatningspersonnummer: true };
    assert_eq!(
        read_with(&codec, file.as_bytes(), Options { cpr, ..Options::default() }).unwrap().len(),
        3
    );
}

#[test]
fn a_reader_that_fails_is_no_bad_file() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the line is cut"))
        }
    }
    let codec = sf2520();
    let mut reader = Reader::new(&codec, Broken, Options::default());
    assert!(matches!(reader.next_record(), Err(ReadError::Io(_))));
}

#[test]
fn nothing_personal_is_shown() {
    let (codec, file) = (sf2520(), good("\n"));
    let mut reader = Reader::new(&codec, file.as_bytes(), Options::default());
    while let Some(record) = reader.next_record().unwrap() {
        let shown = format!("{record:?}");
        assert!(!shown.contains("0101901234") && !shown.contains("1234"), "{shown}");
    }
}
