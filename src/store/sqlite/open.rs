//! Opening: settings of the connection, the schema brought up to date, the environment checked.

use super::SqliteStore;
use super::error::Trouble;
use crate::alive;
use crate::crash::{self, Point};
use crate::domain::Miljoe;
use crate::fault::Class;
use crate::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};
use std::cmp::Ordering;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// The schema's steps, oldest first; a store's `user_version` says how many it has taken.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_begin.sql"),
    include_str!("../../../migrations/sqlite/0002_udbetaling.sql"),
    include_str!("../../../migrations/sqlite/0003_alert.sql"),
    include_str!("../../../migrations/sqlite/0004_intake.sql"),
    include_str!("../../../migrations/sqlite/0005_registrering.sql"),
    include_str!("../../../migrations/sqlite/0006_ledger.sql"),
    include_str!("../../../migrations/sqlite/0007_sider.sql"),
];

/// `application_id` of every store, so that no other program's database is taken for one.
const APPLICATION: i32 = 0x6d6f_6472;

/// How long a change waits for another program's: longer than a large import takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Statements kept prepared.
const STATEMENTS: usize = 64;

/// Steps of SQLite's between two signs of life: some hundredths of a second.
const SIGN_OF_LIFE: i32 = 1_000_000;

/// The page cache of a connection, KiB as SQLite has it: a negative number.
pub(super) const USUAL_CACHE: i32 = -16_384;

/// The page cache is bounded ([`USUAL_CACHE`]), and so is what is left of the write-ahead log after
/// a large import (64 MiB). `FULL` syncs the log at every commit: what was committed survives a
/// power cut.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA journal_size_limit = 67108864;";

impl SqliteStore {
    /// Opens the store at `path` to read and write; makes it if there is none, readable by our own
    /// user alone, and brings an older one up to date.
    pub fn open(path: &Path, miljoe: Miljoe) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        make_private(path).map_err(|error| unfit(&place, &error.to_string()))?;
        crash::reached(Point::StoreMade);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Result<_, Trouble> {
            let mut connection = connect(path, flags)?;
            ours_or_empty(&connection, &place)?;
            settle(&connection)?;
            migrate(&mut connection, MIGRATIONS, miljoe, &place)?;
            crash::reached(Point::StoreMigrated);
            Ok(connection)
        };
        let connection = open().map_err(|trouble| trouble.at(&place))?;
        Self::check(connection, place, miljoe)
    }

    /// Opens a store that is there already, to read only; a daemon may be working on it. Changing
    /// it is an error of class [`Class::Operator`].
    pub fn open_read_only(path: &Path, miljoe: Miljoe) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        if !path.exists() {
            let what = "there is none yet; an import, `modregn batch` or `modregn run` makes it";
            return Err(unfit(&place, what));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Result<_, Trouble> {
            let connection = connect(path, flags)?;
            ours_or_empty(&connection, &place)?;
            up_to_date(&connection, &place)?;
            Ok(connection)
        };
        let connection = open().map_err(|trouble| trouble.at(&place))?;
        Self::check(connection, place, miljoe)
    }

    /// How many steps of its schema a store has taken that was opened here.
    pub fn schema() -> i64 {
        known(MIGRATIONS)
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
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let private = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match private {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.progress_handler(SIGN_OF_LIFE, Some(sign_of_life))?;
    Ok(connection)
}

/// Makes the settings. Bringing a new store to its write-ahead log needs it alone, and SQLite does
/// not wait there by itself for another process that is just making it.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        let set = connection
            .execute_batch(SETTINGS)
            .and_then(|()| connection.pragma_update(None, "cache_size", USUAL_CACHE));
        match set {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

/// `false` = it goes on.
fn sign_of_life() -> bool {
    alive::beat();
    false
}

pub(super) fn ours_or_empty(connection: &Connection, place: &str) -> Result<(), Trouble> {
    // One snapshot: another process may be making the store.
    let _snapshot = connection.unchecked_transaction()?;
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let table: Option<i64> =
        connection.query_row("SELECT 1 FROM sqlite_schema", [], |row| row.get(0)).optional()?;
    if application == APPLICATION || (application == 0 && table.is_none()) {
        return Ok(());
    }
    Err(unfit(place, "it is a database, but not one of modregn's: name another file").into())
}

/// Whether the schema is the one known here.
fn up_to_date(connection: &Connection, place: &str) -> Result<(), Trouble> {
    let (found, known) = (version(connection)?, known(MIGRATIONS));
    match found.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => {
            Err(StoreError::TooNew { place: place.to_owned(), found, known }.into())
        }
        Ordering::Less => {
            let what =
                "it is not up to date: an import, `modregn batch` or `modregn run` mends that";
            Err(unfit(place, what).into())
        }
    }
}

pub(super) fn unfit(place: &str, what: &str) -> StoreError {
    let (place, what) = (place.to_owned(), what.to_owned());
    StoreError::Database { place, what, class: Class::Operator }
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
        return Err(StoreError::TooNew { place: place.to_owned(), found, known }.into());
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

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn known(steps: &[&str]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "CREATE TABLE store (only INTEGER PRIMARY KEY, miljoe TEXT) STRICT;
        CREATE TABLE old (a TEXT NOT NULL) STRICT; INSERT INTO old VALUES ('kept');";
    const TWO: &str = "ALTER TABLE old ADD COLUMN b INTEGER NOT NULL DEFAULT 7;";
    const BROKEN: &str = "CREATE TABLE begun (a TEXT) STRICT; INSERT INTO nowhere VALUES (1);";

    fn migrated(connection: &mut Connection, steps: &[&str]) -> Result<i64, StoreError> {
        migrate(connection, steps, Miljoe::Test, "here").map_err(|trouble| trouble.at("here"))?;
        version(connection).map_err(|error| Trouble::from(error).at("here"))
    }

    #[test]
    fn an_older_store_takes_the_steps_it_lacks_and_keeps_what_it_has() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(migrated(&mut connection, &[ONE]).unwrap(), 1);
        for _ in 0..2 {
            assert_eq!(migrated(&mut connection, &[ONE, TWO]).unwrap(), 2);
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let kept: (String, i64) =
                connection.query_row("SELECT a, b FROM old", [], row).unwrap();
            assert_eq!(kept, ("kept".to_owned(), 7));
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_store_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrated(&mut connection, &[ONE]).unwrap();
        let error = migrated(&mut connection, &[ONE, TWO, BROKEN]).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
        assert_eq!(version(&connection).unwrap(), 1);
        assert!(connection.prepare("SELECT b FROM old").is_err());
        assert!(connection.prepare("SELECT a FROM begun").is_err());
        assert_eq!(migrated(&mut connection, &[ONE, TWO]).unwrap(), 2);
    }

    #[test]
    fn many_can_make_one_store_at_once() {
        for _ in 0..10 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("store.db");
            std::thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| drop(SqliteStore::open(&path, Miljoe::Test).unwrap()));
                }
            });
        }
    }

    #[test]
    fn a_store_of_a_newer_modregn_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let store = SqliteStore::open(&path, Miljoe::Test).unwrap();
        store.connection.pragma_update(None, "user_version", 99).unwrap();
        drop(store);
        for open in [SqliteStore::open, SqliteStore::open_read_only] {
            let error = open(&path, Miljoe::Test).unwrap_err();
            let newest = known(MIGRATIONS);
            assert!(
                matches!(error, StoreError::TooNew { found: 99, known, .. } if known == newest),
                "{error}"
            );
        }
    }

    #[test]
    fn an_older_store_is_not_only_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let store = SqliteStore::open(&path, Miljoe::Test).unwrap();
        store.connection.pragma_update(None, "user_version", 0).unwrap();
        drop(store);
        let error = SqliteStore::open_read_only(&path, Miljoe::Test).unwrap_err();
        assert!(error.to_string().contains("not up to date"), "{error}");
    }

    #[test]
    fn other_files_are_refused_and_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let (foreign, text) = (dir.path().join("foreign.db"), dir.path().join("text.db"));
        let connection = Connection::open(&foreign).unwrap();
        connection.execute_batch("CREATE TABLE theirs (a)").unwrap();
        drop(connection);
        std::fs::write(&text, "aftale_id,kommunekode\n".repeat(100)).unwrap();
        for (path, said) in [(foreign, "not one of modregn's"), (text, "not a database")] {
            let before = std::fs::read(&path).unwrap();
            for open in [SqliteStore::open, SqliteStore::open_read_only] {
                let error = open(&path, Miljoe::Test).unwrap_err();
                assert!(error.to_string().contains(said), "{error}");
                let class = Class::Operator;
                assert!(matches!(error, StoreError::Database { class: c, .. } if c == class));
            }
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
    }

    #[test]
    fn only_looking_needs_a_store_and_the_right_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/down/store.db");
        let error = SqliteStore::open_read_only(&path, Miljoe::Test).unwrap_err();
        assert!(error.to_string().contains("there is none yet"), "{error}");
        drop(SqliteStore::open(&path, Miljoe::Test).unwrap());
        for open in [SqliteStore::open, SqliteStore::open_read_only] {
            let error = open(&path, Miljoe::Prod).unwrap_err();
            assert!(matches!(error, StoreError::WrongMiljoe { .. }), "{error}");
        }
    }
}
