//! The error report of a rejected or held file: for the operator, and fit to send back to the
//! sender (values stand in it only by their shape). Does no I/O.

use crate::record::{Fault, Faults};
use crate::store::{Problem, Transfer};
use crate::transfer::state::State;
use serde::Serialize;
use std::fmt::Write;

/// Why a file was not applied, in full.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    transfer: uuid::Uuid,
    file: String,
    verdict: &'static str,
    size: Option<u64>,
    sha256: Option<String>,
    code: crate::fault::Code,
    text: &'a str,
    faults: &'a [Fault],
}

impl<'a> Report<'a> {
    /// The report of a transfer that is to be rejected or held for `problem`; `faults` are what is
    /// wrong with its bytes, if that is the reason.
    pub fn new(
        transfer: &Transfer,
        verdict: State,
        problem: &'a Problem,
        faults: Option<&'a Faults>,
    ) -> Self {
        Self {
            transfer: transfer.id,
            file: transfer.place.to_string(),
            verdict: verdict.word(),
            size: transfer.payload.map(|payload| payload.size),
            sha256: transfer.payload.map(|payload| hex(&payload.sha256)),
            code: problem.code,
            text: &problem.text,
            faults: faults.map_or(&[], Faults::as_slice),
        }
    }

    /// The files of the report, by name: one for machines, one for people.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        vec![("report.json", self.json()), ("report.txt", self.text())]
    }

    fn json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "{}  {}", self.verdict.to_uppercase(), self.file)?;
        writeln!(out, "{}: {}", self.code, self.text)?;
        writeln!(out)?;
        for (number, fault) in (1..).zip(self.faults) {
            writeln!(out, "{number:4}. {fault}")?;
        }
        if !self.faults.is_empty() {
            writeln!(out)?;
        }
        writeln!(
            out,
            "Nothing of this file was applied. Its bytes lie in `payload` beside this report."
        )?;
        writeln!(out, "transfer {}", self.transfer)?;
        if let (Some(size), Some(sha256)) = (self.size, &self.sha256) {
            writeln!(out, "{size} bytes, sha256 {sha256}")?;
        }
        Ok(())
    }
}

/// Bytes in hexadecimal, lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
