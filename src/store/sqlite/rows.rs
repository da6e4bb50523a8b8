//! How each domain type stands in a column. What a column holds was written through these types; if
//! it cannot be read back, the file was changed by other hands or is damaged.

use crate::domain::aftale::Aftalestatus;
use crate::domain::debitor::{
    Afvisningsaarsag, Fordringstilstand, Liste, Operationskode, Overfoerselstype, Part, Rolle,
};
use crate::domain::{
    Aarsag, AftaleId, Beloeb, Cpr, CprPolicy, Cvr, Debitorsystem, DelfordringId, Fagsystem,
    FordringId, ForespoergselId, Klasse, Kommunekode, Miljoe, Prioritet, Rettelse,
    Udbetalingsperiode, Udfald, Ydelsestype,
};
use crate::fault::{AlertKind, Class, Code};
use crate::store::{Moment, Problem, Tilstand, Verdict};
use crate::transfer::state::{Direction, Event, State};
use chrono::{DateTime, NaiveDate, SecondsFormat, SubsecRound, Utc};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

/// Says that a column holds something modregn does not write; never says what.
fn strange(wanted: &'static str) -> FromSqlError {
    FromSqlError::Other(format!("expected {wanted}: the store was changed by other hands").into())
}

/// `$read` gives `None` for text that is none of the type's; `$text` is the text of `$value`.
macro_rules! text_columns {
    ($($type:ty, $name:literal, $read:expr, $value:ident => $text:expr;)+) => {
        $(impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let read: fn(&str) -> Option<Self> = $read;
                value.as_str().and_then(|text| read(text).ok_or_else(|| strange($name)))
            }
        }

        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let $value = self;
                Ok($text.into())
            }
        })+
    };
}

/// What the store holds was accepted once: a policy that changed later does not make it unreadable.
const ANY: CprPolicy = CprPolicy { erstatningspersonnummer: true };

text_columns! {
    Miljoe, "an environment", Self::parse, x => x.code();
    AftaleId, "an aftale_id", |text| Self::parse(text).ok(), x => x.as_str();
    FordringId, "a fordring_id", |text| Self::parse(text).ok(), x => x.as_str();
    DelfordringId, "a delfordring_id", |text| Self::parse(text).ok(), x => x.as_str();
    Cpr, "a CPR number", |text| Self::parse(text.as_bytes(), ANY).ok(), x => x.as_unmasked_str();
    Ydelsestype, "a ydelsestype", Self::parse, x => x.code();
    Aftalestatus, "a status", Self::parse, x => x.word();
    ForespoergselId, "a UUID", |text| Uuid::try_parse(text).ok().map(Self), x => x.to_string();
    Udbetalingsperiode, "a month", |text| Self::parse(text.as_bytes()).ok(), x => x.to_string();
    Aarsag, "a reason", Self::parse, x => x.code();
    Rettelse, "a kind of correction", Self::from_word, x => x.word();
    Udfald, "an outcome", Self::from_word, x => x.word();
    State, "a state", Self::from_word, x => x.word();
    Event, "an event", Self::from_word, x => x.word();
    Direction, "a direction", direction, x => direction_word(*x);
    Class, "a class", class, x => class_word(*x);
    Code, "a code", code, x => x.as_str();
    AlertKind, "a kind of alert", Self::from_word, x => x.as_str();
    Verdict, "a verdict", Self::from_word, x => x.word();
    Fagsystem, "a fagsystem", |text| Self::parse(text).ok(), x => x.as_str();
    Debitorsystem, "a debitorsystem", |text| Self::parse(text).ok(), x => x.as_str();
    Klasse, "a class", |text| Self::parse(text).ok(), x => x.as_str();
    Cvr, "a CVR number", |text| Self::parse(text.as_bytes()).ok(), x => x.to_string();
    Liste, "a list of the sortiment", Self::from_word, x => x.word();
    Overfoerselstype, "a way to send", Self::from_word, x => x.word();
    Tilstand, "a state of a registration", Self::from_word, x => x.word();
    Operationskode, "an operation", Self::parse, x => x.code();
    Afvisningsaarsag, "a reason", Self::parse, x => x.code();
    Rolle, "a role", Self::parse, x => x.code();
    Fordringstilstand, "a state of a claim", Self::parse, x => x.code();
    Id, "a UUID", |text| Uuid::try_parse(text).ok().map(Self), x => x.0.to_string();
    Day, "a day", Self::from_text, x => x.0.to_string();
    Time, "a time", Self::from_text, x => x.0.to_rfc3339_opts(SecondsFormat::Millis, true);
    Sha256, "a SHA-256", Self::from_text, x => x.to_text();
}

impl FromSql for Kommunekode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::try_from(u16::column_result(value)?).map_err(|_| strange("a kommunekode"))
    }
}

impl ToSql for Kommunekode {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for Beloeb {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_oere)
    }
}

impl ToSql for Beloeb {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.oere().into())
    }
}

impl FromSql for Prioritet {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::new(u8::column_result(value)?).ok_or_else(|| strange("a prioritet"))
    }
}

impl ToSql for Prioritet {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

/// Ten digits or eight.
impl ToSql for Part {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Cpr(cpr) => cpr.to_sql(),
            Self::Cvr(cvr) => Ok(cvr.to_string().into()),
        }
    }
}

/// A UUID, 36 characters.
#[derive(Clone, Copy)]
pub(super) struct Id(pub(super) Uuid);

/// A UUID where there are millions of them, 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) Uuid);

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob().and_then(|bytes| {
            Uuid::from_slice(bytes).map(Self).map_err(|_| strange("a UUID of 16 bytes"))
        })
    }
}

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

/// A day, `YYYY-MM-DD`.
#[derive(Clone, Copy)]
pub(super) struct Day(pub(super) NaiveDate);

impl Day {
    /// By hand: two of these stand in every transaction, and chrono's reader takes any form.
    fn from_text(text: &str) -> Option<Self> {
        let number = |part: &str| part.parse::<u16>().ok();
        let (year, month, day) = (text.get(..4)?, text.get(5..7)?, text.get(8..)?);
        NaiveDate::from_ymd_opt(number(year)?.into(), number(month)?.into(), number(day)?.into())
            .map(Self)
    }
}

/// A moment, RFC 3339 with milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Time(pub(super) Moment);

impl Time {
    fn from_text(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self(at.with_timezone(&Utc)))
    }
}

/// The moment as it will be read back.
pub(super) fn whole_millis(at: Moment) -> Moment {
    at.trunc_subsecs(3)
}

/// A SHA-256, 64 hexadecimal digits.
#[derive(Clone, Copy)]
pub(super) struct Sha256(pub(super) [u8; 32]);

impl Sha256 {
    fn from_text(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    pub(super) fn to_text(self) -> String {
        hex::encode(self.0)
    }
}

/// Three columns from `at`: class, code, text.
pub(super) fn problem(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Problem>> {
    let Some(class) = row.get(at)? else { return Ok(None) };
    Ok(Some(Problem { class, code: row.get(at + 1)?, text: row.get(at + 2)? }))
}

const fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "in",
        Direction::Outbound => "out",
    }
}

fn direction(word: &str) -> Option<Direction> {
    [Direction::Inbound, Direction::Outbound].into_iter().find(|one| direction_word(*one) == word)
}

const fn class_word(class: Class) -> &'static str {
    match class {
        Class::Retry => "retry",
        Class::Reject => "reject",
        Class::Operator => "operator",
    }
}

fn class(word: &str) -> Option<Class> {
    [Class::Retry, Class::Reject, Class::Operator].into_iter().find(|one| class_word(*one) == word)
}

fn code(word: &str) -> Option<Code> {
    Code::ALL.iter().copied().find(|one| one.as_str() == word)
}
