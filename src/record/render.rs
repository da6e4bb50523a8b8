//! One value into the bytes of its field. Says whether it fits; whether the bytes then are a good
//! field is for the reader's own check, which the writer runs over every record.

use super::controls::Due;
use super::moment::Moment;
use super::value::{Text, Value};
use crate::layout::model::{Align, Encoding, Field, FieldIx, Kind, Pattern, Record, Sign};

/// What a record holds before its values: constants, fillers, and blanks.
pub(super) fn template(record: &Record) -> Vec<u8> {
    let mut bytes = vec![b' '; record.length];
    for field in &record.fields {
        let place = &mut bytes[field.columns.start..field.columns.end];
        match &field.kind {
            Kind::Constant(value) => place.copy_from_slice(value),
            Kind::Filler { pad, .. } => place.fill(*pad),
            _ => {}
        }
    }
    bytes
}

/// A record that is being written.
pub(super) struct Pen<'p> {
    pub(super) record: &'p Record,
    pub(super) encoding: Encoding,
    /// The last digit of a signed overpunched zero: plus, minus.
    pub(super) zeros: [u8; 2],
    pub(super) bytes: &'p mut [u8],
}

impl Pen<'_> {
    /// Writes one value; whether it fits.
    pub(super) fn put(&mut self, field: &Field, value: &Value<'_>) -> bool {
        if let (Kind::Number { scale, sign, pad }, Value::Number(number)) = (&field.kind, value) {
            return number.scale == *scale && self.number(field, *sign, *pad, number.unscaled);
        }
        let encoding = self.encoding;
        let place = self.place(field);
        match (&field.kind, value) {
            (Kind::SignOf { .. }, Value::None) => true,
            (Kind::Number { sign: Sign::Field(sign), .. }, Value::None) => {
                none(place, field);
                self.sign(*sign, false)
            }
            (_, Value::None) => none(place, field),
            (Kind::Text { align, pad }, Value::Text(text)) => {
                text_into(place, text, *align, *pad, encoding)
            }
            (Kind::Digits, Value::Digits(digits)) => copy(place, digits.as_bytes()),
            (Kind::Date(pattern), Value::Date(date)) => {
                moment(place, pattern, (*date).into(), |read| read.date() == Some(*date))
            }
            (Kind::Time(pattern), Value::Time(time)) => {
                moment(place, pattern, (*time).into(), |read| read.time() == Some(*time))
            }
            (Kind::Timestamp(pattern), Value::Timestamp(at)) => {
                moment(place, pattern, (*at).into(), |read| read.timestamp() == Some(*at))
            }
            (Kind::Period(pattern), Value::Period(month)) => {
                moment(place, pattern, (*month).into(), |read| read.period() == Some(*month))
            }
            (Kind::Uuid, Value::Uuid(uuid)) => {
                copy(place, uuid.hyphenated().encode_lower(&mut [0; 36]).as_bytes())
            }
            (Kind::Cpr, Value::Cpr(cpr)) => copy(place, cpr.as_bytes()),
            (Kind::Cvr, Value::Cvr(cvr)) => digits(place, u64::from(cvr.number())),
            (Kind::Kommunekode, Value::Kommunekode(kode)) => {
                digits(place, u64::from(kode.number()))
            }
            (Kind::Code(table), Value::Code(code)) => {
                let known = table.iter().find(|known| known.code == *code);
                known.is_some_and(|known| copy(place, &known.bytes))
            }
            _ => false,
        }
    }

    /// Writes what a control demands; whether it fits.
    pub(super) fn put_due(&mut self, field: &Field, due: Due<'_>) -> bool {
        match (due, &field.kind) {
            (Due::Bytes(bytes), _) => copy(self.place(field), bytes),
            (Due::Total(total), kind) => match (kind, i64::try_from(total)) {
                (Kind::Number { sign, pad, .. }, Ok(n)) => self.number(field, *sign, *pad, n),
                (Kind::Digits, Ok(n)) if n >= 0 => digits(self.place(field), n.unsigned_abs()),
                _ => false,
            },
        }
    }

    fn place(&mut self, field: &Field) -> &mut [u8] {
        &mut self.bytes[field.columns.start..field.columns.end]
    }

    fn number(&mut self, field: &Field, sign: Sign, pad: u8, number: i64) -> bool {
        let negative = number < 0;
        let [plus_zero, minus_zero] = self.zeros;
        let place = self.place(field);
        let mark = if negative { b'-' } else { b'+' };
        let (place, signed) = match (sign, place) {
            (Sign::Leading, [first, rest @ ..]) => {
                *first = mark;
                (rest, true)
            }
            (Sign::Trailing, [rest @ .., last]) => {
                *last = mark;
                (rest, true)
            }
            (_, place) => (place, sign == Sign::Overpunch),
        };
        let fits = digits(place, number.unsigned_abs());
        if let (Sign::Overpunch, Some(last)) = (sign, place.last_mut()) {
            *last = match (*last, negative) {
                (b'0', false) => plus_zero,
                (b'0', true) => minus_zero,
                (digit, false) => digit - b'1' + b'A',
                (digit, true) => digit - b'1' + b'J',
            };
        }
        if pad != b'0' {
            let last = place.len().saturating_sub(1);
            place[..last].iter_mut().take_while(|byte| **byte == b'0').for_each(|b| *b = pad);
        }
        match sign {
            Sign::Field(sign) => fits && self.sign(sign, negative),
            _ => fits && (signed || !negative),
        }
    }

    /// Writes the sign of a number into the field it has for that.
    fn sign(&mut self, sign: FieldIx, negative: bool) -> bool {
        let field = self.record.field(sign);
        let Kind::SignOf { plus, minus, .. } = &field.kind else { return false };
        let code = if negative { minus.first() } else { plus.first() };
        code.is_some_and(|code| copy(self.place(field), code))
    }
}

/// Bytes as wide as their field.
fn copy(place: &mut [u8], bytes: &[u8]) -> bool {
    let fits = place.len() == bytes.len();
    if fits {
        place.copy_from_slice(bytes);
    }
    fits
}

/// No value: the first form that says so. Blanks stand there already.
fn none(place: &mut [u8], field: &Field) -> bool {
    field.nones.first().is_none_or(|none| copy(place, none))
}

/// Digits, zeros before them.
fn digits(place: &mut [u8], mut number: u64) -> bool {
    for byte in place.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
    number == 0
}

fn moment(
    place: &mut [u8],
    pattern: &Pattern,
    moment: Moment,
    is_same: impl Fn(Moment) -> bool,
) -> bool {
    moment.write(pattern, place);
    Moment::read(pattern, place).is_some_and(is_same)
}

/// Text that begins (or, on the right, ends) where its padding cannot be taken for part of it.
fn text_into(place: &mut [u8], text: &Text<'_>, align: Align, pad: u8, encoding: Encoding) -> bool {
    let Some(bytes) = text.bytes_in(encoding) else { return false };
    let Some(room) = place.len().checked_sub(bytes.len()) else { return false };
    let (text, padding, inner) = match align {
        Align::Left => {
            let (text, padding) = place.split_at_mut(bytes.len());
            (text, padding, bytes.last())
        }
        Align::Right => {
            let (padding, text) = place.split_at_mut(room);
            (text, padding, bytes.first())
        }
    };
    padding.fill(pad);
    text.copy_from_slice(&bytes);
    inner != Some(&pad)
}
