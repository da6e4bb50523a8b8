//! Dates, times and months by their patterns, both ways.

use crate::domain::Udbetalingsperiode;
use crate::layout::model::{Pattern, PatternPart};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use nom::bytes::complete::{tag, take};
use nom::combinator::map_opt;
use nom::{IResult, Parser};

/// The numbers a pattern names, not yet checked against the calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment {
    year: i32,
    month: u32,
    day: u32,
    /// Day of the year; 0 = the pattern has month and day instead.
    ordinal: u32,
    hour: u32,
    minute: u32,
    second: u32,
}

impl Moment {
    /// Reads the whole of `bytes`.
    pub(super) fn read(pattern: &Pattern, bytes: &[u8]) -> Option<Self> {
        let mut moment = Self::default();
        let rest = pattern.parts.iter().try_fold(bytes, |bytes, part| {
            let (bytes, number) = number(*part, bytes).ok()?;
            moment.set(*part, pattern.pivot, number);
            Some(bytes)
        });
        rest?.is_empty().then_some(moment)
    }

    fn set(&mut self, part: PatternPart, pivot: u16, number: u32) {
        let year = |number: u32| i32::try_from(number).unwrap_or_default();
        match part {
            PatternPart::Year => self.year = year(number),
            PatternPart::YearOfCentury => {
                let pivot = u32::from(pivot);
                let century = if number < pivot % 100 { pivot / 100 + 1 } else { pivot / 100 };
                self.year = year(century * 100 + number);
            }
            PatternPart::Month => self.month = number,
            PatternPart::Day => self.day = number,
            PatternPart::DayOfYear => self.ordinal = number,
            PatternPart::Hour => self.hour = number,
            PatternPart::Minute => self.minute = number,
            PatternPart::Second => self.second = number,
            PatternPart::Literal(_) => {}
        }
    }

    fn get(self, part: PatternPart) -> u32 {
        let year = u32::try_from(self.year).unwrap_or_default();
        match part {
            PatternPart::Year => year,
            PatternPart::YearOfCentury => year % 100,
            PatternPart::Month => self.month,
            PatternPart::Day => self.day,
            PatternPart::DayOfYear => self.ordinal,
            PatternPart::Hour => self.hour,
            PatternPart::Minute => self.minute,
            PatternPart::Second => self.second,
            PatternPart::Literal(byte) => u32::from(byte),
        }
    }

    /// Writes `out` full; a year that its pattern cannot hold is written cut and reads as another.
    pub(super) fn write(self, pattern: &Pattern, out: &mut [u8]) {
        let mut at = 0;
        for &part in &pattern.parts {
            let width = width(part);
            let Some(place) = out.get_mut(at..at + width) else { return };
            at += width;
            let mut number = self.get(part);
            if let PatternPart::Literal(byte) = part {
                place.fill(byte);
                continue;
            }
            for digit in place.iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
    }

    /// The date, if there is such a day.
    pub(super) fn date(self) -> Option<NaiveDate> {
        match self.ordinal {
            0 => NaiveDate::from_ymd_opt(self.year, self.month, self.day),
            day => NaiveDate::from_yo_opt(self.year, day),
        }
    }

    /// The time of day, if there is one.
    pub(super) fn time(self) -> Option<NaiveTime> {
        NaiveTime::from_hms_opt(self.hour, self.minute, self.second)
    }

    /// Both together.
    pub(super) fn timestamp(self) -> Option<NaiveDateTime> {
        Some(self.date()?.and_time(self.time()?))
    }

    /// The month.
    pub(super) fn period(self) -> Option<Udbetalingsperiode> {
        let (year, month) = (u16::try_from(self.year).ok()?, u8::try_from(self.month).ok()?);
        Udbetalingsperiode::new(year, month).ok()
    }
}

impl From<NaiveDate> for Moment {
    fn from(date: NaiveDate) -> Self {
        Self {
            year: date.year(),
            month: date.month(),
            day: date.day(),
            ordinal: date.ordinal(),
            ..Self::default()
        }
    }
}

impl From<NaiveTime> for Moment {
    fn from(time: NaiveTime) -> Self {
        Self { hour: time.hour(), minute: time.minute(), second: time.second(), ..Self::default() }
    }
}

impl From<NaiveDateTime> for Moment {
    fn from(timestamp: NaiveDateTime) -> Self {
        let time = timestamp.time();
        Self {
            hour: time.hour(),
            minute: time.minute(),
            second: time.second(),
            ..timestamp.date().into()
        }
    }
}

impl From<Udbetalingsperiode> for Moment {
    fn from(period: Udbetalingsperiode) -> Self {
        Self { year: i32::from(period.year()), month: u32::from(period.month()), ..Self::default() }
    }
}

/// Bytes a part takes up.
const fn width(part: PatternPart) -> usize {
    match part {
        PatternPart::Year => 4,
        PatternPart::DayOfYear => 3,
        PatternPart::Literal(_) => 1,
        _ => 2,
    }
}

fn number(part: PatternPart, bytes: &[u8]) -> IResult<&[u8], u32> {
    match part {
        PatternPart::Literal(byte) => tag(&[byte][..]).map(|_| 0).parse(bytes),
        _ => map_opt(take(width(part)), decimal).parse(bytes),
    }
}

fn decimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
    })
}
