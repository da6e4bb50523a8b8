//! Charts as plain drawings: where lines and bars begin and end, whole numbers in the drawing's own
//! units. What they show stands in a table beside them, too.

use super::payout_words::udfald;
use crate::config::web::Language;
use crate::domain::{Afstemning, Beloeb, Udfald};

/// A bar of received beside the bar of expected, of [`Bar::WIDTH`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) part: u64,
    pub(super) whole: u64,
}

impl Bar {
    /// As wide as the largest bar.
    pub(super) const WIDTH: u64 = 1_000;

    /// One of several whose largest is `most`.
    pub(super) fn new(part: Beloeb, whole: Beloeb, most: Beloeb) -> Self {
        let share = |amount: Beloeb| {
            let oere = |amount: Beloeb| u64::try_from(amount.oere()).unwrap_or(0);
            scaled(oere(amount), oere(most), Self::WIDTH)
        };
        Self { part: share(part), whole: share(whole) }
    }
}

/// `value` where `most` is `length` long.
fn scaled(value: u64, most: u64, length: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(length) / u128::from(most.max(1));
    u64::try_from(scaled).unwrap_or(length).min(length)
}

/// Columns of expectations by outcome, one on the other.
pub(super) struct Columns {
    pub(super) width: u64,
    pub(super) height: u64,
    /// Where the columns stand.
    pub(super) base: u64,
    pub(super) bars: Vec<Column>,
}

pub(super) struct Column {
    /// Its middle, for the words.
    pub(super) middle: u64,
    pub(super) left: u64,
    /// Its upper end.
    pub(super) top: u64,
    pub(super) label: String,
    pub(super) total: u64,
    pub(super) segments: Vec<Segment>,
}

pub(super) struct Segment {
    pub(super) udfald: Udfald,
    pub(super) top: u64,
    pub(super) height: u64,
    /// What it shows, in words.
    pub(super) title: String,
}

impl Columns {
    /// Room for so many at least: fewer are not drawn larger.
    const MOST: u64 = 12;
    /// Room for one column, and how much of it the column takes.
    const PITCH: u64 = 78;
    pub(super) const COLUMN: u64 = 54;
    /// Of the highest column.
    const HIGHEST: u64 = 220;
    /// Above it, for its number; below all, for the labels.
    const MARGIN: u64 = 24;

    /// A column for each label, from left to right.
    pub(super) fn new(all: &[(String, Afstemning)], language: Language) -> Self {
        let most = all.iter().map(|(_, sum)| sum.forventet().antal).max().unwrap_or(0);
        let base = Self::MARGIN + Self::HIGHEST;
        let columns = all.iter().zip(0..).map(|((label, sum), nr)| {
            let left = nr * Self::PITCH + (Self::PITCH - Self::COLUMN) / 2;
            let mut below = 0;
            let segments: Vec<_> = Udfald::ALL
                .into_iter()
                .map(|of| {
                    let antal = sum.post(of).antal;
                    let from = scaled(below, most, Self::HIGHEST);
                    below += antal;
                    let to = scaled(below, most, Self::HIGHEST);
                    let title = format!("{label}, {}: {antal}", udfald(of, language));
                    Segment { udfald: of, top: base - to, height: to - from, title }
                })
                .filter(|segment| segment.height > 0)
                .collect();
            Column {
                middle: left + Self::COLUMN / 2,
                left,
                top: base - scaled(below, most, Self::HIGHEST),
                label: label.clone(),
                total: below,
                segments,
            }
        });
        let bars: Vec<_> = columns.collect();
        let width = Self::PITCH * u64::try_from(bars.len()).unwrap_or(0).max(Self::MOST);
        Self { width, height: base + Self::MARGIN, base, bars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Post;

    #[test]
    fn a_bar_is_as_long_as_its_amount() {
        let oere = Beloeb::from_oere;
        let bar = |part, whole, most| Bar::new(oere(part), oere(whole), oere(most));
        assert_eq!(bar(50, 100, 200), Bar { part: 250, whole: 500 });
        assert_eq!(bar(-5, 0, 0), Bar { part: 0, whole: 0 }, "what was taken back has no length");
        assert_eq!(bar(300, 100, 200), Bar { part: 1_000, whole: 500 }, "no bar leaves the chart");
        assert_eq!(bar(i64::MAX, i64::MAX, i64::MAX).part, 1_000);
    }

    #[test]
    fn a_column_s_segments_stand_on_each_other_without_gaps() {
        let mut sum = Afstemning::default();
        for (antal, udfald) in (1..).zip(Udfald::ALL) {
            sum.add(udfald, Post { antal: antal * 7, ..Post::default() });
        }
        let all = [("before".to_owned(), Afstemning::default()), ("now".to_owned(), sum)];
        let chart = Columns::new(&all, Language::En);
        assert_eq!((chart.bars[0].total, chart.bars[0].segments.len()), (0, 0));
        let column = &chart.bars[1];
        let mut floor = chart.base;
        for segment in &column.segments {
            assert_eq!(segment.top + segment.height, floor);
            floor = segment.top;
        }
        assert_eq!((column.total, floor, column.top), (7 * 28, 24, 24));
        assert_eq!(column.segments[0].title, "now, full: 7");
        assert!(column.left + Columns::COLUMN <= chart.width);
    }
}
