//! How bytes stand for characters, in each encoding a layout may name; and what ends a record.

use super::model::{Encoding, Terminator};
use std::borrow::Cow;

impl Encoding {
    /// Each with its name in layout files.
    pub(super) const NAMES: [(&str, Self); 4] = [
        ("iso-8859-1", Self::Latin1),
        ("windows-1252", Self::Windows1252),
        ("utf-8", Self::Utf8),
        ("ebcdic-cp277", Self::Cp277),
    ];

    /// Its name in layout files.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, &self)
    }

    /// The byte for `character`, in encodings of one byte for each; in UTF-8, ASCII only.
    pub fn byte(self, character: char) -> Option<u8> {
        match self {
            Self::Latin1 => u8::try_from(character).ok(),
            Self::Windows1252 => match u8::try_from(character) {
                Ok(byte) if !matches!(byte, 0x80..=0x9F) => Some(byte),
                _ => WINDOWS_1252
                    .iter()
                    .zip(0x80..)
                    .find_map(|(known, byte)| (*known == Some(character)).then_some(byte)),
            },
            Self::Utf8 => character.is_ascii().then_some(character as u8),
            Self::Cp277 => u8::try_from(character).ok().map(|latin1| TO_CP277[usize::from(latin1)]),
        }
    }

    /// The character `byte` stands for; in UTF-8, ASCII only.
    pub fn character(self, byte: u8) -> Option<char> {
        match self {
            Self::Latin1 => Some(char::from(byte)),
            Self::Windows1252 => match byte {
                0x80..=0x9F => WINDOWS_1252[usize::from(byte - 0x80)],
                _ => Some(char::from(byte)),
            },
            Self::Utf8 => byte.is_ascii().then_some(char::from(byte)),
            Self::Cp277 => Some(char::from(FROM_CP277[usize::from(byte)])),
        }
    }

    /// The bytes for `text`; `None` where the encoding lacks a character.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            _ => text.chars().map(|character| self.byte(character)).collect(),
        }
    }

    /// The text `bytes` stand for; `None` where they stand for none.
    pub fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match str::from_utf8(bytes) {
            Ok(text) if self == Self::Utf8 || (self != Self::Cp277 && text.is_ascii()) => {
                Some(Cow::Borrowed(text))
            }
            Err(_) if self == Self::Utf8 => None,
            _ => bytes.iter().map(|&byte| self.character(byte)).collect(),
        }
    }
}

impl Terminator {
    /// Each with its name in layout files.
    pub(super) const NAMES: [(&str, Self); 4] =
        [("crlf", Self::CrLf), ("lf", Self::Lf), ("none", Self::None), ("detect", Self::Detect)];

    /// Its name in layout files.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, &self)
    }
}

fn name_in<T: PartialEq>(names: &[(&'static str, T)], wanted: &T) -> &'static str {
    names.iter().find(|(_, known)| known == wanted).map_or("", |(name, _)| *name)
}

/// Windows-1252 from 0x80 to 0x9F, where it differs from ISO-8859-1; five bytes stand for nothing.
const WINDOWS_1252: [Option<char>; 32] = [
    Some('\u{20ac}'),
    None,
    Some('\u{201a}'),
    Some('\u{192}'),
    Some('\u{201e}'),
    Some('\u{2026}'),
    Some('\u{2020}'),
    Some('\u{2021}'),
    Some('\u{2c6}'),
    Some('\u{2030}'),
    Some('\u{160}'),
    Some('\u{2039}'),
    Some('\u{152}'),
    None,
    Some('\u{17d}'),
    None,
    None,
    Some('\u{2018}'),
    Some('\u{2019}'),
    Some('\u{201c}'),
    Some('\u{201d}'),
    Some('\u{2022}'),
    Some('\u{2013}'),
    Some('\u{2014}'),
    Some('\u{2dc}'),
    Some('\u{2122}'),
    Some('\u{161}'),
    Some('\u{203a}'),
    Some('\u{153}'),
    None,
    Some('\u{17e}'),
    Some('\u{178}'),
];

/// Code page 277 (EBCDIC, Denmark and Norway) to ISO-8859-1, one to one: the table of IBM's
/// registered character set CCSID 277.
#[rustfmt::skip]
const FROM_CP277: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x9c, 0x09, 0x86, 0x7f, 0x97, 0x8d, 0x8e, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x9d, 0x85, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8f, 0x1c, 0x1d, 0x1e, 0x1f,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0a, 0x17, 0x1b, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9a, 0x9b, 0x14, 0x15, 0x9e, 0x1a,
    0x20, 0xa0, 0xe2, 0xe4, 0xe0, 0xe1, 0xe3, 0x7d, 0xe7, 0xf1, 0x23, 0x2e, 0x3c, 0x28, 0x2b, 0x21,
    0x26, 0xe9, 0xea, 0xeb, 0xe8, 0xed, 0xee, 0xef, 0xec, 0xdf, 0xa4, 0xc5, 0x2a, 0x29, 0x3b, 0x5e,
    0x2d, 0x2f, 0xc2, 0xc4, 0xc0, 0xc1, 0xc3, 0x24, 0xc7, 0xd1, 0xf8, 0x2c, 0x25, 0x5f, 0x3e, 0x3f,
    0xa6, 0xc9, 0xca, 0xcb, 0xc8, 0xcd, 0xce, 0xcf, 0xcc, 0x60, 0x3a, 0xc6, 0xd8, 0x27, 0x3d, 0x22,
    0x40, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xab, 0xbb, 0xf0, 0xfd, 0xfe, 0xb1,
    0xb0, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0xaa, 0xba, 0x7b, 0xb8, 0x5b, 0x5d,
    0xb5, 0xfc, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xa1, 0xbf, 0xd0, 0xdd, 0xde, 0xae,
    0xa2, 0xa3, 0xa5, 0xb7, 0xa9, 0xa7, 0xb6, 0xbc, 0xbd, 0xbe, 0xac, 0x7c, 0xaf, 0xa8, 0xb4, 0xd7,
    0xe6, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xad, 0xf4, 0xf6, 0xf2, 0xf3, 0xf5,
    0xe5, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0xb9, 0xfb, 0x7e, 0xf9, 0xfa, 0xff,
    0x5c, 0xf7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xb2, 0xd4, 0xd6, 0xd2, 0xd3, 0xd5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xb3, 0xdb, 0xdc, 0xd9, 0xda, 0x9f,
];

const TO_CP277: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        {
            table[FROM_CP277[byte] as usize] = byte as u8;
        }
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLE_BYTE: [Encoding; 3] = [Encoding::Latin1, Encoding::Windows1252, Encoding::Cp277];

    #[test]
    fn every_byte_that_means_a_character_comes_back() {
        for encoding in SINGLE_BYTE {
            let mut without = Vec::new();
            for byte in 0..=u8::MAX {
                match encoding.character(byte) {
                    Some(character) => assert_eq!(encoding.byte(character), Some(byte)),
                    None => without.push(byte),
                }
            }
            let expected: &[u8] = match encoding {
                Encoding::Windows1252 => &[0x81, 0x8D, 0x8F, 0x90, 0x9D],
                _ => &[],
            };
            assert_eq!(without, expected, "{encoding:?}");
        }
    }

    #[test]
    fn text_both_ways() {
        let table: [(Encoding, &str, Option<&[u8]>); 11] = [
            (Encoding::Latin1, "Ærø 7", Some(b"\xC6r\xF8 7")),
            (Encoding::Latin1, "€", None),
            (Encoding::Windows1252, "€ Å", Some(b"\x80 \xC5")),
            (Encoding::Windows1252, "\u{81}", None),
            (Encoding::Windows1252, "ł", None),
            (Encoding::Utf8, "Ærø", Some(b"\xC3\x86r\xC3\xB8")),
            (Encoding::Utf8, "", Some(b"")),
            (Encoding::Cp277, "09 AZ", Some(b"\xF0\xF9\x40\xC1\xE9")),
            (Encoding::Cp277, "ÆØÅæøå", Some(b"\x7B\x7C\x5B\xC0\x6A\xD0")),
            (Encoding::Cp277, "@#$", Some(b"\x80\x4A\x67")),
            (Encoding::Cp277, "€", None),
        ];
        for (encoding, text, bytes) in table {
            assert_eq!(encoding.encode(text).as_deref(), bytes, "{encoding:?} {text}");
            if let Some(bytes) = bytes {
                assert_eq!(encoding.decode(bytes).as_deref(), Some(text), "{encoding:?}");
            }
        }
        assert_eq!(Encoding::Utf8.decode(b"\xC6r"), None);
        assert_eq!(Encoding::Windows1252.decode(b"\x81"), None);
    }
}
