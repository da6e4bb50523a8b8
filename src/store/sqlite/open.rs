//! Opening: settings of the connection, the schema brought up to date, the environment checked.

use super::SqliteStore;
use super::error::Trouble;
use crate::domain::Miljoe;
use crate::fault::Class;
use crate::store::StoreError;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// The schema's steps, oldest first; a store's `user_version` says how many it has taken.
const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/sqlite/0001_begin.sql")];

/// `application_id` of every store, so that no other program's database is taken for one.
const APPLICATION: i32 = 0x6d6f_6472;

/// How long a change waits for another program's: longer than a large import takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Statements kept prepared.
const STATEMENTS: usize = 64;

/// The page cache is bounded (16 MiB), and so is what is left of the write-ahead log after a large
/// import (64 MiB). `FULL` syncs the log at every commit: what was committed survives a power cut.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cache_size = -16384;
    PRAGMA journal_size_limit = 67108864;";

impl SqliteStore {
    /// Opens the store at `path` to read and write; makes it if there is none, readable by our own
    /// user alone, and brings an older one up to date.
    pub fn open(path: &Path, miljoe: Miljoe) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        make_private(path).map_err(|error| StoreError::Database {
            place: place.clone(),
            what: error.to_string(),
            class: Class::Operator,
        })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Result<_, Trouble> {
            let mut connection = connect(path, flags)?;
            ours_or_empty(&connection, &place)?;
            connection.execute_batch(SETTINGS)?;
            migrate(&mut connection, MIGRATIONS, miljoe, &place)?;
            Ok(connection)
        };
        let connection = open().map_err(|trouble| trouble.at(&place))?;
        Self::check(connection, place, miljoe)
    }

    /// Opens a store that is there already, to read only; a daemon may be working on it. Changing
    /// it is an error of class [`Class::Operator`].
    pub fn open_read_only(path: &Path, miljoe: Miljoe) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Result<_, Trouble> {
            let connection = connect(path, flags)?;
            ours_or_empty(&connection, &place)?;
            let found = version(&connection)?;
            let known = known(MIGRATIONS);
            match found {
                _ if found > known => {
                    Err(StoreError::TooNew { place: place.clone(), found, known })?
                }
                _ if found < known => Err(StoreError::Database {
                    place: place.clone(),
                    what: "it is not up to date: run `modregn batch` or `modregn run` once"
                        .to_owned(),
                    class: Class::Operator,
                })?,
                _ => Ok(connection),
            }
        };
        let connection = open().map_err(|trouble| trouble.at(&place))?;
        Self::check(connection, place, miljoe)
    }

    fn check(connection: Connection, place: String, miljoe: Miljoe) -> Result<Self, StoreError> {
        let actual = connection
            .query_row("SELECT miljoe FROM store", [], |row| row.get(0))
            .map_err(|error| Trouble::from(error).at(&place))?;
        let store = Self { connection, place, miljoe: actual };
        store.same_miljoe(miljoe)?;
        Ok(store)
    }

    /// Refuses what belongs to the other environment.
    pub(super) fn same_miljoe(&self, wanted: Miljoe) -> Result<(), StoreError> {
        if wanted == self.miljoe {
            Ok(())
        } else {
            let (place, actual) = (self.place.clone(), self.miljoe);
            Err(StoreError::WrongMiljoe { place, actual, wanted })
        }
    }
}

/// SQLite would make the file readable by everyone; its log takes over the file's permissions.
fn make_private(path: &Path) -> io::Result<()> {
    let private = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match private {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn ours_or_empty(connection: &Connection, place: &str) -> Result<(), Trouble> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let table: Option<i64> =
        connection.query_row("SELECT 1 FROM sqlite_schema", [], |row| row.get(0)).optional()?;
    if application == APPLICATION || (application == 0 && table.is_none()) {
        return Ok(());
    }
    Err(Trouble::Store(StoreError::Database {
        place: place.to_owned(),
        what: "it is a database, but not one of modregn's: name another file".to_owned(),
        class: Class::Operator,
    }))
}

/// Takes the steps the store has not taken yet: all of them or none. A new store is for `miljoe`.
fn migrate(
    connection: &mut Connection,
    steps: &[&str],
    miljoe: Miljoe,
    place: &str,
) -> Result<(), Trouble> {
    let known = known(steps);
    if version(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have taken the steps while this one waited for the lock.
    let found = version(&transaction)?;
    let Some(missing) = usize::try_from(found).ok().and_then(|taken| steps.get(taken..)) else {
        let place = place.to_owned();
        return Err(Trouble::Store(StoreError::TooNew { place, found, known }));
    };
    for step in missing {
        transaction.execute_batch(step)?;
    }
    if found == 0 {
        transaction.execute("INSERT INTO store (only, miljoe) VALUES (1, ?1)", [miljoe])?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn known(steps: &[&str]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}
