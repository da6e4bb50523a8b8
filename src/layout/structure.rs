//! How records follow each other: groups, read and checked so that each record has one place.

use super::diagnostic::{LayoutFault, Log};
use super::model::{Group, GroupIx, Item, Member, RecordIx, Select};
use super::record::RecordDraft;
use super::spanned::{Span, Table, Value, check_name};
use std::collections::BTreeSet;
use toml::Spanned;

/// Most repetitions one can demand.
const MOST: u32 = 1_000_000_000;

/// The groups of a layout, with the places of their items.
pub(super) struct Structure {
    pub(super) groups: Vec<Group>,
    spans: Vec<Vec<Span>>,
    /// Every item could be read, and no group holds itself: one can walk through it.
    sound: bool,
}

/// Reads `[structure]`.
pub(super) fn read(table: &Table<'_>, records: &[RecordDraft<'_>], log: &Log<'_>) -> Structure {
    let faults = log.count();
    let names: Vec<_> = table.entries().iter().map(|(name, _)| name).collect();
    if names.first().is_none_or(|first| *first.get_ref() != "file") {
        let message = "expected the key `file` first: what the file holds";
        log.add(LayoutFault::MissingKey.at(table.span(), message));
    }
    let known = Known { records, groups: &names };
    let mut structure = Structure { groups: Vec::new(), spans: Vec::new(), sound: false };
    for (name, value) in table.entries() {
        let items = read_items(*value, &known, log).unwrap_or_default();
        let (spans, items) = items.into_iter().unzip();
        structure.groups.push(Group { name: (*name.get_ref()).to_owned(), items });
        structure.spans.push(spans);
    }
    check_names(&known, log);
    structure.check_cycles(&names, log);
    if log.count() == faults {
        structure.check_twice(&names, log);
    }
    structure.sound = log.count() == faults;
    if structure.sound {
        structure.check_open(log);
        if log.count() == faults {
            structure.check_order(GroupIx(0), &BTreeSet::new(), &known, log);
        }
        structure.check_use(&known, log);
        structure.check_ends(records, log);
    }
    structure
}

/// What a name in a group may mean.
struct Known<'a> {
    records: &'a [RecordDraft<'a>],
    groups: &'a [&'a Spanned<&'a str>],
}

impl Known<'_> {
    fn member(&self, name: &str) -> Option<Member> {
        let index = |at: Option<usize>| at.and_then(|at| u16::try_from(at).ok());
        let record = index(self.records.iter().position(|record| record.is_named(name)));
        let group = index(self.groups.iter().position(|known| *known.get_ref() == name));
        record.map(RecordIx).map(Member::Record).or(group.map(GroupIx).map(Member::Group))
    }

    fn name(&self, record: RecordIx) -> &str {
        self.records[usize::from(record.0)].name.as_ref().map_or("?", |name| name.get_ref())
    }
}

/// Groups are named as everything is, and none as a record is.
fn check_names(known: &Known<'_>, log: &Log<'_>) {
    for group in known.groups {
        check_name(group, log);
        let mut records = known.records.iter().filter_map(|record| record.name.as_ref());
        if let Some(record) = records.find(|record| record.get_ref() == group.get_ref()) {
            let message = format!("`{}` is a record and a group", group.get_ref());
            let fault = LayoutFault::DuplicateName.at(group.span(), message);
            log.add(fault.also(record.span(), "the record"));
        }
    }
}

fn read_items(value: Value<'_>, known: &Known<'_>, log: &Log<'_>) -> Option<Vec<(Span, Item)>> {
    let read = |text: Spanned<&str>| {
        let Some((names, min, max)) = take_apart(text.get_ref()) else {
            let message = format!("expected a record or group, found `{}`", text.get_ref());
            let help = "names with | between them, then how often: nothing = once, ? = at most \
                        once, * = any number, + = at least once, {2}, {2,}, {2,5}";
            log.add(LayoutFault::BadItem.at(text.span(), message).help(help));
            return None;
        };
        let member = |name: &str| {
            let member = known.member(name);
            if member.is_none() {
                let message = format!("there is no record and no group `{name}`");
                log.add(LayoutFault::UnknownName.at(text.span(), message));
            }
            member
        };
        let choices = names.split('|').filter_map(member).collect();
        Some((text.span(), Item { choices, min, max }))
    };
    Some(value.texts()?.into_iter().filter_map(read).collect())
}

/// Names, fewest, most.
fn take_apart(item: &str) -> Option<(&str, u32, Option<u32>)> {
    let at = item.find(['?', '*', '+', '{']).unwrap_or(item.len());
    let (names, suffix) = item.split_at(at);
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|&number| digits && number <= MOST)
    };
    let (min, max) = match suffix {
        "" => (1, Some(1)),
        "?" => (0, Some(1)),
        "*" => (0, None),
        "+" => (1, None),
        braces => {
            let inner = braces.strip_prefix('{')?.strip_suffix('}')?;
            match inner.split_once(',') {
                None => (number(inner)?, Some(number(inner)?)),
                Some((min, "")) => (number(min)?, None),
                Some((min, max)) => (number(min)?, Some(number(max)?)),
            }
        }
    };
    (max.is_none_or(|max| max >= min.max(1))).then_some((names, min, max))
}

impl Structure {
    fn group(&self, ix: GroupIx) -> (&Group, &[Span]) {
        (&self.groups[usize::from(ix.0)], &self.spans[usize::from(ix.0)])
    }

    /// The group of this name.
    pub(super) fn group_named(&self, name: &str) -> Option<GroupIx> {
        let at = self.groups.iter().position(|group| group.name == name)?;
        u16::try_from(at).ok().map(GroupIx)
    }

    /// The groups that stand directly in a group.
    fn children(&self, ix: GroupIx) -> impl Iterator<Item = GroupIx> {
        let members = self.group(ix).0.items.iter().flat_map(|item| &item.choices);
        members.filter_map(|member| match member {
            Member::Group(group) => Some(*group),
            Member::Record(_) => None,
        })
    }

    /// Reports the groups that hold themselves.
    fn check_cycles(&self, names: &[&Spanned<&str>], log: &Log<'_>) {
        for (at, name) in (0..).zip(names) {
            let mut below: BTreeSet<_> = self.children(GroupIx(at)).map(|group| group.0).collect();
            let mut open: Vec<_> = below.iter().copied().collect();
            while let Some(group) = open.pop() {
                open.extend(
                    self.children(GroupIx(group)).map(|c| c.0).filter(|&c| below.insert(c)),
                );
            }
            if below.contains(&at) {
                let message = format!("the group `{}` holds itself", name.get_ref());
                log.add(LayoutFault::CyclicGroup.at(name.span(), message));
            }
        }
    }

    /// A group stands at one place: what is said of it is said of that place.
    fn check_twice(&self, names: &[&Spanned<&str>], log: &Log<'_>) {
        let mut seen = BTreeSet::new();
        for (group, spans) in self.groups.iter().zip(&self.spans) {
            for (item, span) in group.items.iter().zip(spans) {
                for choice in &item.choices {
                    if let Member::Group(GroupIx(at)) = *choice
                        && !seen.insert(at)
                    {
                        let name = names[usize::from(at)].get_ref();
                        let message = format!("the group `{name}` stands somewhere else already");
                        let help = "give the second place a group of its own, with the same items";
                        log.add(LayoutFault::GroupTwice.at(span.clone(), message).help(help));
                    }
                }
            }
        }
    }

    /// Every record and every group must stand somewhere.
    fn check_use(&self, known: &Known<'_>, log: &Log<'_>) {
        let members: Vec<_> = self.groups.iter().flat_map(|group| &group.items).collect();
        let used = |member| members.iter().any(|item| item.choices.contains(&member));
        let records = known.records.iter().map(|record| record.name.as_ref());
        let records = (0..).zip(records).map(|(at, name)| (Member::Record(RecordIx(at)), name));
        let groups = known.groups.iter().map(|name| Some(*name));
        let groups = (0..).zip(groups).map(|(at, name)| (Member::Group(GroupIx(at)), name));
        for (member, name) in records.chain(groups.skip(1)) {
            // The second of two of one name cannot be meant; that has been reported.
            let meant = |name: &&Spanned<&str>| known.member(name.get_ref()) == Some(member);
            if let Some(name) = name.filter(meant).filter(|_| !used(member)) {
                let message = format!("`{}` stands nowhere in the structure", name.get_ref());
                let help = "put it where it belongs, or remove it";
                log.add(LayoutFault::NeverUsed.at(name.span(), message).help(help));
            }
        }
    }

    /// A nested group must begin with something that is always there.
    fn check_open(&self, log: &Log<'_>) {
        for (group, spans) in self.groups.iter().zip(&self.spans).skip(1) {
            if let (Some(Item { min: 0, .. }), Some(span)) = (group.items.first(), spans.first()) {
                let message = format!("the group `{}` need not begin with a record", group.name);
                let help =
                    "begin it with what is always there, and let the group itself be optional";
                log.add(LayoutFault::OpenGroup.at(span.clone(), message).help(help));
            }
        }
    }

    /// The records a member can begin with.
    fn first(&self, member: Member) -> BTreeSet<RecordIx> {
        match member {
            Member::Record(record) => BTreeSet::from([record]),
            Member::Group(group) => {
                let first = self.group(group).0.items.first();
                first.map(|item| self.first_of(item)).unwrap_or_default()
            }
        }
    }

    fn first_of(&self, item: &Item) -> BTreeSet<RecordIx> {
        item.choices.iter().flat_map(|&member| self.first(member)).collect()
    }

    /// One record must be enough to know where in the structure one is. `after`: the records that
    /// may follow the group.
    fn check_order(
        &self,
        ix: GroupIx,
        after: &BTreeSet<RecordIx>,
        known: &Known<'_>,
        log: &Log<'_>,
    ) {
        let ambiguous = |record: Option<&RecordIx>, span: &Span, what: &str| {
            if let Some(&record) = record {
                let message = format!("the record `{}` {what}", known.name(record));
                let help = "let the next record alone say where in the structure it stands";
                log.add(LayoutFault::AmbiguousStructure.at(span.clone(), message).help(help));
            }
        };
        let (group, spans) = self.group(ix);
        let mut next = after.clone();
        for (item, span) in group.items.iter().zip(spans).rev() {
            let mut first = BTreeSet::new();
            for &choice in &item.choices {
                let begins = self.first(choice);
                ambiguous(begins.intersection(&first).next(), span, "begins two of these choices");
                first.extend(begins);
            }
            if item.max != Some(item.min) {
                let what = "could stand here, and could be what follows";
                ambiguous(first.intersection(&next).next(), span, what);
            }
            let rest: BTreeSet<_> = match item.max {
                Some(1) => next.clone(),
                _ => first.union(&next).copied().collect(),
            };
            for &choice in &item.choices {
                if let Member::Group(group) = choice {
                    self.check_order(group, &rest, known, log);
                }
            }
            if item.min == 0 {
                first.extend(&next);
            }
            next = first;
        }
    }

    /// Records told by being first or last must stand there, and nowhere else.
    fn check_ends(&self, records: &[RecordDraft<'_>], log: &Log<'_>) {
        let items = &self.groups[0].items;
        for (at, record) in (0..).zip(records) {
            let Some(select) = &record.select else { continue };
            let (item, place) = match select.get_ref() {
                Select::First => (items.first(), "first"),
                Select::Last => (items.last(), "last"),
                Select::Constants(_) | Select::Only => continue,
            };
            let member = Member::Record(RecordIx(at));
            let fits = item.is_some_and(|item| {
                item.choices == [member] && (item.min, item.max) == (1, Some(1))
            });
            let times = self.groups.iter().flat_map(|group| &group.items);
            let times = times.filter(|item| item.choices.contains(&member)).count();
            if !fits || times != 1 {
                let message =
                    format!("expected the record {place} in `file`, once, and only there");
                log.add(LayoutFault::MisplacedRecord.at(select.span(), message));
            }
        }
    }

    /// How often a record stands in one occurrence of a group: fewest, most (`None` = any number).
    /// Nothing where the structure is not sound.
    pub(super) fn occurs(&self, record: RecordIx, ix: GroupIx) -> Option<(u64, Option<u64>)> {
        self.sound.then(|| self.times(record, ix))
    }

    fn times(&self, record: RecordIx, ix: GroupIx) -> (u64, Option<u64>) {
        let mut total = (0_u64, Some(0_u64));
        for item in &self.group(ix).0.items {
            let each = item.choices.iter().map(|choice| match choice {
                Member::Record(here) if *here == record => (1, Some(1)),
                Member::Record(_) => (0, Some(0)),
                Member::Group(group) => self.times(record, *group),
            });
            let each: Vec<_> = each.collect();
            let fewest = each.iter().map(|(min, _)| *min).min().unwrap_or(0);
            let most = each.iter().try_fold(0, |most, (_, max)| Some(most.max((*max)?)));
            let most = match (most, item.max) {
                (Some(0), _) => Some(0),
                (most, max) => most.zip(max).map(|(a, b)| a.saturating_mul(b.into())),
            };
            total.0 = total.0.saturating_add(fewest.saturating_mul(item.min.into()));
            total.1 = total.1.zip(most).map(|(a, b)| a.saturating_add(b));
        }
        total
    }

    /// The records of a group, nested ones included, in the order they stand in.
    pub(super) fn order(&self, ix: GroupIx) -> Vec<RecordIx> {
        let members = self.group(ix).0.items.iter().flat_map(|item| &item.choices);
        members
            .flat_map(|member| match member {
                Member::Record(record) => vec![*record],
                Member::Group(group) => self.order(*group),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::take_apart;

    #[test]
    fn items() {
        let table = [
            ("a", Some(("a", 1, Some(1)))),
            ("a?", Some(("a", 0, Some(1)))),
            ("a|b*", Some(("a|b", 0, None))),
            ("a+", Some(("a", 1, None))),
            ("a{3}", Some(("a", 3, Some(3)))),
            ("a{2,}", Some(("a", 2, None))),
            ("a{0,7}", Some(("a", 0, Some(7)))),
            ("a{0}", None),
            ("a{3,2}", None),
            ("a{,2}", None),
            ("a{+1}", None),
            ("a*b", None),
            ("a{1}?", None),
            ("a{9999999999}", None),
        ];
        for (item, expected) in table {
            assert_eq!(take_apart(item), expected, "{item}");
        }
    }
}
