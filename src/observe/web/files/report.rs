//! The error report of a file, shown: each fault in a row, and a picture of each line in which the
//! faulty columns are marked. The report holds the shape of what was found, never the value.

use crate::config::web::Language;
use crate::transfer::report::{DANISH, ENGLISH, JSON};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Faults shown; the report itself has all of them.
const SHOWN: usize = 100;
/// Largest report read, bytes: many times what the most faults take.
const LARGEST: u64 = 16 << 20;
/// Columns of a line pictured.
const PICTURED: usize = 500;
/// A column that nothing is said of.
const BLANK: char = '·';
/// A faulty column of which no shape is known.
const FAULTY: char = '▒';

/// A report as its file has it.
#[derive(Deserialize)]
pub(super) struct Report {
    code: String,
    meaning: String,
    meaning_da: String,
    detail: Option<String>,
    advice: String,
    advice_da: String,
    faults: Vec<RawFault>,
    applied: Option<u32>,
    refused: Option<u32>,
}

#[derive(Deserialize)]
struct RawFault {
    code: String,
    meaning: String,
    meaning_da: Option<String>,
    position: Position,
    record: Option<String>,
    field: Option<String>,
    columns: Option<(usize, usize)>,
    expected: String,
    expected_da: String,
    found: String,
    found_da: String,
}

#[derive(Deserialize)]
struct Position {
    record: u64,
    line: u64,
}

/// A report in one language.
pub(super) struct Shown {
    pub(super) code: String,
    pub(super) meaning: String,
    pub(super) detail: String,
    pub(super) advice: String,
    /// Records that were applied, and that were refused, where only some were.
    pub(super) part: Option<(u32, u32)>,
    pub(super) faults: Vec<Fault>,
    /// How many there are.
    pub(super) count: usize,
    pub(super) lines: Vec<Line>,
}

/// A fault.
pub(super) struct Fault {
    pub(super) code: String,
    pub(super) meaning: String,
    pub(super) line: u64,
    pub(super) record: String,
    pub(super) field: String,
    pub(super) columns: String,
    pub(super) expected: String,
    pub(super) found: String,
}

/// The picture of a line.
pub(super) struct Line {
    pub(super) line: u64,
    pub(super) parts: Vec<Part>,
}

/// Some columns of a line.
pub(super) struct Part {
    pub(super) is_faulty: bool,
    pub(super) text: String,
}

/// The files of a report, as a form of it is called in a path.
pub(super) fn file_of(form: &str, language: Language) -> Option<(&'static str, &'static str)> {
    match (form, language) {
        ("json", _) => Some((JSON, "application/json")),
        ("txt", Language::En) => Some((ENGLISH, "text/plain; charset=utf-8")),
        ("txt", Language::Da) => Some((DANISH, "text/plain; charset=utf-8")),
        _ => None,
    }
}

/// A report's file; `None` = it is not there.
pub(super) fn text(directory: &Path, name: &str) -> io::Result<Option<String>> {
    let file = match File::open(directory.join(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// A report's text for machines, shown; `None` = it is none.
pub(super) fn shown(json: &str, language: Language) -> Option<Shown> {
    let report: Report = serde_json::from_str(json).ok()?;
    let in_danish = language == Language::Da;
    let told = |english: String, dansk: String| if in_danish { dansk } else { english };
    let count = report.faults.len();
    let lines = pictures(report.faults.iter().take(SHOWN));
    let faults = report.faults.into_iter().take(SHOWN).map(|fault| {
        let dansk = fault.meaning_da.unwrap_or_else(|| fault.meaning.clone());
        Fault {
            code: fault.code,
            meaning: told(fault.meaning, dansk),
            line: fault.position.line,
            record: match fault.record {
                Some(name) => format!("{} {name}", fault.position.record),
                None => fault.position.record.to_string(),
            },
            field: fault.field.unwrap_or_default(),
            columns: match fault.columns {
                Some((first, last)) if first == last => first.to_string(),
                Some((first, last)) => format!("{first}–{last}"),
                None => String::new(),
            },
            expected: told(fault.expected, fault.expected_da),
            found: told(fault.found, fault.found_da),
        }
    });
    Some(Shown {
        faults: faults.collect(),
        count,
        lines,
        meaning: told(report.meaning, report.meaning_da),
        advice: told(report.advice, report.advice_da),
        code: report.code,
        detail: report.detail.unwrap_or_default(),
        part: report.applied.zip(report.refused),
    })
}

/// A picture of each line with faulty columns, in the order of the lines.
fn pictures<'a>(faults: impl Iterator<Item = &'a RawFault>) -> Vec<Line> {
    let mut lines: BTreeMap<u64, Vec<(char, bool)>> = BTreeMap::new();
    for fault in faults {
        let Some((first, last)) = fault.columns.filter(|(first, last)| first <= last) else {
            continue;
        };
        let columns = lines.entry(fault.position.line).or_default();
        let last = last.min(PICTURED);
        if columns.len() < last {
            columns.resize(last, (BLANK, false));
        }
        // What was found may be told in other words than by its shape.
        let width = last + 1 - first.min(last + 1);
        let shape = Some(&fault.found).filter(|found| found.chars().count() == width);
        let mut shape = shape.map(|found| found.chars());
        for column in columns.iter_mut().skip(first - 1).take(width) {
            let c = shape.as_mut().and_then(Iterator::next).unwrap_or(FAULTY);
            *column = (c, true);
        }
    }
    let line = |(line, columns): (u64, Vec<(char, bool)>)| {
        let mut parts: Vec<Part> = Vec::new();
        for (c, is_faulty) in columns {
            match parts.last_mut().filter(|part| part.is_faulty == is_faulty) {
                Some(part) => part.text.push(c),
                None => parts.push(Part { is_faulty, text: c.to_string() }),
            }
        }
        Line { line, parts }
    };
    lines.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(line: u64, columns: (usize, usize), found: &str) -> RawFault {
        RawFault {
            code: "bad-cpr".into(),
            meaning: String::new(),
            meaning_da: None,
            position: Position { record: line, line },
            record: None,
            field: None,
            columns: Some(columns),
            expected: String::new(),
            expected_da: String::new(),
            found: found.into(),
            found_da: String::new(),
        }
    }

    #[test]
    fn faulty_columns_are_marked_where_they_stand() {
        let faults = [
            fault(3, (5, 6), "9A"),
            fault(2, (1, 3), "the end of the file"),
            fault(3, (2, 2), "a"),
            fault(4, (400, 9000), "9"),
        ];
        let lines = pictures(faults.iter());
        let drawn = |line: &Line| -> String {
            let part = |part: &Part| {
                if part.is_faulty { format!("[{}]", part.text) } else { part.text.clone() }
            };
            line.parts.iter().map(part).collect()
        };
        assert_eq!((lines[0].line, drawn(&lines[0]).as_str()), (2, "[▒▒▒]"));
        assert_eq!((lines[1].line, drawn(&lines[1]).as_str()), (3, "·[a]··[9A]"));
        assert_eq!(lines[2].parts.iter().map(|part| part.text.chars().count()).sum::<usize>(), 500);
    }
}
