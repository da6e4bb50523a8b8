//! The fields of a record: read one by one, then checked against each other.

use super::diagnostic::{Diagnostic, LayoutFault, Log};
use super::kind::{self, Context, SignCodes, field_ix};
use super::model::{Columns, Encoding, Field, FieldIx, Kind, Presence};
use super::presence;
use super::spanned::{Span, Table, Value};
use toml::Spanned;

/// Most bytes of a record: far above any real layout.
pub(super) const LONGEST_RECORD: usize = 65_536;

/// A field as far as it could be read; what could not has been reported.
pub(super) struct Draft<'a> {
    pub(super) table: Table<'a>,
    pub(super) name: Option<Spanned<&'a str>>,
    pub(super) columns: Option<Columns>,
    pub(super) kind: Option<Kind>,
    pub(super) field: Option<Field>,
}

impl<'a> Draft<'a> {
    fn begin(mut table: Table<'a>) -> Self {
        let name = table.need("name").and_then(Value::name);
        if let Some(name) = &name {
            table.rename(format!("the field `{}`", name.get_ref()));
        }
        let start = table.need("start").and_then(|value| value.whole(1..=LONGEST_RECORD));
        let length = table.need("length").and_then(|value| value.whole(1..=LONGEST_RECORD));
        let columns = start
            .zip(length)
            .map(|(start, length)| Columns { start: start - 1, end: start - 1 + length });
        Self { table, name, columns, kind: None, field: None }
    }

    fn finish(&mut self, presence: Option<(Presence, Vec<Vec<u8>>)>) {
        let prose = |key| self.table.get(key).map_or(Some(String::new()), Value::prose);
        let (doc, source) = (prose("doc"), prose("source"));
        let personal = match &self.kind {
            Some(Kind::Constant(_) | Kind::Filler { .. } | Kind::SignOf { .. }) => Some(false),
            _ => self.table.get("personal").map_or(Some(false), Value::truth),
        };
        if self.kind.is_some() {
            self.table.finish();
        }
        self.field = (|| {
            let kind = self.kind.clone()?;
            let (presence, nones) = presence?;
            Some(Field {
                name: (*self.name.as_ref()?.get_ref()).to_owned(),
                doc: doc?,
                source: source?,
                columns: self.columns?,
                personal: personal? || kind == Kind::Cpr,
                kind,
                presence,
                nones,
            })
        })();
    }
}

/// Reads all fields of a record, in the order of their columns.
pub(super) fn read_all<'a>(
    tables: Vec<Table<'a>>,
    length: Option<usize>,
    encoding: Encoding,
    log: &'a Log<'a>,
) -> (Vec<Draft<'a>>, Context<'a>) {
    let mut drafts: Vec<_> = tables.into_iter().map(Draft::begin).collect();
    drafts.sort_by_key(|draft| draft.columns.map(|columns| columns.start));
    let names: Vec<_> = drafts.iter().filter_map(|draft| draft.name.as_ref()).collect();
    report_twins(&names, "the record has two fields", log);
    check_columns(&drafts, length, log);
    let siblings = drafts
        .iter()
        .map(|draft| {
            (draft.name.as_ref().map(|name| *name.get_ref()), draft.columns.map(Columns::len))
        })
        .collect();
    let context = Context { encoding, siblings, log };
    let mut signs = Vec::new();
    for (own, draft) in drafts.iter_mut().enumerate() {
        if let Some((kind, codes)) = kind::read(&draft.table, own, &context) {
            draft.kind = Some(kind);
            signs.extend(codes.map(|codes| (field_ix(own), codes)));
        }
    }
    link_signs(&mut drafts, signs, log);
    for own in 0..drafts.len() {
        let presence = presence::read(own, &drafts, &context);
        drafts[own].finish(presence);
    }
    (drafts, context)
}

/// Reports names that stand in the list twice; `what` begins the message.
pub(super) fn report_twins(names: &[&Spanned<&str>], what: &str, log: &Log<'_>) {
    for (at, name) in names.iter().enumerate() {
        if let Some(first) = names[..at].iter().find(|first| first.get_ref() == name.get_ref()) {
            let fault =
                LayoutFault::DuplicateName.at(name.span(), format!("{what} `{}`", name.get_ref()));
            log.add(fault.also(first.span(), "the first one"));
        }
    }
}

/// Together the fields must cover every byte of the record once.
fn check_columns(drafts: &[Draft<'_>], length: Option<usize>, log: &Log<'_>) {
    let mut covered = 0;
    let mut before: Option<&Draft<'_>> = None;
    let mut whole = length.is_some();
    for draft in drafts {
        let Some(columns) = draft.columns else {
            whole = false;
            continue;
        };
        let span = draft.table.span_of("start");
        if let (true, Some(before)) = (columns.start < covered, before) {
            let shared = Columns { start: columns.start, end: covered.min(columns.end) };
            let fault =
                LayoutFault::Overlap.at(span.clone(), format!("{shared} belongs to two fields"));
            log.add(fault.also(before.table.span_of("length"), "the field before reaches further"));
        } else if whole && columns.start > covered {
            log.add(gap(Columns { start: covered, end: columns.start }, span));
        }
        if let Some(length) = length.filter(|&length| columns.end > length) {
            let last = columns.last();
            let message = format!("the field ends in column {last}, the record in {length}");
            let help = "correct the field's columns, or the record's `length`";
            let fault = LayoutFault::PastTheEnd.at(draft.table.span_of("length"), message);
            log.add(fault.help(help));
        }
        if columns.end > covered {
            covered = columns.end;
            before = Some(draft);
        }
    }
    if let (true, Some(length), Some(last)) = (whole, length, before)
        && covered < length
    {
        log.add(gap(Columns { start: covered, end: length }, last.table.span_of("length")));
    }
}

fn gap(columns: Columns, span: Span) -> Diagnostic {
    let message = format!("no field covers {columns}");
    let help = "declare what stands there, as a field of kind filler if it means nothing";
    LayoutFault::Gap.at(span, message).help(help)
}

/// Gives each sign field its number and its codes.
fn link_signs(drafts: &mut [Draft<'_>], signs: Vec<(FieldIx, SignCodes)>, log: &Log<'_>) {
    for (number, codes) in signs {
        let target = &mut drafts[usize::from(codes.field.0)];
        match &mut target.kind {
            Some(Kind::SignOf { field, plus, minus }) if plus.is_empty() => {
                (*field, *plus, *minus) = (number, codes.plus, codes.minus);
            }
            Some(Kind::SignOf { .. }) => {
                let message = "this field is the sign of another number already";
                log.add(LayoutFault::BadSign.at(codes.span, message));
            }
            Some(_) => {
                let message = "expected a field of kind sign";
                log.add(LayoutFault::BadSign.at(codes.span, message));
            }
            None => {}
        }
    }
    // A number that could not be read may be the one a sign belongs to.
    let all_read = drafts.iter().all(|draft| draft.kind.is_some());
    for draft in drafts.iter().filter(|_| all_read) {
        if matches!(&draft.kind, Some(Kind::SignOf { plus, .. }) if plus.is_empty()) {
            let message = "this field is the sign of no number";
            let help = "a number names its sign field: sign = { field = …, plus = …, minus = … }";
            let span = draft.table.span_of("kind");
            log.add(LayoutFault::BadSign.at(span, message).help(help));
        }
    }
}
