//! TOML with places: reads tables key by key and notes every fault, where serde stops at the first.

use super::diagnostic::{LayoutFault, Log};
use chrono::NaiveDate;
use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A place in the file: bytes, zero-based, half-open.
pub(super) type Span = Range<usize>;

/// Most entries of one list. Far above any real layout; keeps indices within 16 bits.
const LONGEST_LIST: usize = 1000;

/// One value of the file.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    inner: &'a Spanned<DeValue<'a>>,
    log: &'a Log<'a>,
}

impl<'a> Value<'a> {
    pub(super) fn span(self) -> Span {
        self.inner.span()
    }

    pub(super) fn is_text(self) -> bool {
        self.inner.get_ref().is_str()
    }

    fn expected(self, what: &str) {
        let found = self.inner.get_ref().type_str();
        let message = format!("expected {what}, found {found}");
        self.log.add(LayoutFault::WrongType.at(self.log.first_line(self.span()), message));
    }

    pub(super) fn text(self) -> Option<Spanned<&'a str>> {
        let text = self.inner.get_ref().as_str();
        if text.is_none() {
            self.expected("a string");
        }
        text.map(|text| Spanned::new(self.span(), text))
    }

    /// A text that says something.
    pub(super) fn prose(self) -> Option<String> {
        let text = self.text()?.into_inner().trim();
        if text.is_empty() {
            self.log.add(LayoutFault::OutOfRange.at(self.span(), "expected some text, found none"));
        }
        Some(text.to_owned())
    }

    /// The name of a record, a field or a group. A bad one is reported and yet given, so that what
    /// refers to it finds it.
    pub(super) fn name(self) -> Option<Spanned<&'a str>> {
        let name = self.text()?;
        check_name(&name, self.log);
        Some(name)
    }

    /// The id of a layout.
    pub(super) fn id(self) -> Option<String> {
        let id = self.text()?;
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !id.get_ref().split('-').all(|word| !word.is_empty() && word.bytes().all(good)) {
            let message = format!("expected an id such as `sf2530-svar`, found `{}`", id.get_ref());
            let help = "words of lower case letters a to z and digits, with hyphens between them";
            self.log.add(LayoutFault::BadName.at(id.span(), message).help(help));
        }
        Some(id.into_inner().to_owned())
    }

    pub(super) fn truth(self) -> Option<bool> {
        let truth = self.inner.get_ref().as_bool();
        if truth.is_none() {
            self.expected("true or false");
        }
        truth
    }

    /// A whole number within `range`.
    pub(super) fn whole<T>(self, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<u64> + PartialOrd + std::fmt::Display,
    {
        let Some(integer) = self.inner.get_ref().as_integer() else {
            self.expected("a whole number");
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            let message = format!("expected a number from {least} to {most}, found {integer}");
            self.log.add(LayoutFault::OutOfRange.at(self.span(), message));
        }
        number
    }

    pub(super) fn day(self) -> Option<Spanned<NaiveDate>> {
        let day = match self.inner.get_ref().as_datetime() {
            Some(moment) if moment.time.is_none() => moment.date.and_then(|date| {
                let (month, day) = (date.month.into(), date.day.into());
                NaiveDate::from_ymd_opt(date.year.into(), month, day)
            }),
            _ => None,
        };
        if day.is_none() {
            self.expected("a date such as 2020-02-14, without quotes");
        }
        day.map(|day| Spanned::new(self.span(), day))
    }

    pub(super) fn list(self) -> Option<Vec<Value<'a>>> {
        let Some(array) = self.inner.get_ref().as_array() else {
            self.expected("a list");
            return None;
        };
        if array.is_empty() || array.len() > LONGEST_LIST {
            let found = array.len();
            let message = format!("expected 1 to {LONGEST_LIST} entries, found {found}");
            let span = self.log.first_line(self.span());
            self.log.add(LayoutFault::OutOfRange.at(span, message));
            return None;
        }
        Some(array.iter().map(|inner| Value { inner, log: self.log }).collect())
    }

    /// A list of strings; a lone string counts as a list of one.
    pub(super) fn texts(self) -> Option<Vec<Spanned<&'a str>>> {
        if self.is_text() {
            return self.text().map(|text| vec![text]);
        }
        Some(self.list()?.into_iter().filter_map(Value::text).collect())
    }

    pub(super) fn table(self, what: &str) -> Option<Table<'a>> {
        if let Some(table) = self.inner.get_ref().as_table() {
            return Some(Table::new(what, self.span(), table, self.log));
        }
        self.expected("a table");
        None
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let known = words.iter().find(|(word, _)| word == text.get_ref());
        if known.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let message = format!("expected {}, found `{}`", words.join(", "), text.get_ref());
            self.log.add(LayoutFault::UnknownWord.at(self.span(), message));
        }
        known.map(|(_, meaning)| *meaning)
    }
}

/// Reports a name that is not written as names are.
pub(super) fn check_name(name: &Spanned<&str>, log: &Log<'_>) {
    let text = *name.get_ref();
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !text.bytes().all(good) || !text.starts_with(|first: char| first.is_ascii_lowercase()) {
        let message = format!("expected a name such as `gyldig_til`, found `{text}`");
        let help = "lower case letters a to z, digits and _; write ae, oe, aa for æ, ø, å";
        log.add(LayoutFault::BadName.at(name.span(), message).help(help));
    }
}

/// One table of the file. Keys nobody asked for are faults: see [`Table::finish`].
pub(super) struct Table<'a> {
    what: String,
    span: Span,
    entries: Vec<(Spanned<&'a str>, Value<'a>)>,
    asked: RefCell<Vec<&'static str>>,
    log: &'a Log<'a>,
}

impl<'a> Table<'a> {
    /// `what` names it in messages: "a record".
    pub(super) fn new(what: &str, span: Span, table: &'a DeTable<'a>, log: &'a Log<'a>) -> Self {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, inner)| (Spanned::new(key.span(), &**key.get_ref()), Value { inner, log }))
            .collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let span = log.first_line(span);
        Self { what: what.to_owned(), span, entries, asked: RefCell::default(), log }
    }

    /// Its first line.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The value of `key`, or the table where there is none.
    pub(super) fn span_of(&self, key: &str) -> Span {
        let entry = self.entries.iter().find(|(known, _)| *known.get_ref() == key);
        entry.map_or(self.span(), |(_, value)| self.log.first_line(value.span()))
    }

    /// Its keys with their values, in the order of the file.
    pub(super) fn entries(&self) -> &[(Spanned<&'a str>, Value<'a>)] {
        &self.entries
    }

    /// The value of a key that may be there.
    pub(super) fn get(&self, key: &'static str) -> Option<Value<'a>> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|(known, _)| *known.get_ref() == key).map(|(_, value)| *value)
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &'static str) -> Option<Value<'a>> {
        let value = self.get(key);
        if value.is_none() {
            let message = format!("{} needs the key `{key}`", self.what);
            self.log.add(LayoutFault::MissingKey.at(self.span(), message));
        }
        value
    }

    /// Names it more exactly.
    pub(super) fn rename(&mut self, what: String) {
        self.what = what;
    }

    /// Every key has been asked for: the others do not belong here.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in &self.entries {
            if !asked.contains(key.get_ref()) {
                let message = format!("{} has no key `{}`", self.what, key.get_ref());
                let help = format!("keys it may have: {}", asked.join(", "));
                self.log.add(LayoutFault::UnknownKey.at(key.span(), message).help(help));
            }
        }
    }
}
