//! What a simulator does wrong, and with which files: by name, or by lot from a seed.

use crate::endpoint::serviceplatformen::Acceptance;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use wildmatch::WildMatch;

/// One thing done wrong with one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The technical receipt comes late.
    Late,
    /// The technical receipt comes twice.
    Twice,
    /// A technical receipt of success is followed by one that says the opposite.
    Contradict,
    /// The technical receipt speaks of a file that nobody sent.
    Stray,
    /// No technical receipt comes.
    Lose,
    /// The file is not delivered; the technical receipt says so.
    Refuse,
    /// The metadata gives one byte more than the file has.
    WrongSize,
    /// The metadata names a recipient that is not the one who gets it.
    UnknownRecipient,
    /// The metadata names a sender that nobody knows.
    UnknownSender,
}

impl Misbehaviour {
    /// Every one there is.
    pub const ALL: [Self; 9] = [
        Self::Late,
        Self::Twice,
        Self::Contradict,
        Self::Stray,
        Self::Lose,
        Self::Refuse,
        Self::WrongSize,
        Self::UnknownRecipient,
        Self::UnknownSender,
    ];

    /// The word that asks for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Twice => "twice",
            Self::Contradict => "contradict",
            Self::Stray => "stray",
            Self::Lose => "lose",
            Self::Refuse => "refuse",
            Self::WrongSize => "wrong-size",
            Self::UnknownRecipient => "unknown-recipient",
            Self::UnknownSender => "unknown-sender",
        }
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A pattern of file names (`*` = any characters, `?` = any one), and what holds for them.
#[derive(Clone, Debug)]
struct Named<T> {
    pattern: WildMatch,
    what: T,
}

impl<T: Copy> Named<T> {
    fn parse(text: &str, all: &[T], word: impl Fn(T) -> &'static str) -> Result<Self, String> {
        let words = || all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ");
        let expected = || format!("expected PATTERN=WORD, the word one of {}", words());
        let (pattern, wanted) = text.rsplit_once('=').ok_or_else(expected)?;
        let what = all.iter().copied().find(|one| word(*one) == wanted).ok_or_else(expected)?;
        Ok(Self { pattern: WildMatch::new(pattern), what })
    }
}

fn first<T: Copy>(rules: &[Named<T>], name: &str) -> Option<T> {
    rules.iter().find(|rule| rule.pattern.matches(name)).map(|rule| rule.what)
}

/// Files of some names are treated wrongly: `PATTERN=MISBEHAVIOUR`.
#[derive(Clone, Debug)]
pub struct Rule(Named<Misbehaviour>);

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Named::parse(text, &Misbehaviour::ALL, Misbehaviour::word).map(Self)
    }
}

/// Files of some names get a business receipt as if from their recipient: `PATTERN=VERDICT`.
#[derive(Clone, Debug)]
pub struct Verdict(Named<Acceptance>);

impl FromStr for Verdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Named::parse(text, &Acceptance::ALL, Acceptance::word).map(Self)
    }
}

/// What is done with which file. The first rule that fits a name holds; where none does, a lot is
/// drawn from the seed and the name, so that neither order nor time matters.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    wrong: Vec<Named<Misbehaviour>>,
    verdicts: Vec<Named<Acceptance>>,
    seed: u64,
    percent: u8,
}

impl Rules {
    /// Rules, and how many of 100 other files are treated wrongly by lot.
    pub fn new(rules: Vec<Rule>, verdicts: Vec<Verdict>, seed: u64, percent: u8) -> Self {
        let wrong = rules.into_iter().map(|rule| rule.0).collect();
        let verdicts = verdicts.into_iter().map(|verdict| verdict.0).collect();
        Self { wrong, verdicts, seed, percent }
    }

    pub(super) fn misbehaviour(&self, name: &str) -> Option<Misbehaviour> {
        first(&self.wrong, name).or_else(|| self.draw(name))
    }

    pub(super) fn verdict(&self, name: &str) -> Option<Acceptance> {
        first(&self.verdicts, name)
    }

    fn draw(&self, name: &str) -> Option<Misbehaviour> {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update(name);
        let hash = hash.finalize();
        let (whether, which) = (hash[0] % 100, usize::from(hash[1]));
        let all = Misbehaviour::ALL;
        (whether < self.percent).then(|| all[which % all.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_holds() {
        let rules = ["a*=late", "*=refuse"].map(|rule| rule.parse().unwrap());
        let rules = Rules::new(rules.into(), Vec::new(), 1, 0);
        assert_eq!(rules.misbehaviour("a=1"), Some(Misbehaviour::Late));
        assert_eq!(rules.misbehaviour("b"), Some(Misbehaviour::Refuse));
        assert_eq!(Rules::default().misbehaviour("b"), None);
        let error = "a".parse::<Rule>().unwrap_err();
        assert!(error.starts_with("expected PATTERN=WORD, the word one of late, "), "{error}");
        assert!("*=accepted".parse::<Verdict>().is_err());
    }

    #[test]
    fn lots_are_drawn_from_seed_and_name() {
        let drawn = |seed| {
            let rules = Rules::new(Vec::new(), Vec::new(), seed, 50);
            (0..1000).map(|n| rules.misbehaviour(&n.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let wrong = drawn(1).into_iter().flatten().count();
        assert!((400..650).contains(&wrong), "{wrong} of 1000");
        for one in Misbehaviour::ALL {
            assert!(drawn(1).contains(&Some(one)), "{one} is never drawn");
        }
    }
}
