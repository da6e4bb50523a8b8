//! The sortiment: the classes a fagsystem may use, each with the days it holds. A debitorsystem
//! collects by class, so both ends must know the same ones.

use crate::domain::{Fagsystem, Klasse};
use chrono::NaiveDate;
use std::collections::HashMap;

/// What a class is a class of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Liste {
    /// Of debitorkonti.
    Debitorkontotype,
    /// Of claims.
    Kravtype,
    /// Of parts of claims.
    Delfordringstype,
    /// Of letters.
    Materialetype,
}

impl Liste {
    /// Every one there is.
    pub const ALL: [Self; 4] =
        [Self::Debitorkontotype, Self::Kravtype, Self::Delfordringstype, Self::Materialetype];

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Debitorkontotype => "debitorkontotype",
            Self::Kravtype => "kravtype",
            Self::Delfordringstype => "delfordringstype",
            Self::Materialetype => "materialetype",
        }
    }

    /// The one of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|liste| liste.word() == word)
    }
}

/// A class, and when it may be used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sortimentsklasse {
    /// Whose.
    pub fagsystem: Fagsystem,
    /// What it is a class of.
    pub liste: Liste,
    /// The class.
    pub klasse: Klasse,
    /// What it means.
    pub betegnelse: String,
    /// First day.
    pub gyldig_fra: NaiveDate,
    /// Last day; `None` = open.
    pub gyldig_til: Option<NaiveDate>,
}

/// Every class there is, to be asked quickly.
#[derive(Clone, Debug, Default)]
pub struct Sortiment(HashMap<Fagsystem, HashMap<Liste, HashMap<Klasse, Vec<Days>>>>);

type Days = (NaiveDate, Option<NaiveDate>);

impl Sortiment {
    /// Whether a fagsystem may use a class on a day.
    pub fn has(
        &self,
        fagsystem: &Fagsystem,
        liste: Liste,
        klasse: &Klasse,
        day: NaiveDate,
    ) -> bool {
        let classes = self.0.get(fagsystem);
        let days = classes.and_then(|of| of.get(&liste)?.get(klasse));
        days.is_some_and(|days| {
            days.iter().any(|(first, last)| *first <= day && last.is_none_or(|last| day <= last))
        })
    }

    /// Whether it has any class of this fagsystem.
    pub fn knows(&self, fagsystem: &Fagsystem) -> bool {
        self.0.contains_key(fagsystem)
    }
}

impl FromIterator<Sortimentsklasse> for Sortiment {
    fn from_iter<I: IntoIterator<Item = Sortimentsklasse>>(classes: I) -> Self {
        let mut sortiment = Self::default();
        for Sortimentsklasse { fagsystem, liste, klasse, gyldig_fra, gyldig_til, .. } in classes {
            let lists = sortiment.0.entry(fagsystem).or_default();
            let days = lists.entry(liste).or_default().entry(klasse).or_default();
            days.push((gyldig_fra, gyldig_til));
        }
        sortiment
    }
}
