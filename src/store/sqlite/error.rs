//! What went wrong in SQLite, told in the store's own words and without any value.

use crate::fault::Class;
use crate::store::StoreError;
use crate::transfer::state::ImpossibleStep;
use rusqlite::ErrorCode;

/// Trouble on the way, before it is known where the store lies.
#[derive(Debug)]
pub(super) enum Trouble {
    /// SQLite's.
    Sql(rusqlite::Error),
    /// The store's own.
    Store(StoreError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ImpossibleStep> for Trouble {
    fn from(error: ImpossibleStep) -> Self {
        Self::Store(error.into())
    }
}

impl Trouble {
    /// The store's error, for the store at `place`.
    pub(super) fn at(self, place: &str) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Sql(error) => error,
        };
        let (class, advice) = judge(&error);
        StoreError::Database { place: place.to_owned(), what: format!("{error}{advice}"), class }
    }
}

/// Whether trying again may help, and what to do.
fn judge(error: &rusqlite::Error) -> (Class, &'static str) {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            (Class::Retry, "; nothing was changed: make room on its disk (and for temporary files)")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (Class::Retry, "; nothing was changed: another program holds it, an import perhaps")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            (Class::Operator, "; stop modregn, keep a copy of the file, restore it from a backup")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            (Class::Operator, "; see that modregn's user may write the file and its directory")
        }
        _ => (Class::Operator, ""),
    }
}
