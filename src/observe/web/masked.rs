//! The last door: no CPR number leaves whole, wherever it came from. What modregn writes by
//! itself holds none; a file's name is its sender's.

use std::borrow::Cow;

/// What stands for a digit.
const HIDDEN: char = '•';

/// The text, with what may be a CPR number made unreadable: ten digits that begin with a day and a
/// month, or six, a hyphen and four, with no letter or digit next to them.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut hidden: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = end_of_run(bytes, at);
        if let Some(end) = cpr_at(bytes, at, end) {
            hidden.push((at, end));
            at = end;
        } else {
            at = end;
        }
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut from) = (String::with_capacity(text.len()), 0);
    for (start, end) in hidden {
        shown.push_str(&text[from..start]);
        let hide = |c: char| if c.is_ascii_digit() { HIDDEN } else { c };
        shown.extend(text[start..end].chars().map(hide));
        from = end;
    }
    shown.push_str(&text[from..]);
    Cow::Owned(shown)
}

fn end_of_run(bytes: &[u8], from: usize) -> usize {
    let run = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit());
    from + run.count()
}

/// Where a CPR number ends that begins with the run of digits from `start` to `end`.
fn cpr_at(bytes: &[u8], start: usize, end: usize) -> Option<usize> {
    let is_word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let is_apart = start == 0 || !is_word(start - 1);
    let two = |at: usize| bytes.get(at..at + 2).map_or(0, |two| (two[0] & 15) * 10 + (two[1] & 15));
    let is_dated = matches!(two(start), 1..=31 | 61..=91) && matches!(two(start + 2), 1..=12);
    let end = match end - start {
        10 => end,
        6 if bytes.get(end) == Some(&b'-') && end_of_run(bytes, end + 1) == end + 5 => end + 5,
        _ => return None,
    };
    (is_apart && is_dated && !is_word(end)).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_cpr_number_is_hidden_and_nothing_else() {
        let table = [
            ("svar_0101901234.txt", "svar_••••••••••.txt"),
            ("<td>010190-1234</td>", "<td>••••••-••••</td>"),
            ("æ 6101901234, 3112991234", "æ ••••••••••, ••••••••••"),
        ];
        for (text, shown) in table {
            assert_eq!(masked(text), shown);
        }
        let harmless = [
            "2026-11-22T09:30:00Z",
            "a0101901234b",
            "20261122093000",
            "4001901234 0113901234",
            "019aa0b0-0101-7901-2340-101901234000",
            "010190-12345",
            "",
        ];
        for text in harmless {
            assert_eq!(masked(text), text);
        }
    }
}
