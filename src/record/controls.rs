//! Fields that must agree with other fields: counts, sums, ordinals, repeated values.
//!
//! Each record feeds the controls it takes part in as it goes by; totals are compared when their
//! group ends. Where a record could not be read, what it would have added is unknown: the totals it
//! feeds are then not compared, since their difference would say nothing new.

use super::batch::{self, Batch, Cell, Mask, Rows};
use super::codec::Plan;
use super::expected::Expected;
use super::faults::{Collector, Fault, Position};
use super::found::Found;
use super::words::{self, WORD};
use crate::fault::Code;
use crate::layout::model::{
    Columns, Control, CountTerm, FieldIx, GroupIx, Layout, RecordIx, Rule, SumTerm,
};

/// What one kind of record means for one control.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    control: usize,
    role: Role,
}

#[derive(Clone, Debug)]
enum Role {
    /// One more.
    Count(Option<When>),
    /// This field's number.
    Add(Place, Option<When>),
    /// The total is given in this field.
    Total(Place),
    /// This field must hold the next number.
    Ordinal(Place),
    /// The value that must stand again.
    Source(Place),
    /// Where it must stand again.
    Same(Place),
}

/// A field: its place among the record's fields, and its columns.
#[derive(Clone, Copy, Debug)]
struct Place {
    field: usize,
    columns: Columns,
}

/// A condition on another field of the record.
#[derive(Clone, Debug)]
struct When {
    columns: Columns,
    codes: Vec<Vec<u8>>,
}

impl Feed {
    /// Adds what `control`, the one at `at`, wants of each record to that record's plan.
    pub(super) fn add(at: usize, control: &Control, layout: &Layout, plans: &mut [Plan]) {
        let mut feed = |record: RecordIx, role| {
            plans[usize::from(record.0)].feeds.push(Self { control: at, role });
        };
        let place = |record: RecordIx, field: FieldIx| {
            let columns = layout.record(record).field(field).columns;
            Place { field: usize::from(field.0), columns }
        };
        let own = place(control.record, control.field);
        match &control.rule {
            Rule::Count(terms) => {
                for CountTerm { record, when } in terms {
                    feed(*record, Role::Count(When::new(*record, when.as_ref(), layout)));
                }
                feed(control.record, Role::Total(own));
            }
            Rule::Sum { terms, .. } => {
                for SumTerm { record, field, when } in terms {
                    let when = When::new(*record, when.as_ref(), layout);
                    feed(*record, Role::Add(place(*record, *field), when));
                }
                feed(control.record, Role::Total(own));
            }
            Rule::Ordinal => feed(control.record, Role::Ordinal(own)),
            Rule::Same { record, field } => {
                feed(*record, Role::Source(place(*record, *field)));
                feed(control.record, Role::Same(own));
            }
        }
    }
}

impl When {
    fn new(
        record: RecordIx,
        when: Option<&(FieldIx, Vec<Vec<u8>>)>,
        layout: &Layout,
    ) -> Option<Self> {
        let (field, codes) = when?;
        let columns = layout.record(record).field(*field).columns;
        Some(Self { columns, codes: codes.clone() })
    }

    fn holds(&self, record: &[u8]) -> bool {
        self.codes.iter().any(|code| code == batch::field(record, self.columns))
    }
}

/// The controls of a file as its records go by.
#[derive(Debug)]
pub(super) struct Controls<'c> {
    layout: &'c Layout,
    states: Vec<State>,
}

/// One control in the open occurrence of its group.
#[derive(Clone, Debug, Default)]
struct State {
    /// The count, sum or ordinal so far.
    total: i128,
    /// Something that feeds the total could not be read.
    unsure: bool,
    /// Where the total is given, and the total there unless it is faulty.
    given: Option<(Position, Option<i128>)>,
    /// The bytes that must stand again.
    source: Option<Vec<u8>>,
}

/// What a control demands of a field.
pub(super) enum Due<'s> {
    /// This number.
    Total(i128),
    /// These bytes.
    Bytes(&'s [u8]),
}

impl<'c> Controls<'c> {
    pub(super) fn new(layout: &'c Layout) -> Self {
        Self { layout, states: vec![State::default(); layout.controls.len()] }
    }

    /// A group begins: its controls start anew.
    pub(super) fn begin(&mut self, scope: GroupIx) {
        for (control, state) in self.layout.controls.iter().zip(&mut self.states) {
            if control.scope == scope {
                *state = State::default();
            }
        }
    }

    /// A record went by whose kind or order is wrong: no total is sure.
    pub(super) fn lose(&mut self) {
        self.states.iter_mut().for_each(|state| state.unsure = true);
    }

    /// The records of a batch go by.
    pub(super) fn feed(
        &mut self,
        feeds: &[Feed],
        rows: Rows<'_>,
        batch: &Batch,
        faults: &mut Collector,
    ) {
        for Feed { control, role } in feeds {
            let state = &mut self.states[*control];
            let number = |place: &Place, row| place.number(rows, batch, row);
            match role {
                Role::Count(None) => state.total += rows.count as i128,
                Role::Count(Some(when)) => {
                    let holds = |row: &usize| when.holds(rows.row(*row));
                    state.total += (0..rows.count).filter(holds).count() as i128;
                }
                Role::Add(place, None) => {
                    (0..rows.count).for_each(|row| state.add(number(place, row)));
                }
                Role::Add(place, Some(when)) => {
                    for row in (0..rows.count).filter(|row| when.holds(rows.row(*row))) {
                        state.add(number(place, row));
                    }
                }
                Role::Total(place) => {
                    for row in 0..rows.count {
                        state.given = Some((batch.position(row), number(place, row)));
                    }
                }
                Role::Ordinal(place) => {
                    for row in 0..rows.count {
                        let found = number(place, row);
                        if let (Some(due), Some(found)) = (self.states[*control].next(found), found)
                        {
                            let (due, found) = (Expected::Ordinal(due), Found::Number(found));
                            faults.push(self.fault(*control, batch.position(row), due, found));
                        }
                    }
                }
                Role::Source(place) => {
                    for row in (0..rows.count).filter(|row| place.is_sound(batch, *row)) {
                        state.source = Some(rows.field(row, place.columns).to_vec());
                    }
                }
                Role::Same(place) => {
                    let Some(source) = &self.states[*control].source else { continue };
                    let differs = place.differs(rows, source);
                    for row in (0..rows.count).filter(|row| differs >> row & 1 == 1) {
                        if place.is_sound(batch, row) {
                            let rule = &self.layout.controls[*control].rule;
                            let due = expected(rule, self.layout, 0);
                            let found = Found::shape_of(rows.field(row, place.columns));
                            faults.push(self.fault(*control, batch.position(row), due, found));
                        }
                    }
                }
            }
        }
    }

    /// What one of `feeds` demands of a field of its record, which comes next: field and value.
    /// Totals are those of what has gone by, and of the record itself where it counts.
    pub(super) fn due(
        &self,
        Feed { control, role }: &Feed,
        feeds: &[Feed],
        record: &[u8],
    ) -> Option<(usize, Due<'_>)> {
        let state = &self.states[*control];
        match role {
            Role::Total(place) => {
                let counts = |feed: &&Feed| match &feed.role {
                    Role::Count(when) if feed.control == *control => {
                        when.as_ref().is_none_or(|when| when.holds(record))
                    }
                    _ => false,
                };
                let own: i128 = feeds.iter().filter(counts).map(|_| 1).sum();
                let rule = &self.layout.controls[*control].rule;
                Some((place.field, Due::Total(reduced(state.total + own, rule))))
            }
            Role::Ordinal(place) => Some((place.field, Due::Total(state.total + 1))),
            Role::Same(place) => Some((place.field, Due::Bytes(state.source.as_deref()?))),
            Role::Count(_) | Role::Add(..) | Role::Source(_) => None,
        }
    }

    /// A group ends: its totals must agree.
    pub(super) fn end(&self, scope: GroupIx, faults: &mut Collector) {
        for (at, (control, state)) in self.layout.controls.iter().zip(&self.states).enumerate() {
            let (Some((position, Some(found))), false) = (state.given, state.unsure) else {
                continue;
            };
            let due = reduced(state.total, &control.rule);
            if control.scope == scope && due != found {
                let due = expected(&control.rule, self.layout, due);
                faults.push(self.fault(at, position, due, Found::Number(found)));
            }
        }
    }

    fn fault(&self, control: usize, position: Position, due: Expected, found: Found) -> Fault {
        let Control { record, field, .. } = &self.layout.controls[control];
        let record = self.layout.record(*record);
        Fault::new(Code::ControlMismatch, position, due, found)
            .of_field(record, record.field(*field))
    }
}

impl State {
    /// Adds what a field holds; `None` = it is faulty.
    fn add(&mut self, number: Option<i128>) {
        match number {
            Some(number) => self.total = self.total.wrapping_add(number),
            None => self.unsure = true,
        }
    }

    /// Takes the next ordinal; gives the one that was due if another was found. One gap is one
    /// fault: counting goes on from what was found.
    fn next(&mut self, found: Option<i128>) -> Option<i128> {
        let due = self.total + 1;
        let sure = !std::mem::take(&mut self.unsure);
        self.total = found.unwrap_or(due);
        (sure && found.is_some_and(|found| found != due)).then_some(due)
    }
}

impl Place {
    fn is_sound(&self, batch: &Batch, row: usize) -> bool {
        batch.cell(self.field, row) != Cell::Faulty
    }

    /// The records whose field holds other bytes than `source`.
    fn differs(&self, rows: Rows<'_>, source: &[u8]) -> Mask {
        let differs = |row| {
            if source.len() <= WORD {
                let found = words::word(rows.row(row), self.columns.start);
                found & words::mask(source.len()) != words::word(source, 0)
            } else {
                rows.field(row, self.columns) != source
            }
        };
        (0..rows.count).fold(0, |mask, row| mask | Mask::from(differs(row)) << row)
    }

    /// The number a field holds, zero where it holds no value; `None` if it is faulty.
    #[inline]
    fn number(&self, rows: Rows<'_>, batch: &Batch, row: usize) -> Option<i128> {
        match batch.cell(self.field, row) {
            Cell::Number(number, _) => Some(i128::from(number)),
            Cell::None => Some(0),
            Cell::Digits => {
                // 128 bits hold any 38 digits; of more, the last ones still make a check.
                let add = |number: i128, digit: &u8| {
                    number.wrapping_mul(10).wrapping_add(i128::from(digit - b'0'))
                };
                Some(rows.field(row, self.columns).iter().fold(0, add))
            }
            _ => None,
        }
    }
}

/// The total as its control field gives it.
fn reduced(total: i128, rule: &Rule) -> i128 {
    match rule {
        Rule::Sum { modulus: Some(modulus), .. } => total.rem_euclid(i128::from(*modulus)),
        _ => total,
    }
}

/// What a control demands; `due` is its total.
fn expected(rule: &Rule, layout: &Layout, due: i128) -> Expected {
    let record = |record: RecordIx| layout.record(record).name.clone();
    let field = |of: RecordIx, field: FieldIx| {
        format!("{}.{}", record(of), layout.record(of).field(field).name)
    };
    match rule {
        Rule::Count(terms) => {
            Expected::Count(due, terms.iter().map(|term| record(term.record)).collect())
        }
        Rule::Sum { terms, .. } => {
            Expected::Sum(due, terms.iter().map(|term| field(term.record, term.field)).collect())
        }
        Rule::Ordinal => Expected::Ordinal(due),
        Rule::Same { record, field: source } => Expected::SameAs(field(*record, *source)),
    }
}
