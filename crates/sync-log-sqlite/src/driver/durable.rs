//! Whether a commit in the app's database is on disk, and a commit that brings everything there (`A3`).

#![allow(clippy::disallowed_methods, reason = "here statements run")]

use sea_orm::{ConnectionTrait, DatabaseConnection};
use sync_log_core::{StoreError, StoreFault};

use super::failure::failed;
use super::raw::pragma::{APPLICATION_ID, EXTRA, FULL, OFF, SETTINGS, restore_settings, sync_all};
use super::template::{Origin, report};
use super::{Over, Port, Row, number, one, to_its_end};

/// The settings of a connection that decide what its commits survive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    synchronous: i64,
    journal_mode: String,
    file: String,
    has_fullfsync: bool,
}

/// Whether a sync leaves what it syncs in the cache of the disk, unless `fullfsync` is set.
const NEEDS_FULLFSYNC: bool = cfg!(target_vendor = "apple");

impl Settings {
    pub(crate) async fn of(db: &impl Port) -> Result<Self, StoreError> {
        let text = |row: &Row<'_>, column| row.text(column).unwrap_or_default().into_owned();
        let read = |row: &Row<'_>| {
            Ok(Self {
                synchronous: row.integer(0).unwrap_or(OFF),
                journal_mode: text(row, 1),
                file: text(row, 2),
                has_fullfsync: row.is_true(3),
            })
        };
        one(db, &SETTINGS, &[], read).await
    }

    /// The file of the database; `None` in memory.
    pub(crate) fn file(&self) -> Option<&str> {
        Some(self.file.as_str()).filter(|file| !file.is_empty())
    }

    /// The setting with which a crash can damage the whole database, whatever was synced before, and
    /// its value. A database in memory has none: it survives nothing.
    pub(crate) fn unsafe_setting(&self) -> Option<(&'static str, &str)> {
        self.file()?;
        if self.synchronous == OFF {
            return Some(("synchronous", "OFF"));
        }
        let is_unsafe = ["memory", "off"].contains(&self.journal_mode.as_str());
        is_unsafe.then_some(("journal_mode", self.journal_mode.as_str()))
    }

    /// Whether each commit of the connection is on disk once it is done.
    ///
    /// FULL does not sync the folder from which a commit deletes the journal. If the journal is there
    /// again after a power cut, SQLite rolls the commit back.
    fn sync_every_commit(&self) -> bool {
        let enough = match self.journal_mode.as_str() {
            "delete" => EXTRA,
            _ => FULL,
        };
        let reaches_the_disk = self.has_fullfsync || !NEEDS_FULLFSYNC;
        self.file().is_none() || (self.synchronous >= enough && reaches_the_disk)
    }
}

/// Makes sure that everything that was committed to the app's database before survives a power cut.
/// It needs the write lock, unless `settings` sync every commit anyway. They are those of the connection
/// that committed, or those with which the database was opened, if all its connections have the same.
pub(crate) async fn sync_to_disk(
    db: &DatabaseConnection,
    settings: &Settings,
) -> Result<(), StoreError> {
    if let Some((setting, value)) = settings.unsafe_setting() {
        let doing = format!("make commits durable: `{setting}` is {value}");
        return Err(StoreError::new(StoreFault::Io, doing));
    }
    if settings.sync_every_commit() {
        return Ok(());
    }
    sync_everything(db, settings).await
}

/// The same, whatever the settings were when that was committed.
pub(crate) async fn sync_everything(
    db: &DatabaseConnection,
    settings: &Settings,
) -> Result<(), StoreError> {
    if settings.file().is_none() {
        return Ok(());
    }
    let db = db.clone();
    let restore = restore_settings(settings.synchronous, settings.has_fullfsync);
    to_its_end("sync what was committed", async move {
        let application_id = number(&Over(&db), &APPLICATION_ID, &[]).await?;
        // One call runs all statements on one connection of the pool.
        let synced = run(&db, &sync_all(application_id, &restore)).await;
        if synced.is_err() {
            // The pool may take another connection, and leave that one at EXTRA: it is slower, and no less
            // safe, because its own setting does not decide whether to sync.
            let _ = run(&db, &restore).await;
        }
        synced
    })
    .await
}

async fn run(db: &impl ConnectionTrait, statements: &str) -> Result<(), StoreError> {
    report(statements, Origin::Raw);
    let done = db.execute_unprepared(statements).await;
    done.map(drop)
        .map_err(|error| failed("sync what was committed", error))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::driver::in_place;

    fn settings(synchronous: i64, journal_mode: &str) -> Settings {
        Settings {
            synchronous,
            journal_mode: journal_mode.to_owned(),
            file: "app.db".to_owned(),
            has_fullfsync: NEEDS_FULLFSYNC,
        }
    }

    #[test]
    fn settings_are_read_of_the_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let db = Connection::open(&path).unwrap();
        for (journal_mode, synchronous) in [("wal", 1), ("delete", 3), ("truncate", 0)] {
            db.pragma_update(None, "journal_mode", journal_mode)
                .unwrap();
            db.pragma_update(None, "synchronous", synchronous).unwrap();
            let found = in_place(Settings::of(&db)).unwrap();
            assert_eq!(found.file(), path.to_str());
            let expected = settings(synchronous, journal_mode);
            let expected = Settings {
                file: found.file.clone(),
                has_fullfsync: false,
                ..expected
            };
            assert_eq!(found, expected);
        }
        let memory = Connection::open_in_memory().unwrap();
        let memory = in_place(Settings::of(&memory)).unwrap();
        assert_eq!((memory.file(), memory.unsafe_setting()), (None, None));
        assert!(memory.sync_every_commit());
    }

    #[test]
    fn only_a_commit_that_also_syncs_the_folder_is_safe_from_a_journal_that_comes_back() {
        let is_enough =
            |synchronous, journal_mode| settings(synchronous, journal_mode).sync_every_commit();
        assert!(!is_enough(FULL, "delete"));
        assert!(is_enough(EXTRA, "delete"));
        for journal_mode in ["wal", "truncate", "persist"] {
            assert!(!is_enough(FULL - 1, journal_mode), "{journal_mode}");
            assert!(is_enough(FULL, journal_mode), "{journal_mode}");
        }
    }

    #[test]
    fn settings_with_which_a_crash_damages_the_file_are_named() {
        let named = |synchronous, journal_mode| {
            let settings = settings(synchronous, journal_mode);
            settings.unsafe_setting().map(|(setting, _)| setting)
        };
        assert_eq!(named(OFF, "wal"), Some("synchronous"));
        assert_eq!(named(FULL, "memory"), Some("journal_mode"));
        assert_eq!(named(FULL, "off"), Some("journal_mode"));
        assert_eq!(named(FULL - 1, "wal"), None);
        assert_eq!(named(FULL - 1, "delete"), None);
    }
}
