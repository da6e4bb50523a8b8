//! Identifiers and other short texts, as the authority writes them.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Why a text cannot be an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// No text at all.
    #[error("expected an identifier, found nothing")]
    Empty,
    /// More characters than its column has in the reference layouts.
    #[error("expected at most {0} characters")]
    TooLong(usize),
    /// Blanks around it, which a file's blank padding would swallow.
    #[error("expected no blank before or after the identifier")]
    Blanks,
    /// A control character, or one that ISO-8859-1 does not have.
    #[error("expected printable ISO-8859-1 characters only")]
    Character,
}

fn check(text: &str, longest: usize) -> Result<(), IdentifierError> {
    if text.is_empty() {
        Err(IdentifierError::Empty)
    } else if text.chars().count() > longest {
        Err(IdentifierError::TooLong(longest))
    } else if text.trim() != text {
        Err(IdentifierError::Blanks)
    } else if text.chars().any(|c| c.is_control() || u32::from(c) > 0xFF) {
        Err(IdentifierError::Character)
    } else {
        Ok(())
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident($longest:literal)) => {
        $(#[$doc])*
        ///
        #[doc = concat!("1 to ", $longest, " printable ISO-8859-1 characters, no blanks around ")]
        /// them. Ordered as the bytes of a file are.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and takes a text.
            pub fn parse(text: &str) -> Result<Self, IdentifierError> {
                check(text, $longest).map(|()| Self(text.into()))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(D::Error::custom)
            }
        }
    };
}

identifier! {
    /// The name of a betalingsadministrationsaftale, unique over all municipalities.
    AftaleId(20)
}
identifier! {
    /// The name of a claim (fordring), at the fagsystem that owns it.
    FordringId(20)
}
identifier! {
    /// The name of a part (delfordring) of a claim, within it.
    DelfordringId(20)
}
identifier! {
    /// The name of a fagsystem: the system that owns what it has created.
    Fagsystem(20)
}
identifier! {
    /// The name of a debitorsystem, the system a municipality collects its claims by.
    Debitorsystem(20)
}
identifier! {
    /// A class of a fagsystem's sortiment.
    Klasse(10)
}

/// A text of at most `N` printable ISO-8859-1 characters, no blanks around it. It may be personal:
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Tekst<const N: usize>(Box<str>);

impl<const N: usize> Tekst<N> {
    /// Checks and takes a text.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        check(text, N).map(|()| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for Tekst<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} characters)", self.0.chars().count())
    }
}

impl<const N: usize> Serialize for Tekst<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Tekst<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_survive_a_blank_padded_column() {
        let table = [
            ("A-1", None),
            ("Ærø 7", None),
            ("12345678901234567890", None),
            ("", Some(IdentifierError::Empty)),
            ("123456789012345678901", Some(IdentifierError::TooLong(20))),
            (" A", Some(IdentifierError::Blanks)),
            ("A\u{a0}", Some(IdentifierError::Blanks)),
            ("A\tB", Some(IdentifierError::Character)),
            ("5€", Some(IdentifierError::Character)),
        ];
        for (text, error) in table {
            assert_eq!(AftaleId::parse(text).err(), error, "{text:?}");
        }
    }
}
