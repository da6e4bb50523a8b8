//! Afstemning: what was expected held against what came.
//!
//! Every expectation has exactly one [`Udfald`]. What it falls short by, or exceeds, is one figure
//! of its [`Post`], so that the figures always add up:
//!
//! expected = received + short − over

use super::Beloeb;
use std::ops::{Add, AddAssign};

/// What has become of an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Udfald {
    /// The whole amount was withheld.
    Fuld,
    /// A part of it.
    Delvis,
    /// Nothing, as was reported.
    Ingen,
    /// What was withheld was taken back, all of it or more.
    Tilbagefoert,
    /// More than was asked for.
    Over,
    /// Nothing was reported yet, and there still is time.
    Aaben,
    /// Nothing was reported by the deadline.
    Udeblevet,
}

impl Udfald {
    /// Every one, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Fuld,
        Self::Delvis,
        Self::Ingen,
        Self::Tilbagefoert,
        Self::Over,
        Self::Aaben,
        Self::Udeblevet,
    ];

    /// The word used in the store and in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fuld => "fuld",
            Self::Delvis => "delvis",
            Self::Ingen => "ingen",
            Self::Tilbagefoert => "tilbagefoert",
            Self::Over => "over",
            Self::Aaben => "aaben",
            Self::Udeblevet => "udeblevet",
        }
    }

    /// The one this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|udfald| udfald.word() == word)
    }

    /// What has become of an expectation of which reports say that `modtaget` was withheld in all;
    /// `tilbagefoert` = something of it was taken back.
    pub fn of(forventet: Beloeb, modtaget: Beloeb, tilbagefoert: bool) -> Self {
        if modtaget > forventet {
            Self::Over
        } else if modtaget == forventet {
            Self::Fuld
        } else if modtaget > Beloeb::NUL {
            Self::Delvis
        } else if tilbagefoert {
            Self::Tilbagefoert
        } else {
            Self::Ingen
        }
    }
}

impl std::fmt::Display for Udfald {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// So many, and their amounts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tal {
    /// How many.
    pub antal: u64,
    /// Their sum.
    pub beloeb: Beloeb,
}

/// The expectations of one outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Post {
    /// How many.
    pub antal: u64,
    /// What was expected of them.
    pub forventet: Beloeb,
    /// What came of it, less what was taken back.
    pub modtaget: Beloeb,
}

impl Post {
    /// What is short, or, of [`Udfald::Over`], what came too much: never negative.
    pub fn afvigelse(self) -> Beloeb {
        let short = self.forventet - self.modtaget;
        if short < Beloeb::NUL { self.modtaget - self.forventet } else { short }
    }
}

/// One municipality's month, or any number of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Afstemning {
    poster: [Post; Udfald::ALL.len()],
    /// What was reported although nobody expected it.
    pub uventet: Tal,
}

impl Afstemning {
    /// The expectations of one outcome.
    pub const fn post(&self, udfald: Udfald) -> Post {
        self.poster[udfald as usize]
    }

    /// Adds expectations of one outcome.
    pub fn add(&mut self, udfald: Udfald, post: Post) {
        let sum = &mut self.poster[udfald as usize];
        sum.antal += post.antal;
        sum.forventet = sum.forventet + post.forventet;
        sum.modtaget = sum.modtaget + post.modtaget;
    }

    /// All expectations.
    pub fn forventet(&self) -> Tal {
        self.poster.iter().fold(Tal::default(), |sum, post| Tal {
            antal: sum.antal + post.antal,
            beloeb: sum.beloeb + post.forventet,
        })
    }

    /// Those of which something was reported, and what was withheld for them, less what was taken
    /// back.
    pub fn modtaget(&self) -> Tal {
        let reported = Udfald::ALL
            .into_iter()
            .filter(|udfald| !matches!(udfald, Udfald::Aaben | Udfald::Udeblevet));
        reported.map(|udfald| self.post(udfald)).fold(Tal::default(), |sum, post| Tal {
            antal: sum.antal + post.antal,
            beloeb: sum.beloeb + post.modtaget,
        })
    }

    /// What is short, all outcomes together.
    pub fn mangler(&self) -> Beloeb {
        let short = Udfald::ALL.into_iter().filter(|udfald| *udfald != Udfald::Over);
        short.map(|udfald| self.post(udfald).afvigelse()).sum()
    }

    /// Everything that came, expected or not, less everything that was expected.
    pub fn difference(&self) -> Beloeb {
        self.modtaget().beloeb + self.uventet.beloeb - self.forventet().beloeb
    }

    /// Whether expected = received + short − over.
    pub fn balances(&self) -> bool {
        let over = self.post(Udfald::Over).afvigelse();
        self.forventet().beloeb == self.modtaget().beloeb + self.mangler() - over
    }
}

impl AddAssign for Afstemning {
    fn add_assign(&mut self, other: Self) {
        for udfald in Udfald::ALL {
            self.add(udfald, other.post(udfald));
        }
        self.uventet = self.uventet + other.uventet;
    }
}

impl Add for Tal {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { antal: self.antal + other.antal, beloeb: self.beloeb + other.beloeb }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn oere(oere: i64) -> Beloeb {
        Beloeb::from_oere(oere)
    }

    #[test]
    fn every_expectation_has_one_outcome() {
        let table = [
            (1000, 1000, false, Udfald::Fuld),
            (1000, 1000, true, Udfald::Fuld),
            (0, 0, false, Udfald::Fuld),
            (1000, 1, false, Udfald::Delvis),
            (1000, 999, true, Udfald::Delvis),
            (1000, 1001, false, Udfald::Over),
            (1000, 0, false, Udfald::Ingen),
            (1000, 0, true, Udfald::Tilbagefoert),
            (1000, -5, true, Udfald::Tilbagefoert),
            (0, -5, true, Udfald::Tilbagefoert),
        ];
        for (forventet, modtaget, tilbagefoert, udfald) in table {
            assert_eq!(Udfald::of(oere(forventet), oere(modtaget), tilbagefoert), udfald);
            assert_eq!(Udfald::from_word(udfald.word()), Some(udfald));
        }
    }

    #[test]
    fn the_figures_add_up() {
        let mut sum = Afstemning::default();
        let post = |forventet, modtaget| Post {
            antal: 1,
            forventet: oere(forventet),
            modtaget: oere(modtaget),
        };
        for (forventet, modtaget, tilbagefoert) in
            [(1000, 1000, false), (1000, 400, false), (700, 900, false), (500, -20, true)]
        {
            let udfald = Udfald::of(oere(forventet), oere(modtaget), tilbagefoert);
            sum.add(udfald, post(forventet, modtaget));
        }
        sum.add(Udfald::Udeblevet, post(300, 0));
        sum.uventet = Tal { antal: 1, beloeb: oere(50) };
        assert_eq!(sum.forventet(), Tal { antal: 5, beloeb: oere(3500) });
        assert_eq!(sum.modtaget(), Tal { antal: 4, beloeb: oere(2280) });
        assert_eq!(sum.mangler(), oere(600 + 520 + 300));
        assert_eq!(sum.post(Udfald::Over).afvigelse(), oere(200));
        assert_eq!(sum.difference(), oere(2280 + 50 - 3500));
        assert!(sum.balances());
    }
}
