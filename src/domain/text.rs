//! Identifiers that the authority writes as short text.

use std::fmt;

/// Most characters an identifier may have: the width of its column in every reference layout.
const LONGEST: usize = 20;

/// Why a text cannot be an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// No text at all.
    #[error("expected an identifier, found nothing")]
    Empty,
    /// More than 20 characters.
    #[error("expected at most {LONGEST} characters")]
    TooLong,
    /// Blanks around it, which a file's blank padding would swallow.
    #[error("expected no blank before or after the identifier")]
    Blanks,
    /// A control character, or one that ISO-8859-1 does not have.
    #[error("expected printable ISO-8859-1 characters only")]
    Character,
}

fn check(text: &str) -> Result<(), IdentifierError> {
    if text.is_empty() {
        Err(IdentifierError::Empty)
    } else if text.chars().count() > LONGEST {
        Err(IdentifierError::TooLong)
    } else if text.trim() != text {
        Err(IdentifierError::Blanks)
    } else if text.chars().any(|c| c.is_control() || u32::from(c) > 0xFF) {
        Err(IdentifierError::Character)
    } else {
        Ok(())
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1 to 20 printable ISO-8859-1 characters, no blanks around them. Ordered as the bytes of
        /// a file are.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and takes a text.
            pub fn parse(text: &str) -> Result<Self, IdentifierError> {
                check(text).map(|()| Self(text.into()))
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
    };
}

identifier! {
    /// The name of a betalingsadministrationsaftale, unique over all municipalities.
    AftaleId
}
identifier! {
    /// The name of the claim (fordring) an agreement covers.
    FordringId
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
            ("123456789012345678901", Some(IdentifierError::TooLong)),
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
