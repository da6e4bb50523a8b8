//! The order of records: which may come next, and which groups begin and end there.
//!
//! A compiled layout is unambiguous: one record alone says where in the structure it stands. So
//! this never looks back; it knows one place in each open group.

use super::expected::Expected;
use crate::layout::model::{Group, GroupIx, Item, Layout, Member, RecordIx};

/// The groups of a layout, with what each can begin with.
#[derive(Clone, Debug)]
pub(super) struct Order {
    groups: Vec<Group>,
    /// For each group and record, whether the group can begin with it.
    begins: Vec<Vec<bool>>,
    names: Vec<String>,
}

/// A place in the structure, as records go by.
#[derive(Clone, Debug)]
pub(super) struct Structure<'o> {
    order: &'o Order,
    /// The open groups, the file first.
    open: Vec<Place>,
    run: Run,
    /// A record whose kind is unknown has gone by since the last known one; it may have been
    /// whatever seems to be missing.
    unknown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    group: GroupIx,
    item: usize,
    /// What stood at the item, counted over all its choices.
    count: u32,
}

/// The record that stood last, where more of it may follow at once: the usual case, made short.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    record: Option<RecordIx>,
    /// How many may follow.
    most: u32,
    /// How many of these are still to come; the innermost place has not counted the others yet.
    left: u32,
}

/// A place that may come, and what stands there.
struct Ahead<'o> {
    /// Which of the open groups.
    depth: usize,
    place: Place,
    item: &'o Item,
}

/// What a record means for the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Begins(GroupIx),
    Ends(GroupIx),
}

/// What is wrong with the place of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misplaced {
    /// It stands right, but this should have come before.
    Missing(Expected),
    /// It cannot stand here; this could.
    Unexpected(Expected),
}

impl Order {
    pub(super) fn new(layout: &Layout) -> Self {
        let begins = (0..).zip(&layout.groups).map(|(at, _)| {
            let can_begin =
                |(record, _)| begins(layout, Member::Group(GroupIx(at)), RecordIx(record));
            (0..).zip(&layout.records).map(can_begin).collect()
        });
        Self {
            begins: begins.collect(),
            groups: layout.groups.clone(),
            names: layout.records.iter().map(|record| record.name.clone()).collect(),
        }
    }

    fn item(&self, place: Place) -> Option<&Item> {
        self.groups[usize::from(place.group.0)].items.get(place.item)
    }

    /// The choice of an item that can begin with a record.
    fn choice(&self, item: &Item, record: RecordIx) -> Option<Member> {
        item.choices.iter().copied().find(|choice| match choice {
            Member::Record(here) => *here == record,
            Member::Group(group) => self.begins[usize::from(group.0)][usize::from(record.0)],
        })
    }

    fn names_of(&self, item: &Item) -> impl Iterator<Item = String> {
        item.choices.iter().map(|choice| match choice {
            Member::Record(record) => self.names[usize::from(record.0)].clone(),
            Member::Group(group) => self.groups[usize::from(group.0)].name.clone(),
        })
    }
}

fn begins(layout: &Layout, member: Member, record: RecordIx) -> bool {
    match member {
        Member::Record(here) => here == record,
        Member::Group(group) => {
            for item in &layout.groups[usize::from(group.0)].items {
                if item.choices.iter().any(|&choice| begins(layout, choice, record)) {
                    return true;
                }
                if item.min > 0 {
                    return false;
                }
            }
            false
        }
    }
}

impl<'o> Structure<'o> {
    /// The beginning of a file.
    pub(super) fn new(order: &'o Order) -> Self {
        let file = Place { group: GroupIx(0), item: 0, count: 0 };
        Self { order, open: vec![file], run: Run::default(), unknown: false }
    }

    /// Takes the next record; `scopes` is told which groups end and begin with it. On
    /// [`Misplaced::Unexpected`] nothing changes.
    #[inline]
    pub(super) fn step(
        &mut self,
        record: RecordIx,
        scopes: impl FnMut(Scope),
    ) -> Result<(), Misplaced> {
        if self.run.record == Some(record) && self.run.left > 0 {
            self.run.left -= 1;
            return Ok(());
        }
        self.step_on(record, scopes)
    }

    /// How many more of the record that was taken last may follow at once.
    pub(super) fn may_follow(&self, record: RecordIx) -> u32 {
        if self.run.record == Some(record) { self.run.left } else { 0 }
    }

    /// Takes so many more, which may follow.
    pub(super) fn follow(&mut self, count: usize) {
        self.run.left -= u32::try_from(count).unwrap_or(self.run.left);
    }

    /// Takes a record whose kind nobody knows.
    pub(super) fn step_unknown(&mut self) {
        self.unknown = true;
    }

    /// Whether the file may end here.
    pub(super) fn is_complete(&mut self) -> bool {
        self.end_run();
        self.ahead().all(|ahead| ahead.is_satisfied())
    }

    /// The end of the file: ends every group.
    pub(super) fn finish(&mut self, mut scopes: impl FnMut(Scope)) -> Result<(), Misplaced> {
        self.end_run();
        let missing = self.missing(None);
        self.close(0, &mut scopes);
        missing.map_or(Ok(()), |names| Err(Misplaced::Missing(names)))
    }

    fn step_on(
        &mut self,
        record: RecordIx,
        mut scopes: impl FnMut(Scope),
    ) -> Result<(), Misplaced> {
        self.end_run();
        let fits =
            |ahead: &Ahead<'_>| ahead.has_room() && self.order.choice(ahead.item, record).is_some();
        let Some(Ahead { depth, place, .. }) = self.ahead().find(fits) else {
            return Err(Misplaced::Unexpected(self.possible()));
        };
        let missing = self.missing(Some((depth, place)));
        self.unknown = false;
        self.close(depth + 1, &mut scopes);
        self.open.pop();
        self.enter(place, record, &mut scopes);
        missing.map_or(Ok(()), |names| Err(Misplaced::Missing(names)))
    }

    /// Puts `record` at `place`, through all the groups that begin with it.
    fn enter(&mut self, mut place: Place, record: RecordIx, scopes: &mut impl FnMut(Scope)) {
        while let Some(item) = self.order.item(place) {
            place.count = place.count.saturating_add(1);
            self.open.push(place);
            let Some(Member::Group(group)) = self.order.choice(item, record) else {
                let most = item.max.unwrap_or(u32::MAX) - place.count;
                self.run = Run { record: Some(record), most, left: most };
                return;
            };
            scopes(Scope::Begins(group));
            place = Place { group, item: 0, count: 0 };
        }
    }

    /// Counts what the run has let by.
    fn end_run(&mut self) {
        let Run { most, left, .. } = std::mem::take(&mut self.run);
        if let Some(place) = self.open.last_mut() {
            place.count = place.count.saturating_add(most - left);
        }
    }

    /// Ends the open groups from `depth` on.
    fn close(&mut self, depth: usize, scopes: &mut impl FnMut(Scope)) {
        for place in self.open.drain(depth..).rev() {
            scopes(Scope::Ends(place.group));
        }
    }

    /// The places that may come, from here outwards.
    fn ahead(&self) -> impl Iterator<Item = Ahead<'_>> {
        let from_here = |depth: usize| {
            let here = self.open[depth];
            let items = &self.order.groups[usize::from(here.group.0)].items;
            (here.item..).zip(&items[here.item..]).map(move |(at, item)| {
                let count = if at == here.item { here.count } else { 0 };
                Ahead { depth, place: Place { item: at, count, ..here }, item }
            })
        };
        (0..self.open.len()).rev().flat_map(from_here)
    }

    /// What should come before `place`, or before the end of the file.
    fn missing(&self, place: Option<(usize, Place)>) -> Option<Expected> {
        let before = |ahead: &Ahead<'_>| Some((ahead.depth, ahead.place)) != place;
        let missing = self.ahead().take_while(before).find(|ahead| !ahead.is_satisfied())?;
        let names = || self.order.names_of(missing.item).collect();
        (!self.unknown).then(|| Expected::Next { names: names(), or_end: false })
    }

    /// What may come next.
    fn possible(&self) -> Expected {
        let mut names = Vec::new();
        for ahead in self.ahead() {
            if ahead.has_room() {
                names.extend(self.order.names_of(ahead.item));
            }
            if !ahead.is_satisfied() {
                return Expected::Next { names, or_end: false };
            }
        }
        Expected::Next { names, or_end: true }
    }
}

impl Ahead<'_> {
    fn has_room(&self) -> bool {
        self.item.max.is_none_or(|max| self.place.count < max)
    }

    fn is_satisfied(&self) -> bool {
        self.place.count >= self.item.min
    }
}
