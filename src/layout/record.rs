//! The records of a layout, and how each is told from the others.

use super::compile::Defaults;
use super::diagnostic::{LayoutFault, Log};
use super::field::{self, Draft, LONGEST_RECORD, report_twins};
use super::kind::Context;
use super::model::{FieldIx, Kind, Record, Select};
use super::spanned::{Table, Value};
use toml::Spanned;

/// A record as far as it could be read; what could not has been reported.
pub(super) struct RecordDraft<'a> {
    pub(super) name: Option<Spanned<&'a str>>,
    pub(super) length: Option<usize>,
    pub(super) select: Option<Spanned<Select>>,
    pub(super) fields: Vec<Draft<'a>>,
    pub(super) context: Context<'a>,
    doc: Option<String>,
}

impl<'a> RecordDraft<'a> {
    /// The record, where nothing was wrong with it.
    pub(super) fn finish(self) -> Option<Record> {
        Some(Record {
            name: self.name?.into_inner().to_owned(),
            doc: self.doc?,
            length: self.length?,
            select: self.select?.into_inner(),
            fields: self.fields.into_iter().map(|draft| draft.field).collect::<Option<_>>()?,
        })
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|known| *known.get_ref() == name)
    }

    fn read(mut table: Table<'a>, alone: bool, defaults: &Defaults<'a>, log: &'a Log<'a>) -> Self {
        let name = table.need("name").and_then(Value::name);
        if let Some(name) = &name {
            table.rename(format!("the record `{}`", name.get_ref()));
        }
        let doc = table.get("doc").map_or(Some(String::new()), Value::prose);
        let length = table.get("length").or(defaults.record_length);
        if length.is_none() {
            let message = "the record needs `length`, or the layout `record_length`";
            log.add(LayoutFault::MissingKey.at(table.span(), message));
        }
        let length = length.and_then(|value| value.whole(1..=LONGEST_RECORD));
        let how = table.get("match");
        let fields = table.need("field").and_then(Value::list).unwrap_or_default();
        let fields = fields.into_iter().filter_map(|value| value.table("a field")).collect();
        table.finish();
        let (fields, context) = field::read_all(fields, length, defaults.encoding, log);
        let mut draft = Self { name, length, select: None, fields, context, doc };
        draft.select = draft.select(&table, how, alone, defaults, log);
        draft
    }

    fn select(
        &self,
        table: &Table<'_>,
        how: Option<Value<'_>>,
        alone: bool,
        defaults: &Defaults<'_>,
        log: &Log<'_>,
    ) -> Option<Spanned<Select>> {
        let own_span = how.map(Value::span);
        let span = own_span.clone().unwrap_or(table.span_of("name"));
        let names = match how {
            Some(value) if value.is_text() => {
                let select = value
                    .word(&[("first", false), ("last", true)])
                    .map(|last| if last { Select::Last } else { Select::First });
                return select.map(|select| Spanned::new(span, select));
            }
            Some(value) => value.texts()?,
            None if !defaults.discriminator.is_empty() => defaults.discriminator.clone(),
            None if alone => return Some(Spanned::new(span, Select::Only)),
            None => {
                let message = "nothing tells this record from the others";
                let help = "give it `match`, or the layout `discriminator`: the names of constant \
                            fields; or match = \"first\" or \"last\"";
                log.add(LayoutFault::MissingKey.at(span, message).help(help));
                return None;
            }
        };
        let fields: Vec<_> = names
            .iter()
            .map(|name| {
                let place = if own_span.is_some() { name.span() } else { span.clone() };
                self.constant(&Spanned::new(place, name.get_ref()), log)
            })
            .collect();
        let fields = fields.into_iter().collect::<Option<_>>()?;
        Some(Spanned::new(span, Select::Constants(fields)))
    }

    /// The constant field of this name.
    fn constant(&self, name: &Spanned<&&str>, log: &Log<'_>) -> Option<FieldIx> {
        let field = self.context.find(name.get_ref());
        match field.map(|field| self.fields[usize::from(field.0)].kind.as_ref()) {
            Some(None) => None,
            Some(Some(Kind::Constant(_))) => field,
            Some(Some(_)) | None => {
                let message = format!(
                    "the record is told by `{}`, and has no constant field of that name",
                    name.get_ref()
                );
                let help =
                    "make it a field of kind constant, or tell the record otherwise: `match`";
                log.add(LayoutFault::DiscriminatorNotConstant.at(name.span(), message).help(help));
                None
            }
        }
    }

    /// Whether some byte of the record is always there and another than `byte`.
    pub(super) fn differs_from(&self, byte: u8) -> bool {
        self.fields.iter().any(|draft| match &draft.kind {
            Some(Kind::Constant(bytes)) => bytes.iter().any(|&b| b != byte),
            Some(Kind::Filler { pad, checked: true }) => *pad != byte,
            None => true,
            Some(_) => false,
        })
    }

    /// The bytes this record is told by: column and byte.
    fn telling(&self) -> Vec<(usize, u8)> {
        let Some(Select::Constants(fields)) = self.select.as_ref().map(Spanned::get_ref) else {
            return Vec::new();
        };
        let bytes_of = |ix: &FieldIx| {
            let draft = &self.fields[usize::from(ix.0)];
            match (draft.columns, &draft.kind) {
                (Some(columns), Some(Kind::Constant(bytes))) => {
                    (columns.start..).zip(bytes.iter().copied()).collect()
                }
                _ => Vec::new(),
            }
        };
        fields.iter().flat_map(bytes_of).collect()
    }
}

/// Reads all records of a layout.
pub(super) fn read_all<'a>(
    values: Vec<Value<'a>>,
    defaults: &Defaults<'a>,
    log: &'a Log<'a>,
) -> Vec<RecordDraft<'a>> {
    let alone = values.len() == 1;
    let records: Vec<_> = values
        .into_iter()
        .filter_map(|value| value.table("a record"))
        .map(|table| RecordDraft::read(table, alone, defaults, log))
        .collect();
    check_names(&records, log);
    check_told_apart(&records, log);
    records
}

fn check_names(records: &[RecordDraft<'_>], log: &Log<'_>) {
    let names: Vec<_> = records.iter().filter_map(|record| record.name.as_ref()).collect();
    report_twins(&names, "the layout has two records", log);
}

/// No bytes may begin two records.
fn check_told_apart(records: &[RecordDraft<'_>], log: &Log<'_>) {
    let told: Vec<_> = records.iter().map(|record| (record, record.telling())).collect();
    for (at, (record, bytes)) in told.iter().enumerate() {
        for (other, others) in told[..at].iter().filter(|(_, others)| !others.is_empty()) {
            let differs = |(column, byte): &(usize, u8)| {
                others.iter().any(|(there, that)| there == column && that != byte)
            };
            if bytes.is_empty() || bytes.iter().any(differs) {
                continue;
            }
            if let (Some(name), Some(first)) = (&record.name, &other.name) {
                let (one, two) = (first.get_ref(), name.get_ref());
                let message = format!("a record can be both `{one}` and `{two}`");
                let help = "their constants must differ in a column that both are told by";
                let fault = LayoutFault::AmbiguousRecords.at(name.span(), message).help(help);
                log.add(fault.also(first.span(), "the other one"));
            }
        }
    }
}
