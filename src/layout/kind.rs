//! What a field holds: the keys that belong to its `kind`.

use super::diagnostic::{LayoutFault, Log};
use super::model::{Align, CodeValue, Encoding, FieldIx, Kind, Sign};
use super::pattern::{self, Moment};
use super::spanned::{Span, Table, Value};
use toml::Spanned;

/// Most digits of a number: what 64 bits hold whatever the digits.
const MOST_DIGITS: usize = 18;

/// What a field must know of its layout and its record to be read.
pub(super) struct Context<'a> {
    pub(super) encoding: Encoding,
    /// Name and width of every field of the record; `None` where faulty.
    pub(super) siblings: Vec<(Option<&'a str>, Option<usize>)>,
    pub(super) log: &'a Log<'a>,
}

/// The codes that stand for a number's sign, and the field they stand in.
pub(super) struct SignCodes {
    pub(super) field: FieldIx,
    pub(super) plus: Vec<Vec<u8>>,
    pub(super) minus: Vec<Vec<u8>>,
    pub(super) span: Span,
}

impl Context<'_> {
    /// The bytes of `text`, which must be `width` of them.
    pub(super) fn bytes(&self, text: &Spanned<&str>, width: Option<usize>) -> Option<Vec<u8>> {
        let Some(bytes) = self.encoding.encode(text.get_ref()) else {
            let message = format!("`{}` has a character that the encoding lacks", text.get_ref());
            self.log.add(LayoutFault::NotInEncoding.at(text.span(), message));
            return None;
        };
        let width = width?;
        if bytes.len() != width {
            let found = bytes.len();
            let message = format!("expected the field's width, {width}; found {found}");
            let help = "widths count bytes; write the blanks that belong to it, too";
            self.log.add(LayoutFault::WrongWidth.at(text.span(), message).help(help));
            return None;
        }
        Some(bytes)
    }

    fn all_bytes(&self, value: Value<'_>, width: Option<usize>) -> Option<Vec<Vec<u8>>> {
        value.texts()?.iter().map(|text| self.bytes(text, width)).collect()
    }

    /// The field of this name in the same record.
    pub(super) fn sibling(&self, name: &Spanned<&str>) -> Option<FieldIx> {
        let found = self.find(name.get_ref());
        if found.is_none() {
            let message = format!("the record has no field `{}`", name.get_ref());
            self.log.add(LayoutFault::UnknownName.at(name.span(), message));
        }
        found
    }

    /// The same, for those who report otherwise.
    pub(super) fn find(&self, name: &str) -> Option<FieldIx> {
        self.siblings.iter().position(|(known, _)| *known == Some(name)).map(field_ix)
    }

    fn byte(&self, character: char, span: Span) -> Option<u8> {
        let byte = self.encoding.byte(character);
        if byte.is_none() {
            let message = format!("the encoding has no single byte for `{character}`");
            self.log.add(LayoutFault::NotInEncoding.at(span, message));
        }
        byte
    }

    fn pad(&self, table: &Table<'_>) -> Option<u8> {
        let Some(value) = table.get("pad") else {
            return self.encoding.byte(' ');
        };
        let text = value.text()?;
        let mut characters = text.get_ref().chars();
        match (*text.get_ref(), characters.next(), characters.next()) {
            ("blank", ..) => self.byte(' ', text.span()),
            ("zero", ..) => self.byte('0', text.span()),
            (_, Some(character), None) => self.byte(character, text.span()),
            (other, ..) => {
                let message = format!("expected `blank`, `zero` or one character, found `{other}`");
                self.log.add(LayoutFault::UnknownWord.at(text.span(), message));
                None
            }
        }
    }
}

/// The index of a field; lists are bounded where they are read.
#[expect(clippy::cast_possible_truncation, reason = "a list has at most 1000 entries")]
pub(super) fn field_ix(at: usize) -> FieldIx {
    FieldIx(at as u16)
}

/// Reads `kind` and what belongs to it; for a number whose sign stands in another field, also that
/// field's codes. `own` is the field's index.
pub(super) fn read(
    table: &Table<'_>,
    own: usize,
    context: &Context<'_>,
) -> Option<(Kind, Option<SignCodes>)> {
    let width = context.siblings[own].1;
    let moment = |moment| pattern::read(table, moment, context.encoding, context.log);
    let word = table.need("kind")?.text()?;
    let kind = match *word.get_ref() {
        "text" => text(table, context)?,
        "digits" => Kind::Digits,
        "number" => return number(table, width, context),
        "sign" => Kind::SignOf { field: field_ix(own), plus: Vec::new(), minus: Vec::new() },
        "date" => Kind::Date(moment(Moment::Date)?),
        "time" => Kind::Time(moment(Moment::Time)?),
        "timestamp" => Kind::Timestamp(moment(Moment::Timestamp)?),
        "period" => Kind::Period(moment(Moment::Period)?),
        "uuid" => Kind::Uuid,
        "cpr" => Kind::Cpr,
        "cvr" => Kind::Cvr,
        "kommunekode" => Kind::Kommunekode,
        "code" => Kind::Code(codes(table, width, context)?),
        "constant" => Kind::Constant(context.bytes(&table.need("value")?.text()?, width)?),
        "filler" => {
            let checked = table.get("checked").map_or(Some(true), Value::truth);
            Kind::Filler { pad: context.pad(table)?, checked: checked? }
        }
        other => {
            let message = format!("there is no kind `{other}`");
            let help = "kinds: text, digits, number, sign, date, time, timestamp, period, uuid, \
                        cpr, cvr, kommunekode, code, constant, filler";
            context.log.add(LayoutFault::UnknownWord.at(word.span(), message).help(help));
            return None;
        }
    };
    check_width(table, &kind, width, context.log)?;
    Some((kind, None))
}

/// Kinds that are always as wide as they are.
fn check_width(table: &Table<'_>, kind: &Kind, width: Option<usize>, log: &Log<'_>) -> Option<()> {
    let expected = match kind {
        Kind::Date(pattern)
        | Kind::Time(pattern)
        | Kind::Timestamp(pattern)
        | Kind::Period(pattern) => pattern.width(),
        Kind::Uuid => 36,
        Kind::Cpr => 10,
        Kind::Cvr => 8,
        Kind::Kommunekode => 4,
        _ => return Some(()),
    };
    let width = width?;
    if width != expected {
        let message = format!("expected `length = {expected}`, the width of what it holds");
        log.add(LayoutFault::WrongWidth.at(table.span_of("length"), message));
        return None;
    }
    Some(())
}

fn text(table: &Table<'_>, context: &Context<'_>) -> Option<Kind> {
    let sides = [("left", Align::Left), ("right", Align::Right)];
    let align = table.get("align").map_or(Some(Align::Left), |value| value.word(&sides));
    Some(Kind::Text { pad: context.pad(table)?, align: align? })
}

fn number(
    table: &Table<'_>,
    width: Option<usize>,
    context: &Context<'_>,
) -> Option<(Kind, Option<SignCodes>)> {
    let scale = table.get("scale").map_or(Some(0), |value| value.whole(0..=18));
    let pads = [("zero", '0'), ("blank", ' ')];
    let pad = table.get("pad").map_or(Some('0'), |value| value.word(&pads));
    let (sign, codes) = match table.get("sign") {
        None => (Sign::Unsigned, None),
        Some(value) if value.is_text() => {
            let signs = [
                ("none", Sign::Unsigned),
                ("leading", Sign::Leading),
                ("trailing", Sign::Trailing),
                ("overpunch", Sign::Overpunch),
            ];
            (value.word(&signs)?, None)
        }
        Some(value) => {
            let codes = sign_codes(&value.table("a sign")?, context)?;
            (Sign::Field(codes.field), Some(codes))
        }
    };
    let (scale, pad) = (scale?, context.encoding.byte(pad?)?);
    let digits = width? - usize::from(matches!(sign, Sign::Leading | Sign::Trailing));
    if digits == 0 || digits > MOST_DIGITS || digits < usize::from(scale) {
        let least = scale.max(1);
        let message = format!("expected {least} to {MOST_DIGITS} digits, found {digits}");
        let help = "keep longer numbers as text: kind = \"digits\"";
        let span = table.span_of("length");
        context.log.add(LayoutFault::BadNumberWidth.at(span, message).help(help));
        return None;
    }
    Some((Kind::Number { scale, sign, pad }, codes))
}

fn sign_codes(table: &Table<'_>, context: &Context<'_>) -> Option<SignCodes> {
    let name = table.need("field").and_then(Value::text);
    let (plus, minus) = (table.need("plus"), table.need("minus"));
    table.finish();
    let name = name?;
    let field = context.sibling(&name)?;
    let width = context.siblings[usize::from(field.0)].1;
    let plus = context.all_bytes(plus?, width);
    let minus = context.all_bytes(minus?, width);
    let (plus, minus) = (plus?, minus?);
    if plus.iter().any(|code| minus.contains(code)) {
        let message = "a code cannot stand for plus and for minus";
        context.log.add(LayoutFault::BadSign.at(table.span(), message));
        return None;
    }
    Some(SignCodes { field, plus, minus, span: name.span() })
}

fn codes(table: &Table<'_>, width: Option<usize>, context: &Context<'_>) -> Option<Vec<CodeValue>> {
    let faults = context.log.count();
    let mut codes: Vec<CodeValue> = Vec::new();
    for entry in table.need("codes")?.list()? {
        let Some(entry) = entry.table("a code") else { continue };
        let text = entry.need("code").and_then(Value::text);
        let written = entry.get("written").map_or(text.clone(), Value::text);
        let doc = entry.need("doc").and_then(Value::prose);
        entry.finish();
        let (Some(text), Some(written), Some(doc)) = (text, written, doc) else { continue };
        let Some(bytes) = context.bytes(&written, width) else { continue };
        let code = text.get_ref().trim_matches(' ').to_owned();
        if codes.iter().any(|known| known.bytes == bytes || known.code == code) {
            let message = format!("the code `{code}` stands in the table twice");
            context.log.add(LayoutFault::DuplicateCode.at(text.span(), message));
            continue;
        }
        codes.push(CodeValue { bytes, code, doc });
    }
    // With a code missing, what refers to it could only be judged wrongly.
    (context.log.count() == faults).then_some(codes)
}
