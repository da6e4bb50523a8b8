//! Denmark in tiles: where each municipality stands, so that the country can be recognised and
//! neighbours are near each other. The place tells nothing else.

use crate::domain::Kommunekode;

/// Columns, from the west.
pub(super) const COLUMNS: usize = 17;
/// Rows, from the north.
pub(super) const ROWS: usize = 14;

/// The codes, as they lie; 0 = sea.
#[rustfmt::skip]
const MAP: [[u16; COLUMNS]; ROWS] = [
    [  0,   0,   0,   0, 860, 813,   0, 825,   0,   0,   0,   0,   0,   0,   0,   0,   0],
    [  0,   0,   0, 849, 810,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0],
    [  0,   0, 787, 820, 851,   0,   0,   0,   0,   0,   0,   0,   0,   0, 270, 217,   0],
    [  0,   0, 773, 779, 840, 846,   0,   0,   0,   0,   0,   0,   0, 260, 219, 210,   0],
    [  0, 665, 671, 661, 791, 730, 707,   0,   0,   0,   0,   0,   0, 250, 201, 223,   0],
    [  0, 760, 657, 756, 740, 710, 706,   0,   0,   0,   0, 306,   0, 240, 190, 230,   0],
    [  0, 573, 530, 766, 746, 751,   0, 741,   0,   0,   0, 316,   0, 151, 163, 159, 173],
    [563, 561, 575, 630, 615, 727,   0,   0,   0,   0, 326, 350, 169, 165, 161, 175, 157],
    [  0, 550, 510, 621, 607,   0, 410, 480, 440,   0, 340, 265, 183, 187, 153, 147, 101],
    [  0,   0, 580, 540,   0,   0, 420, 461, 450,   0, 330, 329, 253,   0,   0, 167, 185],
    [  0,   0,   0,   0,   0,   0,   0, 430, 479,   0, 370, 259, 269,   0,   0,   0, 155],
    [  0,   0,   0,   0,   0,   0,   0, 492, 482,   0,   0, 320, 336,   0,   0,   0,   0],
    [  0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0, 390,   0,   0,   0,   0, 400],
    [  0,   0,   0,   0,   0,   0,   0,   0,   0,   0, 360, 376,   0,   0,   0,   0,   0],
];

/// Every municipality with its column and row, row by row: the order in which it is read.
pub(super) fn places() -> impl Iterator<Item = (Kommunekode, usize, usize)> {
    MAP.iter().enumerate().flat_map(|(row, codes)| {
        let kommuner = codes.iter().enumerate();
        kommuner.filter_map(move |(column, code)| {
            Some((Kommunekode::try_from(*code).ok()?, column, row))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kommune::Region;
    use std::collections::BTreeMap;

    fn all() -> BTreeMap<u16, (usize, usize)> {
        places().map(|(kommune, column, row)| (kommune.number(), (column, row))).collect()
    }

    #[test]
    fn each_of_the_98_stands_on_it_once() {
        let written = MAP.iter().flatten().filter(|code| **code != 0).count();
        assert_eq!((written, all().len()), (98, 98), "a tile for each, none twice, no other");
    }

    #[test]
    fn neighbours_are_near_each_other() {
        let all = all();
        let near = [
            (101, 147),
            (101, 185),
            (185, 155),
            (217, 210),
            (219, 270),
            (265, 350),
            (259, 269),
            (360, 376),
            (376, 390),
            (461, 430),
            (410, 420),
            (410, 607),
            (479, 482),
            (479, 492),
            (621, 630),
            (561, 563),
            (580, 540),
            (550, 510),
            (751, 746),
            (730, 707),
            (661, 671),
            (791, 779),
            (851, 810),
            (860, 813),
            (787, 773),
            (813, 825),
        ];
        for (one, other) in near {
            let ((x, y), (column, row)) = (all[&one], all[&other]);
            assert!(x.abs_diff(column).max(y.abs_diff(row)) <= 2, "{one} and {other}");
        }
    }

    #[test]
    fn north_is_up_and_west_is_left() {
        let all = all();
        let (column, row) = (|code| all[&code].0, |code| all[&code].1);
        // Skagen's, Aarhus, Odense, Copenhagen, Lolland, Bornholm.
        assert!(row(813) < row(751) && row(751) < row(461) && row(461) < row(360));
        assert!(column(561) < column(461) && column(461) < column(101));
        assert!(places().all(|(_, column, _)| column <= all[&400].0));
        let jutland = [Region::Nordjylland, Region::Midtjylland];
        for (kommune, column, _) in places() {
            assert!(!jutland.contains(&kommune.region()) || column < 8, "{}", kommune.navn());
        }
    }
}
