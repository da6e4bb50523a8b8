//! One record against its layout: fields, place, controls. The reader checks what it has found, the
//! writer what it is about to write, so that both mean the same by a good record.

use super::batch::{self, Batch, Cell, Mask, Rows};
use super::codec::Codec;
use super::controls::Controls;
use super::diagnosis::diagnose;
use super::faults::{Collector, Fault, Position};
use super::field::Persons;
use super::found::Found;
use super::structure::{Misplaced, Scope, Structure};
use crate::domain::CprPolicy;
use crate::fault::Code;
use crate::layout::model::RecordIx;

/// The state of a file that is being read or written.
#[derive(Debug)]
pub(super) struct Checker<'c> {
    codec: &'c Codec,
    /// CPR numbers that pass by.
    pub(super) persons: Persons,
    structure: Structure<'c>,
    pub(super) controls: Controls<'c>,
    pub(super) faults: Collector,
    /// The faulty records of the batch, for each step of its plan.
    faulty: Vec<Mask>,
    /// Faults there were before the batch.
    before: usize,
}

impl<'c> Checker<'c> {
    pub(super) fn new(codec: &'c Codec, policy: CprPolicy, fault_limit: usize) -> Self {
        Self {
            codec,
            persons: Persons { policy, without_modulus_11: 0 },
            structure: Structure::new(&codec.order),
            controls: Controls::new(&codec.layout),
            faults: Collector::new(fault_limit),
            faulty: Vec::new(),
            before: 0,
        }
    }

    /// An empty batch for records of this layout.
    pub(super) fn batch(&self) -> Batch {
        let fields = self.codec.layout.records.iter().map(|record| record.fields.len());
        Batch::new(fields.max().unwrap_or_default())
    }

    /// Finds the place of the first record of a batch in the structure; how many more of its kind
    /// may follow at once.
    #[inline]
    pub(super) fn place(&mut self, record: RecordIx, position: Position) -> u32 {
        self.before = self.faults.len();
        let (controls, faults) = (&mut self.controls, &mut self.faults);
        let placed = self.structure.step(record, |scope| match scope {
            Scope::Begins(group) => controls.begin(group),
            Scope::Ends(group) => controls.end(group, faults),
        });
        if let Err(misplaced) = placed {
            self.misplaced(misplaced, record, position);
        }
        self.structure.may_follow(record)
    }

    /// Reads and checks a batch whose first record was placed just now.
    pub(super) fn check(&mut self, rows: Rows<'_>, batch: &mut Batch) {
        self.structure.follow(rows.count - 1);
        let plan = self.codec.plan(batch.record);
        for field in &plan.silent {
            batch.column_mut(*field).fill(Cell::None);
        }
        self.faulty.clear();
        for step in &plan.steps {
            self.faulty.push(step.read(rows, batch, &mut self.persons));
        }
        self.diagnose(rows, batch);
        self.controls.feed(&plan.feeds, rows, batch, &mut self.faults);
        batch.faulty = self.faults.arrange(self.before, batch.position.record);
    }

    /// Tells what is wrong with the fields that could not be read.
    fn diagnose(&mut self, rows: Rows<'_>, batch: &Batch) {
        let record = self.codec.layout.record(batch.record);
        let encoding = self.codec.encoding;
        for (step, faulty) in self.codec.plan(batch.record).steps.iter().zip(&self.faulty) {
            for row in batch::rows_of(*faulty) {
                let (bytes, position) = (rows.row(row), batch.position(row));
                self.faults.push(diagnose(record, step.field, encoding, bytes, position));
            }
        }
    }

    #[cold]
    fn misplaced(&mut self, misplaced: Misplaced, record: RecordIx, position: Position) {
        let record = self.codec.layout.record(record);
        let found = Found::Record(record.name.clone());
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
            let fault = Fault::new(Code::MissingRecord, position, names, Found::EndOfFile);
            self.faults.push(fault);
        }
    }
}
