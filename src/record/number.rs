//! Numbers that are not simply digits: padded with blanks, or with a sign.

use crate::layout::model::Sign;
use nom::branch::alt;
use nom::bytes::complete::{tag, take};
use nom::combinator::{map_opt, rest, value};
use nom::{IResult, Parser};
use std::slice;

/// A number with its sign in the field itself.
pub(super) fn number(field: &[u8], sign: Sign, pad: u8, zeros: [u8; 2]) -> IResult<&[u8], i64> {
    let body = || map_opt(rest, |digits| unsigned(digits, pad));
    let front = || take(field.len().saturating_sub(1));
    let signed = |blank| {
        alt((value(-1, tag("-")), value(1, tag("+")), value(1, tag(slice::from_ref(blank)))))
    };
    match sign {
        Sign::Leading => (signed(&pad), body()).map(|(sign, n)| sign * n).parse(field),
        Sign::Trailing => (map_opt(front(), |digits| unsigned(digits, pad)), signed(&b' '))
            .map(|(n, sign)| n * sign)
            .parse(field),
        Sign::Overpunch => (
            map_opt(front(), |digits| decimal(without_pad(digits, pad))),
            map_opt(take(1_usize), |last: &[u8]| overpunched(last[0], zeros)),
        )
            .map(|(tens, (digit, sign))| sign * (tens * 10 + digit))
            .parse(field),
        Sign::Unsigned | Sign::Field(_) => body().parse(field),
    }
}

/// The digit and the sign that the last byte of an overpunched number stands for. Without a zone
/// for a sign it is a plain digit, which is plus.
fn overpunched(byte: u8, [plus_zero, minus_zero]: [u8; 2]) -> Option<(i64, i64)> {
    match byte {
        b'0'..=b'9' => Some((i64::from(byte - b'0'), 1)),
        b'A'..=b'I' => Some((i64::from(byte - b'A') + 1, 1)),
        b'J'..=b'R' => Some((i64::from(byte - b'J') + 1, -1)),
        _ if byte == plus_zero => Some((0, 1)),
        _ if byte == minus_zero => Some((0, -1)),
        _ => None,
    }
}

/// At least one digit, behind its padding.
pub(super) fn unsigned(digits: &[u8], pad: u8) -> Option<i64> {
    let digits = without_pad(digits, pad);
    (!digits.is_empty()).then(|| decimal(digits))?
}

/// Zeros are digits themselves: only blanks are taken away.
fn without_pad(digits: &[u8], pad: u8) -> &[u8] {
    let blanks = digits.iter().take_while(|&&byte| byte == pad && pad != b'0').count();
    &digits[blanks..]
}

fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
