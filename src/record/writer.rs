//! Files out: values into records by the same layout, checked as the reader would check them.

use super::batch::{Batch, Cell, Rows};
use super::check::Checker;
use super::codec::Codec;
use super::diagnosis::expected;
use super::expected::Expected;
use super::faults::{Fault, Position, WriteError};
use super::found::Found;
use super::framing::{CR, LF};
use super::render::Pen;
use super::value::Value;
use super::words::SLACK;
use crate::domain::CprPolicy;
use crate::fault::Code;
use crate::layout::model::{RecordIx, Terminator};
use std::io::{self, Write};

/// Bytes gathered before they are handed on.
const PIECE: usize = 128 * 1024;

/// Writes a file record by record. Every record is read back before it leaves: what the reader
/// would refuse, or would read as something else, is a fault here.
///
/// After a fault the file cannot be finished: every later call gives the same fault.
#[derive(Debug)]
pub struct Writer<'c, W> {
    codec: &'c Codec,
    out: W,
    checker: Checker<'c>,
    batch: Batch,
    position: Position,
    /// The record that is being written, and its slack.
    record: Vec<u8>,
    ready: Vec<u8>,
    failed: Option<Box<Fault>>,
}

impl<'c, W: Write> Writer<'c, W> {
    /// A writer at the beginning of a file. It needs no further buffer.
    pub fn new(codec: &'c Codec, out: W, policy: CprPolicy) -> Self {
        let checker = Checker::new(codec, policy, 1);
        Self {
            codec,
            out,
            batch: checker.batch(),
            checker,
            position: Position { record: 1, byte: 0, line: 1 },
            record: vec![0; codec.layout.longest_record() + SLACK],
            ready: Vec::with_capacity(PIECE + codec.layout.longest_record() + SLACK),
            failed: None,
        }
    }

    /// Writes one record: one value for each of its fields, in the order of the layout, with
    /// [`Value::None`] for constants, fillers and signs. Where the layout has a control over a
    /// field (count, sum, ordinal, same) and its value is `None`, what is due is written: for
    /// totals, what has been written so far.
    pub fn write(&mut self, record: RecordIx, values: &[Value<'_>]) -> Result<(), WriteError> {
        if let Some(fault) = &self.failed {
            return Err(WriteError::Fault(fault.clone()));
        }
        if let Err(fault) = self.compose(record, values) {
            let fault = self.failed.insert(fault);
            return Err(WriteError::Fault(fault.clone()));
        }
        self.append(self.codec.plan(record).length);
        if self.ready.len() >= PIECE {
            self.hand_on()?;
        }
        Ok(())
    }

    /// Refuses a record that would contradict the one `expected` names, by a rule that the layout
    /// does not know.
    pub fn refuse(&mut self, record: RecordIx, expected: Expected, found: &str) -> WriteError {
        let found = Found::shape_of(found.as_bytes());
        let fault = Fault::new(Code::ControlMismatch, self.position, expected, found);
        let fault = fault.of_record(self.codec.layout.record(record));
        WriteError::Fault(self.failed.insert(Box::new(fault)).clone())
    }

    /// Ends the file: its structure must be complete and its controls must agree. Gives back what
    /// was written to; it has been given every byte, and is flushed.
    pub fn finish(mut self) -> Result<W, WriteError> {
        if let Some(fault) = self.failed {
            return Err(WriteError::Fault(fault));
        }
        self.checker.finish(self.position);
        if let Some(fault) = self.checker.faults.first() {
            return Err(WriteError::Fault(Box::new(fault.clone())));
        }
        if let Some(padding) = self.codec.layout.padding {
            let length = self.codec.layout.longest_record();
            while !(self.position.record - 1).is_multiple_of(u64::from(padding.block)) {
                self.ready.resize(self.ready.len() + length, padding.byte);
                self.end_record(length);
            }
        }
        self.hand_on()?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Writer<'_, W> {
    /// Puts the record together in `self.record`.
    fn compose(&mut self, record: RecordIx, values: &[Value<'_>]) -> Result<(), Box<Fault>> {
        let codec = self.codec;
        let (layout, plan) = (codec.layout.record(record), codec.plan(record));
        let given = |at: usize| values.get(at).unwrap_or(&Value::None);
        let position = self.position;
        let misfit = |at: usize| {
            let field = &layout.fields[at];
            let found = Found::shape_of(given(at).unmasked().as_bytes());
            let expected = expected(field, codec.encoding);
            let fault = Fault::new(Code::ValueDoesNotFit, position, expected, found);
            Box::new(fault.of_field(layout, field))
        };
        let bytes = &mut self.record[..plan.length];
        bytes.copy_from_slice(&plan.template);
        let mut pen = Pen { record: layout, encoding: codec.encoding, zeros: codec.zeros, bytes };
        for (at, field) in layout.fields.iter().enumerate() {
            if !pen.put(field, given(at)) {
                return Err(misfit(at));
            }
        }
        for feed in &plan.feeds {
            if let Some((at, due)) = self.checker.controls.due(feed, &plan.feeds, pen.bytes)
                && !given(at).is_some()
                && !pen.put_due(&layout.fields[at], due)
            {
                return Err(misfit(at));
            }
        }
        self.checker.place(record, position);
        self.batch.begin(record, position, position);
        let rows = Rows { bytes: &self.record, stride: 0, count: 1 };
        self.checker.check(rows, &mut self.batch);
        if let Some(fault) = self.checker.faults.first() {
            return Err(Box::new(as_writer_fault(fault)));
        }
        // Bytes of a value that are also the field's "no value".
        let is_lost = |at: &usize| given(*at).is_some() && self.batch.cell(*at, 0) == Cell::None;
        let lost = (0..layout.fields.len()).find(is_lost);
        lost.map_or(Ok(()), |at| Err(misfit(at)))
    }

    /// Takes the record in `self.record` into what is ready.
    fn append(&mut self, length: usize) {
        let mut bytes = &mut self.record[..length];
        if self.codec.layout.trimmed {
            let text = bytes.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
            bytes = &mut bytes[..text];
        }
        if let Some(ebcdic) = &self.codec.ebcdic {
            ebcdic.to_ebcdic(bytes);
        }
        self.ready.extend_from_slice(bytes);
        let length = bytes.len();
        self.end_record(length);
    }

    fn end_record(&mut self, length: usize) {
        let (end, lines): (&[u8], _) = match self.codec.layout.terminator {
            Terminator::CrLf | Terminator::Detect => (&[CR, LF], 1),
            Terminator::Lf => (&[LF], 1),
            Terminator::None => (&[], 0),
        };
        self.ready.extend_from_slice(end);
        self.position.record += 1;
        self.position.byte += (length + end.len()) as u64;
        self.position.line += lines;
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.out.write_all(&self.ready)?;
        self.ready.clear();
        Ok(())
    }
}

/// The fault of a record that was read back: about its fields, the value is to blame.
fn as_writer_fault(fault: &Fault) -> Fault {
    let about_a_value = fault.field.is_some()
        && !matches!(
            fault.code,
            Code::MissingValue | Code::UnexpectedValue | Code::ControlMismatch
        );
    let code = if about_a_value { Code::ValueDoesNotFit } else { fault.code };
    Fault { code, ..fault.clone() }
}
