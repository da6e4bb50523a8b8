//! Registrations as a fagsystem hands them to us: a line of JSON each, or, those without lists in
//! them, CSV. One line's fault says nothing of its values: they may be personal.

use crate::domain::debitor::Debitorregistrering;
use serde_json::{Map, Value};
use std::io::{self, BufRead, BufReader, Read};

/// The longest line, bytes.
const LONGEST: u64 = 4 << 20;
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON object on each line.
    JsonLines,
    /// Comma-separated values, under a line with the columns' names ([`COLUMNS`], any of them).
    Csv,
}

/// The columns of a CSV file: those of every registration, then those of its operation.
pub const COLUMNS: &[&str] = &[
    "registrering_id",
    "fagsystem",
    "kommunekode",
    "debitorkonto_id",
    "registreret",
    "virkningsdato",
    "retter",
    "operation",
    "rolle",
    "cpr",
    "cvr",
    "materialetype",
    "slutdato",
    "fordring_id",
    "fordringstilstand",
    "indbetaling_id",
    "delfordring_id",
    "beloeb",
    "indbetalingsdato",
    "tilbagefoerer",
];

/// How many of [`COLUMNS`], from the first, are not the operation's.
const COMMON: usize = 7;

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// What it says, or what is wrong with it.
    pub registrering: Result<Debitorregistrering, String>,
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file itself.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line without end.
    #[error("line {0} is longer than {LONGEST} bytes: expected one registration on each line")]
    LineTooLong(u64),
    /// A column that is not known, or named twice, or a line that is no CSV.
    #[error("{0}")]
    Csv(String),
}

/// Reads a file line by line.
pub struct Reader<R: Read>(Source<R>);

enum Source<R: Read> {
    JsonLines { source: BufReader<R>, line: String, number: u64 },
    Csv { source: csv::Reader<R>, columns: Vec<&'static str>, record: csv::StringRecord },
}

impl<R: Read> Reader<R> {
    /// Begins to read; of CSV, its columns.
    pub fn new(source: R, form: Form) -> Result<Self, ReadError> {
        Ok(Self(match form {
            Form::JsonLines => Source::JsonLines {
                source: BufReader::with_capacity(64 << 10, source),
                line: String::new(),
                number: 0,
            },
            Form::Csv => {
                let mut source = csv::Reader::from_reader(source);
                let columns = columns(source.headers().map_err(|error| csv_error(&error))?)?;
                Source::Csv { source, columns, record: csv::StringRecord::new() }
            }
        }))
    }

    /// The next line that is not empty; `None` at the end.
    pub fn read(&mut self) -> Result<Option<Line>, ReadError> {
        match &mut self.0 {
            Source::JsonLines { source, line, number } => loop {
                line.clear();
                if (&mut *source).take(LONGEST).read_line(line)? == 0 {
                    return Ok(None);
                }
                *number += 1;
                if line.len() as u64 == LONGEST {
                    return Err(ReadError::LineTooLong(*number));
                }
                let text = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim();
                if !text.is_empty() {
                    let mut json = serde_json::Deserializer::from_str(text);
                    let registrering = parsed(serde_path_to_error::deserialize(&mut json))
                        .and_then(|read| json.end().map(|()| read).map_err(|e| told(&e)));
                    return Ok(Some(Line { number: *number, registrering }));
                }
            },
            Source::Csv { source, columns, record } => {
                if !source.read_record(record).map_err(|error| csv_error(&error))? {
                    return Ok(None);
                }
                let number = record.position().map_or(0, csv::Position::line);
                let registrering =
                    flat(columns, record).and_then(|v| parsed(serde_path_to_error::deserialize(v)));
                Ok(Some(Line { number, registrering }))
            }
        }
    }
}

fn columns(headers: &csv::StringRecord) -> Result<Vec<&'static str>, ReadError> {
    let mut columns = Vec::new();
    for name in headers {
        let name = name.trim_start_matches(BYTE_ORDER_MARK).trim();
        match COLUMNS.iter().find(|column| **column == name) {
            Some(column) if columns.contains(column) => {
                return Err(ReadError::Csv(format!("the column {column} stands twice")));
            }
            Some(column) => columns.push(*column),
            None => {
                let known = COLUMNS.join(", ");
                let nth = columns.len() + 1;
                return Err(ReadError::Csv(format!(
                    "column {nth} is not known; expected any of {known}"
                )));
            }
        }
    }
    Ok(columns)
}

/// A line of CSV as the JSON it stands for; an empty value is none.
fn flat(columns: &[&'static str], record: &csv::StringRecord) -> Result<Value, String> {
    let (mut all, mut operation, mut name) = (Map::new(), Map::new(), None);
    for (column, value) in columns.iter().zip(record).filter(|(_, value)| !value.is_empty()) {
        let is_common = COLUMNS[..COMMON].contains(column);
        match *column {
            "operation" => name = Some(value.to_owned()),
            "cpr" | "cvr" if operation.contains_key("part") => {
                return Err("cvr: expected either a cpr or a cvr".to_owned());
            }
            "cpr" | "cvr" => {
                let part = Map::from_iter([((*column).to_owned(), value.into())]);
                operation.insert("part".to_owned(), part.into());
            }
            "beloeb" => {
                let oere: i64 = value
                    .parse()
                    .map_err(|_| "beloeb: expected a whole number of øre".to_owned())?;
                operation.insert("beloeb".to_owned(), oere.into());
            }
            _ => {
                let to = if is_common { &mut all } else { &mut operation };
                to.insert((*column).to_owned(), value.into());
            }
        }
    }
    let name = name.ok_or("operation: expected the name of an operation")?;
    all.insert("operation".to_owned(), Value::Object(Map::from_iter([(name, operation.into())])));
    Ok(all.into())
}

fn parsed(
    result: Result<Debitorregistrering, serde_path_to_error::Error<serde_json::Error>>,
) -> Result<Debitorregistrering, String> {
    result.map_err(|error| {
        let path = error.path().to_string();
        let what = told(error.inner());
        if path == "." { what } else { format!("{}: {what}", masked(&path)) }
    })
}

/// What is wrong, without what was found.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let names_the_value = ["invalid ", "unknown "].iter().any(|start| text.starts_with(start));
    let expected = text.rfind("expected ").filter(|_| names_the_value);
    let text = masked(&text[expected.unwrap_or(0)..]);
    match error.column() {
        0 => text,
        column => format!("{text} (character {column})"),
    }
}

/// The text with nothing in it that could be a person's number.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[at..].bytes().take_while(u8::is_ascii_digit).count();
        masked.push_str(&rest[..at]);
        let shown = &rest[at..at + digits];
        masked.push_str(&if digits < 6 { shown.to_owned() } else { "9".repeat(digits) });
        rest = &rest[at + digits..];
    }
    masked + rest
}

fn csv_error(error: &csv::Error) -> ReadError {
    let line = error.position().map_or(0, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        csv::ErrorKind::Utf8 { .. } => "expected UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("expected {expected_len} values, found {len}")
        }
        _ => "expected comma-separated values".to_owned(),
    };
    ReadError::Csv(format!("line {line}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::debitor::Operation;

    const ID: &str = "00000000-0000-0000-0000-000000001001";
    const KONTO: &str = "00000000-0000-0000-0000-000000005000";

    fn lines(text: &str, form: Form) -> Vec<Line> {
        let mut reader = Reader::new(text.as_bytes(), form).unwrap();
        std::iter::from_fn(|| reader.read().unwrap()).collect()
    }

    fn payment(operation: &str) -> String {
        format!(
            "{{\"registrering_id\":\"{ID}\",\"fagsystem\":\"KY\",\"kommunekode\":\"0101\",\
             \"debitorkonto_id\":\"{KONTO}\",\"registreret\":\"2026-11-22T07:30:00Z\",\
             \"virkningsdato\":\"2026-12-01\",\"operation\":{operation}}}"
        )
    }

    const PAID: &str = "{\"ForetagIndbetaling\":{\
        \"indbetaling_id\":\"00000000-0000-0000-0000-000000007001\",\"fordring_id\":\"F-1\",\
        \"delfordring_id\":\"D-1\",\"beloeb\":100000,\"indbetalingsdato\":\"2026-12-15\"}}";

    #[test]
    fn json_lines_and_csv_say_the_same() {
        let json = lines(&format!("\u{feff}\n{}\n\n", payment(PAID)), Form::JsonLines);
        let csv = format!(
            "registrering_id,fagsystem,kommunekode,debitorkonto_id,registreret,virkningsdato,\
             retter,operation,indbetaling_id,fordring_id,delfordring_id,beloeb,indbetalingsdato,\
             tilbagefoerer\n\
             {ID},KY,0101,{KONTO},2026-11-22T08:30:00+01:00,2026-12-01,,ForetagIndbetaling,\
             00000000-0000-0000-0000-000000007001,F-1,D-1,100000,2026-12-15,\n"
        );
        let csv = lines(&csv, Form::Csv);
        assert_eq!((json.len(), json[0].number), (1, 2));
        assert_eq!((csv.len(), csv[0].number), (1, 2));
        let read = json[0].registrering.clone().unwrap();
        assert_eq!(csv[0].registrering, Ok(read.clone()));
        assert!(matches!(read.operation, Operation::ForetagIndbetaling(_)));
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(lines(&again, Form::JsonLines)[0].registrering, Ok(read));
    }

    #[test]
    fn says_what_is_wrong_and_never_the_value() {
        let part = |part: &str| {
            payment(&format!(
                "{{\"AfslutHaeftelse\":{{\"rolle\":\"juridisk-medhaefter\",\"part\":{part},\
                 \"slutdato\":\"2026-12-31\"}}}}"
            ))
        };
        let table = [
            (part(r#"{"cpr":"3102901234"}"#), "part.cpr: expected a date of birth"),
            (part(r#"{"cpr":101901234}"#), "part.cpr: expected a"),
            (part(r#"{"0101901234":"x"}"#), "expected `cpr` or `cvr`"),
            (part(r#"{"cvr":"64942213"}"#), "part.cvr: expected a CVR number"),
            (payment(PAID).replace("0101\"", "0411\""), "kommunekode: expected the four-digit"),
            (payment(PAID).replace("F-1", "0101901234012345678901"), "expected at most 20"),
            (payment(PAID).replace("100000", "\"0101901234\""), "beloeb: expected i64"),
            (payment(PAID).replace("beloeb", "0101901234"), "expected one of"),
            (payment(PAID).replace("fagsystem", "system"), "expected one of"),
            ("{".to_owned(), "EOF while parsing"),
            (format!("{} x", payment(PAID)), "trailing characters"),
        ];
        for (line, says) in table {
            let fault = lines(&line, Form::JsonLines)[0].registrering.clone().unwrap_err();
            assert!(fault.contains(says), "{says:?} is not in: {fault}");
            assert!(!fault.contains("0101901234") && !fault.contains("3102901234"), "{fault}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_csv() {
        let error = |text: &str| match Reader::new(text.as_bytes(), Form::Csv) {
            Ok(mut reader) => reader.read().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error("registrering_id,cpr,cpr\n").contains("cpr stands twice"));
        assert!(error("registrering_id,0101901234\n").contains("column 2 is not known"));
        assert!(error("registrering_id,cpr\nx\n").contains("line 2: expected 2 values, found 1"));
        let fault = |row: &str| {
            let text = format!("operation,cpr,cvr,beloeb\n{row}\n");
            lines(&text, Form::Csv)[0].registrering.clone().unwrap_err()
        };
        assert_eq!(fault("X,0101901234,64942212,"), "cvr: expected either a cpr or a cvr");
        assert_eq!(fault("X,,,1.50"), "beloeb: expected a whole number of øre");
        assert_eq!(fault(",,,1"), "operation: expected the name of an operation");
        assert!(fault("0101901234,,,").contains("expected one of"), "{}", fault("X,,,"));
    }
}
