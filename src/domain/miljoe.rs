//! Production or test: files of the one never touch the store of the other.

use std::fmt;

/// The environment a file or a store belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Miljoe {
    /// Real agreements, real people.
    Prod,
    /// Invented people.
    Test,
}

impl Miljoe {
    /// Parses the code as it stands in files: `PROD` or `TEST`.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "PROD" => Some(Self::Prod),
            "TEST" => Some(Self::Test),
            _ => None,
        }
    }

    /// The code as it stands in files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Prod => "PROD",
            Self::Test => "TEST",
        }
    }
}

impl fmt::Display for Miljoe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
