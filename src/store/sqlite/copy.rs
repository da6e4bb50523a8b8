//! The store's file beside the store: a copy of it as it is at one moment, and what there is to
//! know of a file before it is opened as a store. A step behind in its schema is no hindrance.

use super::SqliteStore;
use super::error::Trouble;
use super::open::{connect, make_private, ours_or_empty, unfit, version};
use crate::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// What a store's file says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFacts {
    /// PROD or TEST.
    pub miljoe: String,
    /// Steps of the schema that it has taken.
    pub schema: i64,
    /// Events in its log.
    pub events: i64,
    /// The newest event's hash, hexadecimal: what `modregn audit verify --contains` looks for.
    pub newest_event: Option<String>,
}

impl SqliteStore {
    /// Copies the store at `from` into a new file, as it is at one moment, whoever works on it;
    /// readable by our own user alone, not synced. The copy is checked page by page.
    pub fn copy(from: &Path, to: &Path) -> Result<StoreFacts, StoreError> {
        let place = from.display().to_string();
        let copied = || -> Result<(), Trouble> {
            let connection = look(from, &place)?;
            connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
            Ok(())
        };
        make_private(to).map_err(|error| unfit(&to.display().to_string(), &error.to_string()))?;
        copied().map_err(|trouble| trouble.at(&place))?;
        Self::facts(to)
    }

    /// Checks a store's file page by page, and reads what it says of itself.
    pub fn facts(path: &Path) -> Result<StoreFacts, StoreError> {
        let place = path.display().to_string();
        let read = || -> Result<StoreFacts, Trouble> {
            let connection = look(path, &place)?;
            let found: String =
                connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if found != "ok" {
                return Err(unfit(&place, &format!("it is damaged: {found}")).into());
            }
            let miljoe = connection.query_row("SELECT miljoe FROM store", [], |row| row.get(0))?;
            let newest = "SELECT nr, sha256 FROM event ORDER BY nr DESC LIMIT 1";
            let newest: Option<(i64, String)> = connection
                .query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let schema = version(&connection)?;
            let (events, newest_event) =
                newest.map_or((0, None), |(nr, sha256)| (nr, Some(sha256)));
            Ok(StoreFacts { miljoe, schema, events, newest_event })
        };
        read().map_err(|trouble| trouble.at(&place))
    }

    /// Whether the store at `path` can be written to now. One that another writes to just now can.
    pub fn is_writable(path: &Path) -> Result<(), StoreError> {
        let place = path.display().to_string();
        let tried = || -> Result<(), Trouble> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = connect(path, flags)?;
            connection.busy_timeout(Duration::ZERO)?;
            match connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
                result => Ok(result?),
            }
        };
        tried().map_err(|trouble| trouble.at(&place))
    }
}

fn look(path: &Path, place: &str) -> Result<Connection, Trouble> {
    if !path.exists() {
        return Err(unfit(place, "there is none").into());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags)?;
    ours_or_empty(&connection, place)?;
    Ok(connection)
}
