//! Whether a text holds what could be a CPR number. Whatever a test has the program say to people,
//! in its log or on its pages is looked through by this.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

/// A run of ten digits (or six, a hyphen and four) whose first four could be a day and a month.
pub fn looks_like_cpr(word: &str) -> bool {
    let digits: String = match word.split_once('-') {
        Some((birth, serial)) if birth.len() == 6 && serial.len() == 4 => [birth, serial].concat(),
        Some(_) => return false,
        None => word.to_owned(),
    };
    let two = |at: usize| digits[at..at + 2].parse::<u32>().unwrap();
    digits.len() == 10
        && digits.bytes().all(|b| b.is_ascii_digit())
        && matches!(two(0), 1..=31 | 61..=91)
        && matches!(two(2), 1..=12)
}

/// The first line with something that could be one.
pub fn line_with_cpr(text: &str) -> Option<&str> {
    let holds_one = |line: &&str| {
        line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).any(looks_like_cpr)
    };
    text.lines().find(holds_one)
}

/// Fails where there is one.
pub fn holds_none(whose: &str, text: &str) {
    if let Some(line) = line_with_cpr(text) {
        panic!("{whose} holds what could be a CPR number: {line}");
    }
}
