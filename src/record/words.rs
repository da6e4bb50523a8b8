//! Eight bytes at a time: the arithmetic that makes the common fields cheap.
//!
//! A word is loaded little-endian, so the first byte of a field is its lowest. Loads may reach past
//! their field: whoever hands over a record keeps [`SLACK`] more bytes behind it (any bytes).

use crate::layout::model::Columns;

/// Bytes that stand behind every record, so that a word can be loaded at its last byte.
pub(super) const SLACK: usize = WORD;

/// Bytes in a word.
pub(super) const WORD: usize = size_of::<u64>();
const HIGH_BITS: u64 = splat(0x80);

/// The same byte eight times.
pub(super) const fn splat(byte: u8) -> u64 {
    0x0101_0101_0101_0101 * byte as u64
}

/// The eight bytes from `at`; zeros where `bytes` has no more.
#[inline]
pub(super) fn word(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => word_at_the_end(bytes, at),
    }
}

#[cold]
fn word_at_the_end(bytes: &[u8], at: usize) -> u64 {
    bytes.iter().skip(at).take(WORD).rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// Which bytes of a word belong to a field of `len` bytes (at most eight count).
pub(super) const fn mask(len: usize) -> u64 {
    if len >= WORD { u64::MAX } else { !(u64::MAX << (8 * len)) }
}

/// Marks, in their highest bit, the bytes of a word that are control characters in ISO-8859-1.
#[inline]
pub(super) const fn controls(word: u64) -> u64 {
    // 00–1F and 80–9F lack the bits 0x40 and 0x20.
    let low = !(word << 1 | word << 2);
    // 7F alone becomes 0 here, and is the only byte that adding 7F to leaves the highest bit unset.
    let delete = word ^ splat(0x7F);
    let delete = !(((delete & splat(0x7F)) + splat(0x7F)) | delete);
    (low | delete) & HIGH_BITS
}

/// The place of the first byte of `word`, which is not zero, that is not zero.
#[inline]
pub(super) const fn first_byte(word: u64) -> usize {
    word.trailing_zeros() as usize / 8
}

/// The place of the last byte of `word`, which is not zero, that is not zero.
#[inline]
pub(super) const fn last_byte(word: u64) -> usize {
    WORD - 1 - word.leading_zeros() as usize / 8
}

/// Eight ASCII digits as four two-digit numbers, in bytes 0, 2, 4 and 6; `None` if one is no digit.
#[inline]
pub(super) const fn pairs(word: u64) -> Option<u64> {
    let digits = word ^ splat(b'0');
    // 10 and above reach the high bit by adding 0x76; what had it before keeps it by the `|`.
    if (digits.wrapping_add(splat(0x76)) | digits) & HIGH_BITS != 0 {
        return None;
    }
    Some((digits * 10 + (digits >> 8)) & 0x00FF_00FF_00FF_00FF)
}

/// A two-digit number of [`pairs`], the first being 0.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a lane holds two digits")]
pub(super) const fn pair(pairs: u64, index: u32) -> u32 {
    (pairs >> (16 * index)) as u32 & 0xFF
}

#[inline]
const fn eight_digits(word: u64) -> Option<u64> {
    let Some(pairs) = pairs(word) else { return None };
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF)
}

/// A field of 1 to 18 digits.
#[derive(Clone, Debug)]
pub(super) struct Digits {
    /// Where the first 1 to 8 digits stand, so that the rest is whole words.
    at: usize,
    /// Shifts those to the end of their word …
    shift: u32,
    /// … and puts zeros in front of them.
    fill: u64,
    /// Whole words that follow.
    rest: std::ops::Range<usize>,
}

impl Digits {
    pub(super) fn new(columns: Columns) -> Self {
        let head = match columns.len() % WORD {
            0 => WORD.min(columns.len()),
            head => head,
        };
        Self {
            at: columns.start,
            shift: 8 * u32::try_from(WORD - head).unwrap_or_default(),
            fill: splat(b'0') & mask(WORD - head),
            rest: columns.start + head..columns.end,
        }
    }

    /// The number in `record`; `None` if one byte is no digit.
    #[expect(clippy::inline_always, reason = "a call costs as much as the digits")]
    #[inline(always)]
    pub(super) fn read(&self, record: &[u8]) -> Option<i64> {
        let mut number = eight_digits(word(record, self.at) << self.shift | self.fill)?;
        let mut at = self.rest.start;
        while at < self.rest.end {
            number = number * 100_000_000 + eight_digits(word(record, at))?;
            at += WORD;
        }
        i64::try_from(number).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_word_stops_at_the_end() {
        assert_eq!(word(b"ABCDEFGHI", 1), u64::from_le_bytes(*b"BCDEFGHI"));
        assert_eq!(word(b"ABC", 1), u64::from_le_bytes(*b"BC\0\0\0\0\0\0"));
        assert_eq!(word(b"ABC", 9), 0);
    }

    #[test]
    fn controls_are_found_anywhere() {
        for (byte, place) in (0..=u8::MAX).flat_map(|byte| (0..8).map(move |place| (byte, place))) {
            let word = splat(b' ') & !(0xFF << (8 * place)) | u64::from(byte) << (8 * place);
            let found = if char::from(byte).is_control() { 0x80 << (8 * place) } else { 0 };
            assert_eq!(controls(word), found, "{byte:02x}");
        }
    }

    proptest! {
        #[test]
        fn digits_of_any_width_read_as_their_number(text in "[0-9]{1,18}", before in 0_usize..9) {
            let record = format!("{}{text}x", "y".repeat(before));
            let digits = Digits::new(Columns { start: before, end: before + text.len() });
            prop_assert_eq!(digits.read(record.as_bytes()), text.parse().ok());
        }

        #[test]
        fn one_byte_that_is_no_digit_is_seen(
            text in "[0-9]{1,18}",
            place in any::<prop::sample::Index>(),
            byte in any::<u8>().prop_filter("digit", |b| !b.is_ascii_digit()),
        ) {
            let mut record = text.into_bytes();
            let place = place.index(record.len());
            record[place] = byte;
            let digits = Digits::new(Columns { start: 0, end: record.len() });
            prop_assert_eq!(digits.read(&record), None);
        }
    }
}
