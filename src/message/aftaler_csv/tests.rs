//! What is read, what is refused, and that nothing of it is shown.

use super::*;
use proptest::prelude::*;

const GOOD: &str = "A-1,0101,0707614285,160300,01,2026-01-01,,1,,aktiv";

fn with_header(lines: &str) -> String {
    format!("{}\n{lines}\n", COLUMNS.join(","))
}

fn read_all(text: &[u8]) -> Result<Vec<Line>, ReadError> {
    let mut reader = Reader::new(text, CprPolicy::default())?;
    let mut lines = Vec::new();
    while let Some(line) = reader.read()? {
        lines.push(line);
    }
    Ok(lines)
}

fn header_error(text: &[u8]) -> String {
    read_all(text).map(|_| ()).unwrap_err().to_string()
}

/// What is said about the good line with one column changed.
fn faults(column: &str, value: &str) -> Vec<String> {
    let mut values: Vec<_> = GOOD.split(',').collect();
    values[COLUMNS.iter().position(|name| *name == column).unwrap()] = value;
    let lines = read_all(with_header(&values.join(",")).as_bytes()).unwrap();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(line.number, 2);
    line.aftale.as_ref().err().iter().flat_map(|f| f.iter()).map(ToString::to_string).collect()
}

#[test]
fn takes_any_order_of_columns_either_date_and_a_byte_order_mark() {
    let text = "\u{feff}status,fordring_id,prioritet,gyldig_til,gyldig_fra,ydelsestype,beloeb,\
                cpr,kommunekode,aftale_id\r\n\
                ophoert,\"F,Ø\",02,20301231,2026-01-31,09,0,0707614285,0851,Æ 1\r\n\r\n";
    let lines = read_all(text.as_bytes()).unwrap();
    assert_eq!(lines.len(), 1);
    let aftale = lines[0].aftale.as_ref().unwrap();
    assert_eq!(aftale.aftale_id.as_str(), "Æ 1");
    assert_eq!(aftale.kommunekode.number(), 851);
    assert_eq!(aftale.cpr.as_bytes(), b"0707614285");
    assert_eq!(aftale.beloeb, Beloeb::NUL);
    assert_eq!(aftale.ydelsestype, Ydelsestype::AndetUnderholdsbidrag);
    assert_eq!(aftale.gyldig_fra.to_string(), "2026-01-31");
    assert_eq!(aftale.gyldig_til.unwrap().to_string(), "2030-12-31");
    assert_eq!(aftale.prioritet.number(), 2);
    assert_eq!(aftale.fordring_id.as_ref().unwrap().as_str(), "F,Ø");
    assert_eq!(aftale.status, Aftalestatus::Ophoert);
    assert_eq!(lines[0].warnings, []);
}

const FAULTS: &[(&str, &str, &str)] = &[
    ("aftale_id", "", "missing-value: expected a value; found nothing"),
    (
        "aftale_id",
        "123456789012345678901",
        "bad-identifier: expected at most 20 characters; found \
      999999999999999999999",
    ),
    (
        "kommunekode",
        "411",
        "bad-kommunekode: expected the four-digit code of one of the 98 \
      municipalities, such as 0101; found 999",
    ),
    ("cpr", "070761-4285", "bad-cpr: expected ten digits, DDMMYYSSSS; found 999999-9999"),
    (
        "cpr",
        "6707614285",
        "bad-cpr: expected a number issued by CPR; this is an \
      erstatningspersonnummer (day + 60); found 9999999999",
    ),
    (
        "beloeb",
        "\"1603,00\"",
        "bad-number: expected whole øre, digits only, 0 to 99999999999; \
      found 9999,99",
    ),
    ("beloeb", "-1", "bad-number: expected whole øre, digits only, 0 to 99999999999; found -9"),
    (
        "beloeb",
        "100000000000",
        "bad-number: expected whole øre, digits only, 0 to 99999999999; \
      found 999999999999",
    ),
    ("ydelsestype", "1", "unknown-code: expected one of 01, 02, 03, 09; found 9"),
    (
        "gyldig_fra",
        "2026-02-29",
        "bad-date: expected a day as YYYY-MM-DD or YYYYMMDD; found \
      9999-99-99",
    ),
    (
        "gyldig_fra",
        "2026-2-029",
        "bad-date: expected a day as YYYY-MM-DD or YYYYMMDD; found \
      9999-9-999",
    ),
    (
        "gyldig_til",
        "2026.02.28",
        "bad-date: expected a day as YYYY-MM-DD or YYYYMMDD; found \
      9999.99.99",
    ),
    ("gyldig_til", "æøåæ", "bad-date: expected a day as YYYY-MM-DD or YYYYMMDD; found ????????"),
    (
        "gyldig_til",
        "+2026-2-28",
        "bad-date: expected a day as YYYY-MM-DD or YYYYMMDD; found \
      +9999-9-99",
    ),
    ("prioritet", "0", "bad-number: expected a number from 1 to 99; found 9"),
    ("prioritet", "100", "bad-number: expected a number from 1 to 99; found 999"),
    (
        "fordring_id",
        "€5",
        "bad-identifier: expected printable ISO-8859-1 characters only; found \
      ???9",
    ),
    ("status", "Aktiv", "unknown-code: expected one of aktiv, suspenderet, ophoert; found Aaaaa"),
];

#[test]
fn says_what_is_wrong_with_a_value_and_never_shows_it() {
    for (column, value, said) in FAULTS {
        assert_eq!(faults(column, value), [format!("{column}: {said}")]);
    }
    assert_eq!(faults("status", "aktiv"), [""; 0]);
}

#[test]
fn tells_all_faults_of_a_line_and_goes_on() {
    let text = with_header(&format!("A,1,2,3\n\n,x,x,x,x,x,x,x,€,x\n{GOOD}"));
    let lines = read_all(text.as_bytes()).unwrap();
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 4, 5]);
    let count = |line: &Line| line.aftale.as_ref().map_or_else(Vec::len, |_| 0);
    assert_eq!(lines.iter().map(count).collect::<Vec<_>>(), [1, 10, 0]);
    let fault = &lines[0].aftale.as_ref().unwrap_err()[0];
    let said = "bad-csv-line: expected ten values, as the header has; found A,9,9,9";
    assert_eq!(fault.to_string(), said);
}

#[test]
fn latin_1_is_told_from_utf_8() {
    let mut text = with_header(GOOD).into_bytes();
    let at = text.iter().position(|byte| *byte == b'A').unwrap();
    text[at] = 0xC6;
    let lines = read_all(&text).unwrap();
    let fault = &lines[0].aftale.as_ref().unwrap_err()[0];
    let said = "aftale_id: bad-encoding: expected text in UTF-8; found ?-9";
    assert_eq!(fault.to_string(), said);
}

#[test]
fn warns_of_what_is_strange_but_right() {
    let odd = GOOD.replace("0707614285", "0707614286").replace("01-01,,", "01-01,2025-12-31,");
    let lines = read_all(with_header(&odd).as_bytes()).unwrap();
    assert!(lines[0].aftale.is_ok());
    assert_eq!(lines[0].warnings, [Warning::Modulus11, Warning::NeverHolds]);
}

#[test]
fn the_header_must_be_exactly_the_columns() {
    let names = COLUMNS.join(",");
    let table = [
        (String::new(), "the file is empty"),
        (GOOD.to_owned(), "\"A-9\" is none of them"),
        (names.replace(",cpr", ""), "cpr is missing"),
        (names.replace("status", "cpr"), "cpr stands there twice, status is missing"),
        (format!("{names},navn"), "\"aaaa\" is none of them"),
        (names.replace(',', ";"), "\"aaaaaa_aa;"),
    ];
    for (text, said) in table {
        let error = header_error(text.as_bytes());
        assert!(error.contains(said) && error.starts_with("line 1: "), "{error}");
        assert!(!error.contains("0707614285"), "{error}");
    }
}

#[test]
fn a_quotation_mark_that_is_not_closed_spoils_its_own_line() {
    let lines = read_all(with_header(&format!("\"A{GOOD}\n{GOOD}")).as_bytes()).unwrap();
    let fault = &lines[0].aftale.as_ref().unwrap_err()[0];
    assert_eq!((fault.column, fault.code), (None, Code::BadCsvLine));
    assert!(fault.to_string().contains("quotation mark"), "{fault}");
    assert!(lines[1].aftale.is_ok());
}

#[test]
fn a_line_without_end_is_not_taken_into_memory() {
    let text = with_header(GOOD);
    let endless = text.as_bytes().chain(io::repeat(b'7'));
    let mut reader = Reader::new(endless, CprPolicy::default()).unwrap();
    assert!(reader.read().unwrap().unwrap().aftale.is_ok());
    let error = reader.read().unwrap_err();
    assert!(matches!(error, ReadError::LineTooLong { line: 3 }), "{error}");
}

prop_compose! {
    fn identifier()(text in "[!-~\u{a1}-\u{ff}]([ -~\u{a0}-\u{ff}]{0,18}[!-~\u{a1}-\u{ff}])?")
        -> String { text }
}

prop_compose! {
    fn any_aftale()(
        id in identifier(), kommune in 0..98_usize, serial in 0..10_000_u32,
        oere in 0..=STOERSTE_BELOEB.oere(), ydelsestype in 0..4_usize,
        fra in 1..3_000_000, til in proptest::option::of(1..3_000_000),
        prioritet in 1..=99_u8, fordring in proptest::option::of(identifier()),
        status in 0..3_usize,
    ) -> Aftale {
        let cpr = format!("010190{serial:04}");
        let day = |n| NaiveDate::from_num_days_from_ce_opt(n).unwrap();
        Aftale {
            aftale_id: AftaleId::parse(&id).unwrap(),
            kommunekode: Kommunekode::all().nth(kommune).unwrap(),
            cpr: Cpr::parse(cpr.as_bytes(), CprPolicy::default()).unwrap(),
            beloeb: Beloeb::from_oere(oere),
            ydelsestype: Ydelsestype::ALL[ydelsestype],
            gyldig_fra: day(fra),
            gyldig_til: til.map(day),
            prioritet: Prioritet::new(prioritet).unwrap(),
            fordring_id: fordring.map(|text| FordringId::parse(&text).unwrap()),
            status: Aftalestatus::ALL[status],
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(aftaler in proptest::collection::vec(any_aftale(), 0..20)) {
        let mut text = Vec::new();
        let mut writer = Writer::new(&mut text).unwrap();
        for aftale in &aftaler {
            writer.write(aftale).unwrap();
        }
        writer.finish().unwrap();
        let lines = read_all(&text).unwrap();
        let back: Vec<_> = lines.into_iter().map(|line| line.aftale.unwrap()).collect();
        prop_assert_eq!(back, aftaler);
    }

    #[test]
    fn no_bytes_make_it_panic(
        header in any::<bool>(), bytes in proptest::collection::vec(any::<u8>(), 0..300)
    ) {
        let mut text = if header { with_header("").into_bytes() } else { Vec::new() };
        text.extend(bytes);
        drop(read_all(&text));
    }
}
