//! Why the store could not do it.

use super::Twice;
use crate::domain::Miljoe;
use crate::fault::Class;
use crate::transfer::state::State;
use uuid::Uuid;

/// Why the store could not do it. Carries no SQL type and no personal data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database's own trouble: disk full, locked too long, file damaged.
    #[error("the store at {place}: {what}")]
    Database {
        /// Where the store is.
        place: String,
        /// What the database says.
        what: String,
        /// Whether trying again may help.
        class: Class,
    },
    /// The store belongs to the other environment.
    #[error("the store at {place} is for {actual}, not for {wanted}")]
    WrongMiljoe {
        /// Where the store is.
        place: String,
        /// What the store was made for.
        actual: Miljoe,
        /// What the configuration or a request says.
        wanted: Miljoe,
    },
    /// The store was written by a newer modregn.
    #[error(
        "the store at {place} has schema {found}, this modregn knows up to {known}: use a newer one"
    )]
    TooNew {
        /// Where the store is.
        place: String,
        /// Its schema's number.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// The transfer is not where the caller believed, or not the caller's: another was there.
    #[error("transfer {transfer} is no longer {expected}, or another process works on it")]
    Moved {
        /// Which.
        transfer: Uuid,
        /// The state the caller had read.
        expected: State,
    },
    /// Another file of the same place is unfinished; this one can be taken up again after it.
    #[error("another file of the name of {0} is being processed: try again when it is done")]
    PlaceTaken(Uuid),
    /// A step the state machine does not have.
    #[error(transparent)]
    Impossible(#[from] crate::transfer::state::ImpossibleStep),
    /// The same aftale_id twice in one import; not all are listed when there are very many.
    #[error("{} aftale_id stand on two lines each in this import", .0.len())]
    Twice(Vec<Twice>),
    /// A visitor stopped the stream.
    #[error("{0}")]
    Visitor(#[source] Box<dyn std::error::Error + Send + Sync>),
}
