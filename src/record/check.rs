//! One record against its layout: fields, place, controls. The reader checks what it has found, the
//! writer what it is about to write, so that both mean the same by a good record.

use super::codec::Codec;
use super::controls::{Controls, Passing};
use super::diagnosis::diagnose;
use super::faults::{Collector, Fault, Position};
use super::field::{Cell, Persons};
use super::structure::{Misplaced, Scope, Structure};
use crate::domain::CprPolicy;
use crate::fault::{Code, Shape};
use crate::layout::model::RecordIx;

/// The state of a file that is being read or written.
#[derive(Debug)]
pub(super) struct Checker<'c> {
    codec: &'c Codec,
    /// CPR numbers that pass by.
    pub(super) persons: Persons,
    /// What the last record of each kind held.
    cells: Vec<Vec<Cell>>,
    structure: Structure<'c>,
    pub(super) controls: Controls<'c>,
    pub(super) faults: Collector,
}

impl<'c> Checker<'c> {
    pub(super) fn new(codec: &'c Codec, policy: CprPolicy, fault_limit: usize) -> Self {
        let records = &codec.layout.records;
        Self {
            codec,
            persons: Persons { policy, without_modulus_11: 0 },
            cells: records.iter().map(|record| vec![Cell::None; record.fields.len()]).collect(),
            structure: Structure::new(&codec.order),
            controls: Controls::new(&codec.layout),
            faults: Collector::new(fault_limit),
        }
    }

    /// Checks one record, whose bytes have [`super::words::SLACK`] more behind them; whether it is
    /// without fault.
    #[inline]
    pub(super) fn record(&mut self, record: RecordIx, bytes: &[u8], position: Position) -> bool {
        let faults = self.faults.len();
        let plan = self.codec.plan(record);
        let cells = &mut self.cells[usize::from(record.0)];
        for step in &plan.steps {
            if step.read(bytes, cells, &mut self.persons).is_none() {
                cells[step.field] = Cell::Faulty;
                let encoding = self.codec.encoding;
                let record = self.codec.layout.record(record);
                self.faults.push(diagnose(record, step.field, encoding, bytes, position));
            }
        }
        let (controls, found) = (&mut self.controls, &mut self.faults);
        let placed = self.structure.step(record, |scope| match scope {
            Scope::Begins(group) => controls.begin(group),
            Scope::Ends(group) => controls.end(group, found),
        });
        if let Err(misplaced) = placed {
            self.misplaced(misplaced, record, position);
        }
        let cells = &self.cells[usize::from(record.0)];
        self.controls.feed(&plan.feeds, &Passing { bytes, cells, position }, &mut self.faults);
        self.faults.len() == faults
    }

    #[cold]
    fn misplaced(&mut self, misplaced: Misplaced, record: RecordIx, position: Position) {
        let record = self.codec.layout.record(record);
        let found = Shape::open(&record.name);
        let fault = match misplaced {
            Misplaced::Missing(names) => Fault::new(Code::MissingRecord, position, names, found),
            Misplaced::Unexpected(names) => {
                self.controls.lose();
                Fault::new(Code::UnexpectedRecord, position, names, found).of_record(record)
            }
        };
        self.faults.push(fault);
    }

    /// A record went by that is none of the layout's.
    pub(super) fn unknown(&mut self) {
        self.structure.step_unknown();
        self.controls.lose();
    }

    /// What the last record of this kind held.
    pub(super) fn cells(&self, record: RecordIx) -> &[Cell] {
        &self.cells[usize::from(record.0)]
    }

    /// Whether the file may end here.
    pub(super) fn is_complete(&mut self) -> bool {
        self.structure.is_complete()
    }

    /// The end of the file.
    pub(super) fn finish(&mut self, position: Position) {
        let (controls, faults) = (&mut self.controls, &mut self.faults);
        let finished = self.structure.finish(|scope| {
            if let Scope::Ends(group) = scope {
                controls.end(group, faults);
            }
        });
        if let Err(Misplaced::Missing(names) | Misplaced::Unexpected(names)) = finished {
            let found = Shape::open("the end of the file");
            self.faults.push(Fault::new(Code::MissingRecord, position, names, found));
        }
    }
}
