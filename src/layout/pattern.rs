//! Patterns of dates and times: `YYYYMMDD`, `hh:mm`.

use super::diagnostic::{LayoutFault, Log};
use super::model::{Encoding, Pattern, PatternPart};
use super::spanned::{Table, Value};
use toml::Spanned;

/// What a pattern must write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Date,
    Time,
    Timestamp,
    Period,
}

/// Longer ones first: `YYYY` is no `YY` twice.
const PARTS: [(&str, PatternPart); 8] = [
    ("YYYY", PatternPart::Year),
    ("YY", PatternPart::YearOfCentury),
    ("MM", PatternPart::Month),
    ("DDD", PatternPart::DayOfYear),
    ("DD", PatternPart::Day),
    ("hh", PatternPart::Hour),
    ("mm", PatternPart::Minute),
    ("ss", PatternPart::Second),
];

/// Reads the keys `pattern` and `pivot` of a field.
pub(super) fn read(
    table: &Table<'_>,
    moment: Moment,
    encoding: Encoding,
    log: &Log<'_>,
) -> Option<Pattern> {
    let text = table.need("pattern").and_then(Value::text);
    let pivot = table.get("pivot");
    let text = text?;
    let Some(parts) = take_apart(text.get_ref(), encoding) else {
        let message = format!("expected a pattern, found `{}`", text.get_ref());
        let help = "write YYYY or YY, MM, DD or DDD (day of the year), hh, mm, ss; between them \
                    signs, blanks or T as they stand in the file";
        log.add(LayoutFault::BadPattern.at(text.span(), message).help(help));
        return None;
    };
    check(&parts, moment, &text, log)?;
    let pivot = match (parts.contains(&PatternPart::YearOfCentury), pivot) {
        (true, Some(pivot)) => pivot.whole(1000..=9900)?,
        (true, None) => {
            let message = "YY does not say which century";
            let help = "add `pivot`, the first year of the hundred it may mean: with pivot = 1930, \
                        30 is 1930 and 29 is 2029";
            log.add(LayoutFault::PivotMissing.at(text.span(), message).help(help));
            return None;
        }
        (false, Some(pivot)) => {
            let message = "`pivot` is for two-digit years, and the pattern has none";
            log.add(LayoutFault::PivotUnused.at(pivot.span(), message).help("remove `pivot`"));
            return None;
        }
        (false, None) => 0,
    };
    Some(Pattern { text: text.into_inner().to_owned(), parts, pivot })
}

fn take_apart(mut text: &str, encoding: Encoding) -> Option<Vec<PatternPart>> {
    let mut parts = Vec::new();
    while let Some(first) = text.chars().next() {
        let known = PARTS.iter().find(|(written, _)| text.starts_with(written));
        let (part, width) = match known {
            Some((written, part)) => (*part, written.len()),
            None if first == 'T' || !first.is_alphanumeric() => {
                (PatternPart::Literal(encoding.byte(first)?), first.len_utf8())
            }
            None => return None,
        };
        parts.push(part);
        text = &text[width..];
    }
    Some(parts)
}

fn check(parts: &[PatternPart], moment: Moment, text: &Spanned<&str>, log: &Log<'_>) -> Option<()> {
    use PatternPart::{Day, DayOfYear, Hour, Minute, Month, Second, Year, YearOfCentury};
    let times = |part| parts.iter().filter(|&&p| p == part).count();
    let date = (times(Year) + times(YearOfCentury), times(Month), times(Day), times(DayOfYear));
    let time = (times(Hour), times(Minute), times(Second));
    let is_date = matches!(date, (1, 1, 1, 0) | (1, 0, 0, 1));
    let is_time = matches!(time, (1, 0..=1, 0) | (1, 1, 1));
    let (fits, expected) = match moment {
        Moment::Date => (is_date && time == (0, 0, 0), "a year, month and day, such as YYYYMMDD"),
        Moment::Time => (is_time && date == (0, 0, 0, 0), "hours to seconds, such as hhmmss"),
        Moment::Timestamp => (is_date && is_time, "a date and a time, such as YYYYMMDDhhmmss"),
        Moment::Period => {
            (date == (1, 1, 0, 0) && time == (0, 0, 0), "a year and a month, such as YYYYMM")
        }
    };
    if fits {
        return Some(());
    }
    let message = format!("expected {expected}, each once; found `{}`", text.get_ref());
    let help = "MM is the month and mm the minute; DD is the day, hh the hour, ss the second";
    log.add(LayoutFault::BadPattern.at(text.span(), message).help(help));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_taken_apart_longest_part_first() {
        use PatternPart::{Day, DayOfYear, Hour, Literal, Minute, Month, Year, YearOfCentury};
        let table: [(&str, Option<&[PatternPart]>); 8] = [
            ("YYYYMMDD", Some(&[Year, Month, Day])),
            ("DDMMYY", Some(&[Day, Month, YearOfCentury])),
            ("YYDDD", Some(&[YearOfCentury, DayOfYear])),
            ("hh:mm", Some(&[Hour, Literal(b':'), Minute])),
            ("YYYYTMM", Some(&[Year, Literal(b'T'), Month])),
            ("HHMM", None),
            ("YYYYMMD", None),
            ("DD€MM", None),
        ];
        for (text, parts) in table {
            assert_eq!(take_apart(text, Encoding::Latin1).as_deref(), parts, "{text}");
        }
    }
}
