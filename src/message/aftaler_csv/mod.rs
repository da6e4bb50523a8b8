//! Agreements as CSV, in and out. Reads from and writes to what it is given; every line is judged
//! by itself, and no value is ever shown, only its shape.

mod lines;

use crate::domain::aftale::{Aftale, Aftalestatus, STOERSTE_BELOEB};
use crate::domain::text::IdentifierError;
use crate::domain::{
    AftaleId, Beloeb, Cpr, CprPolicy, FordringId, Kommunekode, Prioritet, Ydelsestype,
};
use crate::fault::{Code, Shape};
use chrono::NaiveDate;
use lines::{Lines, NotClosed};
use std::fmt;
use std::io::{self, Read, Write};

/// The columns, as [`Writer`] orders them; a file to be read may have them in any order.
pub const COLUMNS: [&str; 10] = [
    "aftale_id",
    "kommunekode",
    "cpr",
    "beloeb",
    "ydelsestype",
    "gyldig_fra",
    "gyldig_til",
    "prioritet",
    "fordring_id",
    "status",
];

/// Reads agreements line by line. UTF-8, with or without a byte order mark; empty lines are passed
/// over.
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
    /// Where in a line each of [`COLUMNS`] stands.
    places: [usize; COLUMNS.len()],
    policy: CprPolicy,
}

/// One line of the file.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1; the header is line 1.
    pub number: u64,
    /// The agreement, or everything that is wrong with the line.
    pub aftale: Result<Aftale, Vec<Fault>>,
    /// What is strange but right.
    pub warnings: Vec<Warning>,
}

/// What is wrong with one value, or with a whole line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The column's name, `None` where the whole line is meant.
    pub column: Option<&'static str>,
    /// What.
    pub code: Code,
    /// What was expected, and why this is not it.
    pub expected: String,
    /// What it looks like.
    pub found: Shape,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, code, expected, found } = self;
        if let Some(column) = column {
            write!(f, "{column}: ")?;
        }
        write!(f, "{code}: {expected}; found ")?;
        match found.to_string().as_str() {
            "" => f.write_str("nothing"),
            found => f.write_str(found),
        }
    }
}

/// What is strange about an agreement but no reason to refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The CPR number fails modulus 11, as numbers issued since 2007 may.
    Modulus11,
    /// The validity ends before it begins.
    NeverHolds,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Modulus11 => "cpr: fails modulus 11, as numbers issued since 2007 may",
            Self::NeverHolds => "gyldig_til: lies before gyldig_fra, so the agreement never holds",
        })
    }
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its source failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The first line is not the header.
    #[error("line 1: expected the columns {}, separated by commas: {what}", COLUMNS.join(","))]
    Header {
        /// Which columns are wrong, and how.
        what: String,
    },
    /// A line is longer than any can be.
    #[error("line {line}: is {} bytes long or longer: is this the right file?", lines::LONGEST)]
    LineTooLong {
        /// Its number, from 1.
        line: u64,
    },
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    pub fn new(source: R, policy: CprPolicy) -> Result<Self, ReadError> {
        let mut lines = Lines::new(source);
        if !lines.next()? {
            return Err(ReadError::Header { what: "the file is empty".to_owned() });
        }
        let count = lines.split().unwrap_or(0);
        let header: Vec<_> = (0..count).map(|place| lines.value(place)).collect();
        let places = places(&header)?;
        Ok(Self { lines, places, policy })
    }

    /// Reads the next line; `None` at the end.
    pub fn read(&mut self) -> Result<Option<Line>, ReadError> {
        if !self.lines.next()? {
            return Ok(None);
        }
        let aftale = match self.lines.split() {
            Ok(count) if count == COLUMNS.len() => self.aftale(),
            Ok(_) => Err(vec![self.bad_line("expected ten values, as the header has")]),
            Err(NotClosed) => {
                Err(vec![self.bad_line("expected quotation marks to be closed on their line")])
            }
        };
        let warnings = aftale.as_ref().map(warnings).unwrap_or_default();
        Ok(Some(Line { number: self.lines.number(), aftale, warnings }))
    }

    /// How many bytes have been read as lines.
    pub const fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    fn bad_line(&self, expected: &str) -> Fault {
        let found = Shape::of(self.lines.whole());
        Fault { column: None, code: Code::BadCsvLine, expected: expected.to_owned(), found }
    }

    /// The line's agreement, or everything that is wrong with it.
    fn aftale(&self) -> Result<Aftale, Vec<Fault>> {
        let mut values = Values { lines: &self.lines, places: &self.places, faults: Vec::new() };
        let aftale_id = values.required("aftale_id", identifier(AftaleId::parse));
        let kommunekode = values.required("kommunekode", kommunekode);
        let cpr = values.required("cpr", |text| cpr(text, self.policy));
        let beloeb = values.required("beloeb", beloeb);
        let ydelsestype = values.required("ydelsestype", ydelsestype);
        let gyldig_fra = values.required("gyldig_fra", day);
        let gyldig_til = values.optional("gyldig_til", day);
        let prioritet = values.required("prioritet", prioritet);
        let fordring_id = values.optional("fordring_id", identifier(FordringId::parse));
        let status = values.required("status", status);
        let aftale = || {
            Some(Aftale {
                aftale_id: aftale_id?,
                kommunekode: kommunekode?,
                cpr: cpr?,
                beloeb: beloeb?,
                ydelsestype: ydelsestype?,
                gyldig_fra: gyldig_fra?,
                gyldig_til,
                prioritet: prioritet?,
                fordring_id,
                status: status?,
            })
        };
        match aftale() {
            Some(aftale) if values.faults.is_empty() => Ok(aftale),
            _ => Err(values.faults),
        }
    }
}

/// Where each column stands, if the header has all of them, each once, and no other.
fn places(header: &[&[u8]]) -> Result<[usize; COLUMNS.len()], ReadError> {
    let mut wrong = Vec::new();
    for name in header.iter().filter(|name| !COLUMNS.iter().any(|c| c.as_bytes() == **name)) {
        // A file without its header has a person's number here.
        wrong.push(format!("\"{}\" is none of them", Shape::of(name)));
    }
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let mut found = (0..header.len()).filter(|at| header[*at] == column.as_bytes());
        match (found.next(), found.next()) {
            (Some(at), None) => *place = at,
            (None, _) => wrong.push(format!("{column} is missing")),
            (Some(_), Some(_)) => wrong.push(format!("{column} stands there twice")),
        }
    }
    if wrong.is_empty() { Ok(places) } else { Err(ReadError::Header { what: wrong.join(", ") }) }
}

/// One line's values, and what is wrong with them so far.
struct Values<'a, R> {
    lines: &'a Lines<R>,
    places: &'a [usize; COLUMNS.len()],
    faults: Vec<Fault>,
}

/// A value, or what is wrong with it and what was expected.
type Judged<T> = Result<T, (Code, String)>;

impl<R> Values<'_, R> {
    fn required<T>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Judged<T>,
    ) -> Option<T> {
        if self.value(column).is_empty() {
            self.note(column, Code::MissingValue, "expected a value".to_owned());
        }
        self.optional(column, parse)
    }

    /// `None` = empty or faulty.
    fn optional<T>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Judged<T>,
    ) -> Option<T> {
        let judged = match std::str::from_utf8(self.value(column)) {
            Ok("") => return None,
            Ok(text) => parse(text),
            Err(_) => Err((Code::BadEncoding, "expected text in UTF-8".to_owned())),
        };
        judged.map_err(|(code, expected)| self.note(column, code, expected)).ok()
    }

    fn value(&self, column: &str) -> &[u8] {
        let at = COLUMNS.iter().position(|name| *name == column);
        at.map_or(&[], |at| self.lines.value(self.places[at]))
    }

    fn note(&mut self, column: &'static str, code: Code, expected: String) {
        let found = Shape::of(self.value(column));
        self.faults.push(Fault { column: Some(column), code, expected, found });
    }
}

fn identifier<T>(
    parse: impl FnOnce(&str) -> Result<T, IdentifierError>,
) -> impl FnOnce(&str) -> Judged<T> {
    |text| parse(text).map_err(|error| (Code::BadIdentifier, error.to_string()))
}

fn kommunekode(text: &str) -> Judged<Kommunekode> {
    Kommunekode::parse(text.as_bytes()).map_err(|error| (Code::BadKommunekode, error.to_string()))
}

fn cpr(text: &str, policy: CprPolicy) -> Judged<Cpr> {
    Cpr::parse(text.as_bytes(), policy).map_err(|error| (Code::BadCpr, error.to_string()))
}

fn beloeb(text: &str) -> Judged<Beloeb> {
    digits(text)
        .and_then(|oere| i64::try_from(oere).ok())
        .map(Beloeb::from_oere)
        .filter(|beloeb| *beloeb <= STOERSTE_BELOEB)
        .ok_or_else(|| {
            let most = STOERSTE_BELOEB.oere();
            (Code::BadNumber, format!("expected whole øre, digits only, 0 to {most}"))
        })
}

fn ydelsestype(text: &str) -> Judged<Ydelsestype> {
    Ydelsestype::parse(text).ok_or_else(|| {
        let codes = Ydelsestype::ALL.map(Ydelsestype::code).join(", ");
        (Code::UnknownCode, format!("expected one of {codes}"))
    })
}

fn status(text: &str) -> Judged<Aftalestatus> {
    Aftalestatus::parse(text).ok_or_else(|| {
        let words = Aftalestatus::ALL.map(Aftalestatus::word).join(", ");
        (Code::UnknownCode, format!("expected one of {words}"))
    })
}

fn prioritet(text: &str) -> Judged<Prioritet> {
    digits(text)
        .and_then(|number| u8::try_from(number).ok())
        .and_then(Prioritet::new)
        .ok_or_else(|| (Code::BadNumber, "expected a number from 1 to 99".to_owned()))
}

fn day(text: &str) -> Judged<NaiveDate> {
    let parts = match text.len() {
        8 => text.split_at_checked(4).and_then(|(y, rest)| Some((y, rest.split_at_checked(2)?))),
        _ => text.split_once('-').and_then(|(y, rest)| Some((y, rest.split_once('-')?))),
    };
    let date = || {
        let (year, (month, day)) = parts?;
        let wide = year.len() == 4 && month.len() == 2 && day.len() == 2;
        let number = |part| u32::try_from(digits(part)?).ok();
        let year = i32::try_from(number(year)?).ok().filter(|_| wide)?;
        NaiveDate::from_ymd_opt(year, number(month)?, number(day)?)
    };
    date().ok_or_else(|| (Code::BadDate, "expected a day as YYYY-MM-DD or YYYYMMDD".to_owned()))
}

fn digits(text: &str) -> Option<u64> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

fn warnings(aftale: &Aftale) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !aftale.cpr.is_erstatningspersonnummer() && !aftale.cpr.passes_modulus_11() {
        warnings.push(Warning::Modulus11);
    }
    if aftale.gyldig_til.is_some_and(|til| til < aftale.gyldig_fra) {
        warnings.push(Warning::NeverHolds);
    }
    warnings
}

/// Writes agreements as [`Reader`] reads them.
#[derive(Debug)]
pub struct Writer<W: Write>(csv::Writer<W>);

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub fn new(out: W) -> io::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(COLUMNS)?;
        Ok(Self(csv))
    }

    /// Writes one line.
    pub fn write(&mut self, aftale: &Aftale) -> io::Result<()> {
        let or_empty = |til: Option<NaiveDate>| til.map_or_else(String::new, |til| til.to_string());
        self.0.write_record([
            aftale.aftale_id.as_str(),
            &aftale.kommunekode.to_string(),
            aftale.cpr.as_unmasked_str(),
            &aftale.beloeb.oere().to_string(),
            aftale.ydelsestype.code(),
            &aftale.gyldig_fra.to_string(),
            &or_empty(aftale.gyldig_til),
            &aftale.prioritet.number().to_string(),
            aftale.fordring_id.as_ref().map_or("", FordringId::as_str),
            aftale.status.word(),
        ])?;
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests;
