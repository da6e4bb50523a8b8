//! From the text of a layout file to the compiled layout.

use super::diagnostic::{Diagnostics, LayoutFault, Log};
use super::model::{Encoding, Layout, Padding, Select, Terminator};
use super::record::{self, RecordDraft};
use super::spanned::{Table, Value};
use super::{control, structure};
use chrono::NaiveDate;
use toml::Spanned;
use toml::de::DeTable;

/// What holds for every record that does not say otherwise.
pub(super) struct Defaults<'a> {
    pub(super) encoding: Encoding,
    pub(super) record_length: Option<Value<'a>>,
    pub(super) discriminator: Vec<Spanned<&'a str>>,
}

/// Compiles the text of one layout file; `source_name` names it in diagnostics.
pub fn compile(source_name: &str, text: &str) -> Result<Layout, Diagnostics> {
    let log = Log::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or_default();
        log.add(LayoutFault::TomlSyntax.at(span, error.message()));
    }
    let layout = if errors.is_empty() {
        read(&Table::new("the layout", 0..0, document.get_ref(), &log), &log)
    } else {
        None
    };
    match layout {
        Some(layout) if log.count() == 0 => Ok(layout),
        _ => Err(log.into_diagnostics(source_name)),
    }
}

fn read<'a>(top: &Table<'a>, log: &'a Log<'a>) -> Option<Layout> {
    let id = top.need("id").and_then(Value::id);
    let prose = |key| top.need(key).and_then(Value::prose);
    let (version, title, source) = (prose("version"), prose("title"), prose("source"));
    let doc = top.get("doc").map_or(Some(String::new()), Value::prose);
    let (valid_from, valid_to) = validity(top, log);
    let encoding = top.need("encoding").and_then(|value| value.word(&Encoding::NAMES));
    let (terminator, trimmed) = terminator(top, encoding, log);
    let defaults = Defaults {
        // With a faulty encoding, the rest is read as plain text to find the other faults.
        encoding: encoding.unwrap_or(Encoding::Utf8),
        record_length: top.get("record_length"),
        discriminator: top.get("discriminator").and_then(Value::texts).unwrap_or_default(),
    };
    let order = top.need("structure").and_then(|value| value.table("the structure"));
    let padding = top.get("padding");
    let records = top.need("record").and_then(Value::list).unwrap_or_default();
    let controls = top.get("control").map_or(Some(Vec::new()), Value::list);
    top.finish();
    let records = record::read_all(records, &defaults, log);
    let padding = padding.map(|value| read_padding(value, &records, &defaults, log));
    let structure = structure::read(&order?, &records, log);
    let controls = control::read_all(controls?, &records, &structure, log);
    Some(Layout {
        id: id?,
        version: version?,
        title: title?,
        doc: doc?,
        source: source?,
        valid_from,
        valid_to,
        encoding: encoding?,
        terminator: terminator?,
        trimmed: trimmed?,
        records: records.into_iter().map(RecordDraft::finish).collect::<Option<_>>()?,
        groups: structure.groups,
        padding: padding.map_or(Some(None), |padding| padding.map(Some))?,
        controls,
    })
}

fn validity(top: &Table<'_>, log: &Log<'_>) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let from = top.get("valid_from").and_then(Value::day);
    let to = top.get("valid_to").and_then(Value::day);
    if let (Some(from), Some(to)) = (&from, &to)
        && to.get_ref() < from.get_ref()
    {
        let message = "the layout is valid to a day before it is valid from";
        let fault = LayoutFault::ValidityReversed.at(to.span(), message);
        log.add(fault.also(from.span(), "its first day"));
    }
    (from.map(Spanned::into_inner), to.map(Spanned::into_inner))
}

fn terminator(
    top: &Table<'_>,
    encoding: Option<Encoding>,
    log: &Log<'_>,
) -> (Option<Terminator>, Option<bool>) {
    let terminator = top.need("terminator").and_then(|value| value.word(&Terminator::NAMES));
    let trimmed = top.get("trimmed").map_or(Some(false), Value::truth);
    match (terminator, trimmed) {
        (Some(Terminator::None), Some(true)) => {
            let message = "only lines can be trimmed, and these records end with nothing";
            log.add(LayoutFault::TerminatorClash.at(top.span_of("trimmed"), message));
        }
        (Some(Terminator::None) | None, _) => {}
        _ if encoding == Some(Encoding::Cp277) => {
            let message = "records in EBCDIC end with nothing, they have no line ends";
            let help = "write terminator = \"none\"";
            let span = top.span_of("terminator");
            log.add(LayoutFault::TerminatorClash.at(span, message).help(help));
        }
        _ => {}
    }
    (terminator, trimmed)
}

fn read_padding(
    value: Value<'_>,
    records: &[RecordDraft<'_>],
    defaults: &Defaults<'_>,
    log: &Log<'_>,
) -> Option<Padding> {
    let table = value.table("the padding")?;
    let block = table.need("block").and_then(|value| value.whole(2..=1_000_000));
    let text = table.need("byte").and_then(Value::text);
    table.finish();
    let (block, text) = (block?, text?);
    let mut characters = text.get_ref().chars();
    let byte = match (characters.next(), characters.next()) {
        (Some(character), None) => defaults.encoding.byte(character),
        _ => None,
    };
    if byte.is_none() {
        let message = format!("expected one character, found `{}`", text.get_ref());
        log.add(LayoutFault::NotInEncoding.at(text.span(), message));
    }
    for record in records {
        let span = record.name.as_ref().map_or(table.span(), Spanned::span);
        let clash = |what: &str| log.add(LayoutFault::PaddingClash.at(span.clone(), what));
        if record.length != records[0].length {
            clash("padding records need records of one length");
        }
        if record.select.as_ref().is_some_and(|select| *select.get_ref() == Select::Last) {
            clash("padding records would follow this one, told by being last");
        }
        if byte.is_some_and(|byte| !record.differs_from(byte)) {
            clash("this record could be padding: no constant or filler in it is another byte");
        }
    }
    Some(Padding { block, byte: byte? })
}
