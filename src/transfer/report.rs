//! The error report of a rejected or held file, fit to send back to its sender: English and Danish,
//! for people and for machines. Values stand in it only by their shape, and nothing of our own
//! machines and endpoints. Does no I/O.

use super::advice::Advice;
use crate::fault::Code;
use crate::record::{Fault, Faults, Found};
use crate::store::Transfer;
use crate::transfer::state::State;
use serde::Serialize;
use std::fmt::{self, Write};
use uuid::Uuid;

/// The report for machines, in both languages.
pub const JSON: &str = "report.json";
/// The report for people, in English.
pub const ENGLISH: &str = "report.txt";
/// The report for people, in Danish.
pub const DANISH: &str = "rapport.txt";

/// Columns of a line of text: what mail programs leave alone.
const WIDTH: usize = 76;

/// Why a file was not applied, in full.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    transfer: Uuid,
    file: &'a str,
    verdict: &'static str,
    verdict_da: &'static str,
    size: Option<u64>,
    sha256: Option<String>,
    code: Code,
    meaning: &'static str,
    meaning_da: &'static str,
    detail: Option<&'a str>,
    advice: &'a str,
    advice_da: &'a str,
    faults: &'a [Fault],
    #[serde(flatten)]
    part: Option<Part>,
}

/// How much of a file was applied, where not all of it was.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Part {
    /// Records that were applied.
    pub applied: u32,
    /// Records that were refused.
    pub refused: u32,
}

/// What a report says in one of its languages.
struct Words<'r> {
    verdict: &'r str,
    meaning: &'r str,
    nothing_applied: &'r str,
    faults: &'r str,
    record: &'r str,
    line: &'r str,
    field: &'r str,
    column: &'r str,
    columns: &'r str,
    expected: &'r str,
    found: &'r str,
    quotes: [char; 2],
    advice: String,
    questions: &'r str,
    how_to_read: &'r str,
    transfer: &'r str,
    size: &'r str,
    bytes: &'r str,
}

impl<'a> Report<'a> {
    /// The report of a transfer that is to be rejected or held for the reason that `code` says;
    /// `faults` are what is wrong with its bytes, if that is the reason.
    pub fn new(
        transfer: &'a Transfer,
        verdict: State,
        code: Code,
        advice: &'a Advice,
        faults: Option<&'a Faults>,
    ) -> Self {
        Self {
            transfer: transfer.id,
            file: &transfer.place.name,
            verdict: verdict.word(),
            verdict_da: if verdict == State::Held { "tilbageholdt" } else { "afvist" },
            size: transfer.payload.map(|payload| payload.size),
            sha256: transfer.payload.map(|payload| hex::encode(payload.sha256)),
            code,
            meaning: code.meaning(),
            meaning_da: code.dansk().unwrap_or_default(),
            detail: advice.detail.as_deref(),
            advice: &advice.english,
            advice_da: &advice.dansk,
            faults: faults.map_or(&[], Faults::as_slice),
            part: None,
        }
    }

    /// The report of a transfer of which a part is to be applied, and the rest is faulty.
    pub fn in_part(
        transfer: &'a Transfer,
        faults: &'a Faults,
        advice: &'a Advice,
        part: Part,
    ) -> Self {
        let code = Code::RecordsRefused;
        Self {
            verdict: "accepted in part",
            verdict_da: "delvis indlæst",
            part: Some(part),
            ..Self::new(transfer, State::Rejected, code, advice, Some(faults))
        }
    }

    /// The files of the report, by name.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        vec![(JSON, self.json()), (ENGLISH, self.english()), (DANISH, self.danish())]
    }

    /// The report for machines.
    pub fn json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    fn english(&self) -> String {
        let words = Words {
            verdict: self.verdict,
            meaning: self.meaning,
            nothing_applied: "Nothing of this file was applied.",
            faults: "What is wrong with it:",
            record: "record",
            line: "line",
            field: "field",
            column: "column",
            columns: "columns",
            expected: "expected:",
            found: "found:   ",
            quotes: ['“', '”'],
            advice: format!("What to do: {}", self.advice),
            questions: "Questions? Answer this message and name the transfer.",
            how_to_read: "Records, lines and columns are counted from 1, bytes from 0. Of a value \
                          that was found only the form is shown: 9 is a digit, A or a is a letter, \
                          ? is a character outside printable ASCII.",
            transfer: "transfer",
            size: "size",
            bytes: "bytes",
        };
        self.text(&words, |fault| {
            let Fault { code, expected, found, .. } = fault;
            [code.meaning().to_owned(), expected.to_string(), found.to_string()]
        })
    }

    fn danish(&self) -> String {
        let words = Words {
            verdict: self.verdict_da,
            meaning: self.meaning_da,
            nothing_applied: "Filen er ikke indlæst, og intet i den har fået virkning.",
            faults: "Fejlene er:",
            record: "post",
            line: "linje",
            field: "felt",
            column: "kolonne",
            columns: "kolonne",
            expected: "ventet:",
            found: "fundet:",
            quotes: ['”', '”'],
            advice: format!("Næste skridt: {}", self.advice_da),
            questions: "Spørgsmål? Besvar denne meddelelse, og oplys overførslens id.",
            how_to_read: "Poster, linjer og kolonner tælles fra 1, byte fra 0. Af en fundet værdi \
                          vises kun formen: 9 er et ciffer, A eller a er et bogstav, ? er et tegn \
                          uden for synlig ASCII.",
            transfer: "overførsel",
            size: "størrelse",
            bytes: "byte",
        };
        self.text(&words, |fault| {
            let Fault { code, expected, found, .. } = fault;
            let meaning = code.dansk().unwrap_or_default().to_owned();
            [meaning, expected.dansk().to_string(), found.dansk().to_string()]
        })
    }

    /// The text in the language of `words`; `tell` gives a fault's meaning, what was expected and
    /// what was found.
    fn text(&self, words: &Words<'_>, tell: impl Fn(&Fault) -> [String; 3]) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, words, tell);
        text
    }

    fn write(
        &self,
        out: &mut String,
        words: &Words<'_>,
        tell: impl Fn(&Fault) -> [String; 3],
    ) -> fmt::Result {
        writeln!(out, "{}  {}\n", words.verdict.to_uppercase(), self.file)?;
        if self.faults.is_empty() {
            wrap(out, &format!("{}: {}", self.code, words.meaning), "")?;
            self.detail.map_or(Ok(()), |detail| wrap(out, detail, ""))?;
            writeln!(out, "{}\n", words.nothing_applied)?;
        } else {
            writeln!(out, "{} {}\n", words.nothing_applied, words.faults)?;
        }
        for (number, fault) in (1..).zip(self.faults) {
            write_fault(out, words, number, fault, &tell(fault))?;
        }
        paragraph(out, &words.advice)?;
        paragraph(out, words.questions)?;
        if !self.faults.is_empty() {
            paragraph(out, words.how_to_read)?;
        }
        writeln!(out, "{:<10}  {}", words.transfer, self.transfer)?;
        if let (Some(size), Some(sha256)) = (self.size, &self.sha256) {
            writeln!(out, "{:<10}  {size} {}", words.size, words.bytes)?;
            writeln!(out, "{:<10}  {sha256}", "sha256")?;
        }
        Ok(())
    }
}

fn write_fault(
    out: &mut String,
    words: &Words<'_>,
    number: usize,
    fault: &Fault,
    [meaning, expected, found]: &[String; 3],
) -> fmt::Result {
    wrapped(out, &format!("{number:4}. {}: {meaning}", fault.code))?;
    let place = fault.position;
    write!(out, "      {} {}", words.record, place.record)?;
    if let Some(name) = &fault.record {
        write!(out, " ({name})")?;
    }
    writeln!(out, ", {} {}, byte {}", words.line, place.line, place.byte)?;
    match (&fault.field, fault.columns) {
        (Some(field), Some((first, last))) if first == last => {
            writeln!(out, "      {} {field}, {} {first}", words.field, words.column)?;
        }
        (Some(field), Some((first, last))) => {
            writeln!(out, "      {} {field}, {} {first}–{last}", words.field, words.columns)?;
        }
        _ => {}
    }
    wrapped(out, &format!("      {} {expected}", words.expected))?;
    match fault.found {
        // Its blanks count.
        Found::Shape(_) => {
            let [open, close] = words.quotes;
            writeln!(out, "      {} {open}{found}{close}\n", words.found)
        }
        _ => writeln!(out, "      {} {found}\n", words.found),
    }
}

/// Writes a line of a fault, in lines of at most [`WIDTH`] columns.
fn wrapped(out: &mut String, text: &str) -> fmt::Result {
    wrap(out, text, "        ")
}

/// Writes a text in lines of at most [`WIDTH`] columns, and an empty one.
fn paragraph(out: &mut String, text: &str) -> fmt::Result {
    wrap(out, text, "")?;
    writeln!(out)
}

/// Writes a text in lines of at most [`WIDTH`] columns where its blanks allow it; all but the first
/// begin with `indent`.
fn wrap(out: &mut String, text: &str, indent: &str) -> fmt::Result {
    let mut column = 0;
    for (at, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if at > 0 && column + 1 + width > WIDTH {
            write!(out, "\n{indent}")?;
            column = indent.len();
        } else if at > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    writeln!(out)
}
