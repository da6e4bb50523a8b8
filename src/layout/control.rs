//! Controls: fields that must agree with other fields.

use super::diagnostic::{LayoutFault, Log};
use super::field::Draft;
use super::model::{Control, CountTerm, FieldIx, GroupIx, Kind, RecordIx, Rule, Sign, SumTerm};
use super::presence;
use super::record::RecordDraft;
use super::spanned::{Span, Table, Value};
use super::structure::Structure;
use toml::Spanned;

/// A deciding field and its codes.
type When = Option<(FieldIx, Vec<Vec<u8>>)>;

/// The kinds of control.
#[derive(Clone, Copy)]
enum Equals {
    Count,
    Sum,
    Ordinal,
    Same,
}

const EQUALS: [(&str, Equals); 4] = [
    ("count", Equals::Count),
    ("sum", Equals::Sum),
    ("ordinal", Equals::Ordinal),
    ("same", Equals::Same),
];

/// A field that a control names.
struct Named<'a> {
    record: RecordIx,
    field: FieldIx,
    draft: &'a Draft<'a>,
    span: Span,
}

/// What controls are read against.
struct Context<'a> {
    records: &'a [RecordDraft<'a>],
    structure: &'a Structure,
    log: &'a Log<'a>,
}

/// Reads every `[[control]]`.
pub(super) fn read_all<'a>(
    values: Vec<Value<'a>>,
    records: &'a [RecordDraft<'a>],
    structure: &'a Structure,
    log: &'a Log<'a>,
) -> Vec<Control> {
    let context = Context { records, structure, log };
    let mut controls: Vec<Control> = Vec::new();
    for table in values.into_iter().filter_map(|value| value.table("a control")) {
        let Some(control) = context.control(&table) else { continue };
        if controls.iter().any(|c| (c.record, c.field) == (control.record, control.field)) {
            let message = "another control speaks of this field already";
            log.add(LayoutFault::DuplicateControl.at(table.span_of("field"), message));
        }
        controls.push(control);
    }
    controls
}

impl<'a> Context<'a> {
    fn control(&self, table: &Table<'a>) -> Option<Control> {
        let field = table.need("field").and_then(Value::text);
        let equals = table.need("equals").and_then(|value| value.word(&EQUALS));
        let scope = match table.get("over").map(Value::text) {
            None => Some(GroupIx(0)),
            Some(name) => name.and_then(|name| self.scope(&name)),
        };
        let field = field.and_then(|field| self.field(&field));
        let rule = match equals? {
            Equals::Count => self.count(table, field.as_ref(), scope),
            Equals::Sum => self.sum(table, field.as_ref(), scope),
            Equals::Ordinal => self.ordinal(field.as_ref()),
            Equals::Same => self.same(table, field.as_ref(), scope),
        };
        table.finish();
        let (field, scope) = (field?, scope?);
        let most = self.times(field.record, scope, &field.span)?.1;
        if matches!(equals?, Equals::Count | Equals::Sum) && most != Some(1) {
            let message = "the record can stand more than once where its control looks";
            let help = "`over` must name a group that holds it at most once";
            self.log.add(LayoutFault::ControlRepeats.at(field.span, message).help(help));
            return None;
        }
        Some(Control { record: field.record, field: field.field, rule: rule?, scope })
    }

    fn scope(&self, name: &Spanned<&str>) -> Option<GroupIx> {
        let found = self.structure.group_named(name.get_ref());
        if found.is_none() {
            let message = format!("there is no group `{}`", name.get_ref());
            self.log.add(LayoutFault::UnknownName.at(name.span(), message));
        }
        found
    }

    fn record(&self, name: &str, span: Span) -> Option<RecordIx> {
        let found = self.records.iter().position(|record| record.is_named(name));
        let found = found.and_then(|at| u16::try_from(at).ok());
        if found.is_none() {
            let message = format!("there is no record `{name}`");
            self.log.add(LayoutFault::UnknownName.at(span, message));
        }
        found.map(RecordIx)
    }

    fn draft(&self, record: RecordIx) -> &'a RecordDraft<'a> {
        &self.records[usize::from(record.0)]
    }

    /// A field given as `record.field`.
    fn field(&self, path: &Spanned<&str>) -> Option<Named<'a>> {
        let Some((record, field)) = path.get_ref().split_once('.') else {
            let message = format!("expected `record.field`, found `{}`", path.get_ref());
            self.log.add(LayoutFault::UnknownName.at(path.span(), message));
            return None;
        };
        let record = self.record(record, path.span())?;
        let draft = self.draft(record);
        let Some(field) = draft.context.find(field) else {
            let message = format!("there is no field `{}`", path.get_ref());
            self.log.add(LayoutFault::UnknownName.at(path.span(), message));
            return None;
        };
        let span = path.span();
        Some(Named { record, field, draft: &draft.fields[usize::from(field.0)], span })
    }

    /// How often a record stands in the scope; `None` also where the structure is faulty.
    fn times(&self, record: RecordIx, scope: GroupIx, span: &Span) -> Option<(u64, Option<u64>)> {
        let times = self.structure.occurs(record, scope)?;
        if times.1 == Some(0) {
            let group = &self.structure.groups[usize::from(scope.0)].name;
            let message = format!("this record does not stand in `{group}`");
            let help = "name the group that holds all of the control's records: `over`";
            self.log.add(LayoutFault::ControlOutOfScope.at(span.clone(), message).help(help));
            return None;
        }
        Some(times)
    }

    /// Scale and digits of a field that holds a number.
    fn number(&self, named: &Named<'_>) -> Option<(u8, usize)> {
        let width = named.draft.columns?.len();
        match named.draft.kind.as_ref()? {
            Kind::Number { scale, sign, .. } => {
                let sign_width = usize::from(matches!(sign, Sign::Leading | Sign::Trailing));
                Some((*scale, width - sign_width))
            }
            Kind::Digits => Some((0, width)),
            _ => {
                let message = "expected a field of kind number or digits";
                self.log.add(LayoutFault::ControlNotANumber.at(named.span.clone(), message));
                None
            }
        }
    }

    /// The controlling field must hold whole numbers up to `largest`.
    fn whole(&self, field: Option<&Named<'_>>, largest: u64) -> Option<()> {
        let field = field?;
        let (scale, digits) = self.number(field)?;
        if scale != 0 {
            let message = "expected a whole number, this field has decimals";
            self.log.add(LayoutFault::ControlKinds.at(field.span.clone(), message));
            return None;
        }
        self.wide_enough(field, digits, largest)
    }

    fn wide_enough(&self, field: &Named<'_>, digits: usize, largest: u64) -> Option<()> {
        let holds = u32::try_from(digits).ok().and_then(|digits| 10_u64.checked_pow(digits));
        if holds.is_some_and(|holds| holds <= largest) {
            let message = format!("{digits} digits cannot hold {largest}, which it may have to be");
            self.log.add(LayoutFault::ControlTooNarrow.at(field.span.clone(), message));
            return None;
        }
        Some(())
    }

    fn when(&self, table: Option<&Table<'a>>, record: RecordIx) -> Option<When> {
        let Some(table) = table else { return Some(None) };
        let record = self.draft(record);
        presence::condition(table, "field", &record.fields, &record.context).map(Some)
    }

    fn count(
        &self,
        table: &Table<'a>,
        field: Option<&Named<'_>>,
        scope: Option<GroupIx>,
    ) -> Option<Rule> {
        let names = table.need("of").and_then(Value::texts);
        let when = table.get("when").and_then(|value| value.table("a condition"));
        let mut least = 0_u64;
        let terms: Vec<_> = names?
            .iter()
            .map(|name| {
                let record = self.record(name.get_ref(), name.span())?;
                let times = self.times(record, scope?, &name.span())?;
                least = least.saturating_add(if when.is_some() { 0 } else { times.0 });
                Some(CountTerm { record, when: self.when(when.as_ref(), record)? })
            })
            .collect();
        self.whole(field, least)?;
        Some(Rule::Count(terms.into_iter().collect::<Option<_>>()?))
    }

    fn sum(
        &self,
        table: &Table<'a>,
        field: Option<&Named<'_>>,
        scope: Option<GroupIx>,
    ) -> Option<Rule> {
        let paths = table.need("of").and_then(Value::texts);
        let when = table.get("when").and_then(|value| value.table("a condition"));
        let modulus = table.get("modulus").map(|value| value.whole(2..=u64::MAX));
        let named: Vec<_> = paths?.iter().map(|path| self.field(path)).collect();
        let terms: Vec<_> = named
            .iter()
            .map(|term| {
                let term = term.as_ref()?;
                self.times(term.record, scope?, &term.span)?;
                self.addable(term, field?, modulus.is_some())?;
                let when = self.when(when.as_ref(), term.record)?;
                Some(SumTerm { record: term.record, field: term.field, when })
            })
            .collect();
        let modulus = match modulus {
            Some(modulus) => {
                let modulus = modulus?;
                self.wide_enough(field?, self.number(field?)?.1, modulus - 1)?;
                Some(modulus)
            }
            None => None,
        };
        Some(Rule::Sum { terms: terms.into_iter().collect::<Option<_>>()?, modulus })
    }

    /// The term's values fit the controlling field. A total below zero agrees with no
    /// field without a sign; that is for the file to answer.
    fn addable(&self, term: &Named<'_>, field: &Named<'_>, modulus: bool) -> Option<()> {
        let (total, part) = (self.number(field)?, self.number(term)?);
        let fault = if total.0 != part.0 {
            let message = format!("it has {} decimals, the control field {}", part.0, total.0);
            LayoutFault::ControlKinds.at(term.span.clone(), message)
        } else if part.1 > total.1 && !modulus {
            let message = format!("expected at least {} digits, as many as what it adds", part.1);
            LayoutFault::ControlTooNarrow.at(field.span.clone(), message)
        } else {
            return Some(());
        };
        self.log.add(fault.also(term.draft.table.span_of("name"), "what is added"));
        None
    }

    fn ordinal(&self, field: Option<&Named<'_>>) -> Option<Rule> {
        self.whole(field, 1).map(|()| Rule::Ordinal)
    }

    fn same(
        &self,
        table: &Table<'a>,
        field: Option<&Named<'_>>,
        scope: Option<GroupIx>,
    ) -> Option<Rule> {
        let paths = table.need("of").and_then(Value::texts)?;
        let [path] = paths.as_slice() else {
            let message = "expected one field, `record.field`";
            self.log.add(LayoutFault::OutOfRange.at(table.span_of("of"), message));
            return None;
        };
        let (other, field, scope) = (self.field(path)?, field?, scope?);
        let times = self.times(other.record, scope, &other.span)?;
        let order = self.structure.order(scope);
        let place = |record| order.iter().position(|&here| here == record);
        if times != (1, Some(1)) || place(other.record) >= place(field.record) {
            let message =
                "expected a record that stands once in the scope, before the controlled one";
            self.log.add(LayoutFault::ControlOutOfScope.at(other.span, message));
            return None;
        }
        let (one, two) = (&field.draft, &other.draft);
        let kinds = one.kind.as_ref().zip(two.kind.as_ref())?;
        let widths = one.columns.zip(two.columns)?;
        if std::mem::discriminant(kinds.0) != std::mem::discriminant(kinds.1)
            || widths.0.len() != widths.1.len()
        {
            let message = "expected two fields of one kind and width";
            self.log.add(LayoutFault::ControlKinds.at(other.span, message));
            return None;
        }
        Some(Rule::Same { record: other.record, field: other.field })
    }
}
