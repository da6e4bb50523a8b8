//! Whether a field must hold something, and what stands there when it does not.

use super::diagnostic::LayoutFault;
use super::field::Draft;
use super::kind::Context;
use super::model::{FieldIx, Kind, Presence};
use super::spanned::{Table, Value};
use crate::domain::Kommunekode;
use toml::Spanned;

/// Reads `presence` and `none` of the field at `own`, whose kind is known by now.
pub(super) fn read(
    own: usize,
    drafts: &[Draft<'_>],
    context: &Context<'_>,
) -> Option<(Presence, Vec<Vec<u8>>)> {
    let Draft { table, kind, .. } = &drafts[own];
    if matches!(kind, Some(Kind::Constant(_) | Kind::Filler { .. } | Kind::SignOf { .. })) {
        return Some((Presence::Required, Vec::new()));
    }
    let (presence, none) = (table.get("presence"), table.get("none"));
    let presence = match presence {
        None => Some(Presence::Required),
        Some(value) if value.is_text() => value
            .word(&[("required", false), ("optional", true)])
            .map(|optional| if optional { Presence::Optional } else { Presence::Required }),
        Some(value) => value.table("a condition").and_then(|table| {
            let (field, codes) = condition(&table, "when", drafts, context)?;
            Some(Presence::When { field, codes })
        }),
    };
    let (kind, width) = (kind.as_ref()?, context.siblings[own].1?);
    let nones = nones(none, kind, width, context);
    Some((presence?, nones?))
}

/// Reads `{ key = "field", is = […] }`: the deciding field's index and its codes as bytes.
pub(super) fn condition(
    table: &Table<'_>,
    key: &'static str,
    drafts: &[Draft<'_>],
    context: &Context<'_>,
) -> Option<(FieldIx, Vec<Vec<u8>>)> {
    let name = table.need(key).and_then(Value::text);
    let values = table.need("is").and_then(Value::texts);
    table.finish();
    let (name, values) = (name?, values?);
    let field = context.sibling(&name)?;
    let Kind::Code(known) = drafts[usize::from(field.0)].kind.as_ref()? else {
        let message = format!("expected a field of kind code, `{}` is another", name.get_ref());
        context.log.add(LayoutFault::BadCondition.at(name.span(), message));
        return None;
    };
    let bytes_of = |value: &Spanned<&str>| {
        let code = known.iter().find(|known| known.code == value.get_ref().trim_matches(' '));
        if code.is_none() {
            let message = format!("`{}` has no code `{}`", name.get_ref(), value.get_ref());
            context.log.add(LayoutFault::BadCondition.at(value.span(), message));
        }
        code.map(|known| known.bytes.clone())
    };
    let codes: Vec<_> = values.iter().map(bytes_of).collect();
    Some((field, codes.into_iter().collect::<Option<_>>()?))
}

fn nones(
    value: Option<Value<'_>>,
    kind: &Kind,
    width: usize,
    context: &Context<'_>,
) -> Option<Vec<Vec<u8>>> {
    let repeated = |character| Some(vec![context.encoding.byte(character)?; width]);
    let mut forms = Vec::new();
    for text in value.map_or(Some(Vec::new()), Value::texts)? {
        let form = match *text.get_ref() {
            "blanks" => repeated(' ')?,
            "zeros" => repeated('0')?,
            "nines" => repeated('9')?,
            _ => context.bytes(&text, Some(width))?,
        };
        if is_value(kind, &form, context) {
            let message = format!("`{}` is a value of this field", text.get_ref());
            let help = "choose a form that no value has; blanks are the default";
            context.log.add(LayoutFault::NoneIsAValue.at(text.span(), message).help(help));
            return None;
        }
        forms.push(form);
    }
    let empty = match kind {
        Kind::Text { pad, .. } => vec![*pad; width],
        _ if forms.is_empty() => repeated(' ')?,
        _ => return Some(forms),
    };
    if !forms.contains(&empty) && !is_value(kind, &empty, context) {
        forms.push(empty);
    }
    Some(forms)
}

/// Whether these bytes mean something in everyday use. Nines, or a date far ahead, may be set apart
/// to mean "no value"; zero, midnight and the codes of a table may not.
fn is_value(kind: &Kind, bytes: &[u8], context: &Context<'_>) -> bool {
    let Some(text) = context.encoding.decode(bytes) else { return false };
    match kind {
        Kind::Number { .. } | Kind::Time(_) => {
            text.contains('0') && !text.contains(|c: char| c.is_alphanumeric() && c != '0')
        }
        Kind::Code(codes) => codes.iter().any(|code| code.bytes == bytes),
        Kind::Kommunekode => Kommunekode::parse(text.as_bytes()).is_ok(),
        _ => false,
    }
}
