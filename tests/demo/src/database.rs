//! `database.db`: the records of one device, and how far it has come with each
//! other one.
//!
//! A small stand-in for an app's own database. What belongs together is one
//! transaction: the records, the list of what was applied, and the cursor.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior};
use sync_log_core::{ChangeType, Cursor, Hlc, SharedChangeEntry};
use uuid::Uuid;

/// Name of the file in the library's folder.
pub(crate) const FILE: &str = "database.db";

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS records (
    model_type TEXT NOT NULL, record_uuid TEXT NOT NULL, hlc TEXT NOT NULL,
    deleted INTEGER NOT NULL, data TEXT,
    PRIMARY KEY (model_type, record_uuid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied (
    origin TEXT NOT NULL, hlc TEXT NOT NULL,
    PRIMARY KEY (origin, hlc)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (
    origin TEXT NOT NULL PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID;";

/// The last writer wins: the text of stamps sorts as they do. A delete is a
/// version like any other, without data.
const PUT: &str = "
INSERT INTO records (model_type, record_uuid, hlc, deleted, data) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (model_type, record_uuid) DO UPDATE
SET hlc = excluded.hlc, deleted = excluded.deleted, data = excluded.data
WHERE excluded.hlc > records.hlc";

/// A device's records.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
}

impl Database {
    /// Opens or creates the file in the library's `folder`.
    pub(crate) fn open(folder: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(folder.join(FILE))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// Where this device is in the log of `origin`; the start if it never read.
    pub(crate) fn cursor(&self, origin: Uuid) -> anyhow::Result<Cursor> {
        let mut select = self
            .connection
            .prepare_cached("SELECT cursor FROM cursors WHERE origin = ?1")?;
        let found = select.query_row([origin.to_string()], |row| row.get::<_, String>(0));
        match found.optional()? {
            Some(text) => Ok(text.parse()?),
            None => Ok(Cursor::ZERO),
        }
    }

    /// Writes the record of an own change, under the stamp that the log gave it.
    pub(crate) fn put_own(&self, entry: &SharedChangeEntry) -> rusqlite::Result<()> {
        let transaction = self.begin()?;
        put(&transaction, entry)?;
        transaction.commit()
    }

    /// Applies a page of `origin`'s log: records, list and cursor as one step.
    ///
    /// Returns what was in the list before, and so was applied a second time.
    pub(crate) fn apply(
        &self,
        origin: Uuid,
        entries: &[SharedChangeEntry],
        next: Cursor,
    ) -> rusqlite::Result<Vec<Hlc>> {
        let origin = origin.to_string();
        let mut again = Vec::new();
        let transaction = self.begin()?;
        for entry in entries {
            put(&transaction, entry)?;
            if !list(&transaction, &origin, entry.hlc)? {
                again.push(entry.hlc);
            }
        }
        transaction
            .prepare_cached("INSERT OR REPLACE INTO cursors (origin, cursor) VALUES (?1, ?2)")?
            .execute([&origin, &next.to_string()])?;
        transaction.commit()?;
        Ok(again)
    }

    fn begin(&self) -> rusqlite::Result<Transaction<'_>> {
        Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
    }
}

fn put(transaction: &Transaction<'_>, entry: &SharedChangeEntry) -> rusqlite::Result<()> {
    let deleted = entry.change_type == ChangeType::Delete;
    let data = (!deleted).then_some(entry.data.as_str());
    transaction.prepare_cached(PUT)?.execute((
        &entry.model_type,
        entry.record_uuid.to_string(),
        &*entry.hlc.to_text(),
        deleted,
        data,
    ))?;
    Ok(())
}

/// Whether the entry is new in the list.
fn list(transaction: &Transaction<'_>, origin: &str, hlc: Hlc) -> rusqlite::Result<bool> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO applied (origin, hlc) VALUES (?1, ?2)")?;
    match insert.execute([origin, &hlc.to_text()]) {
        Ok(_) => Ok(true),
        Err(rusqlite::Error::SqliteFailure(failure, _))
            if failure.code == ErrorCode::ConstraintViolation =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use sync_log_core::{Change, Tag};

    use super::*;

    const ORIGIN: Uuid = Uuid::from_u128(7);

    fn entry(ms: u64, change_type: ChangeType, data: &str) -> SharedChangeEntry {
        let change = Change {
            model_type: "file".to_owned(),
            record_uuid: Uuid::from_u128(1),
            change_type,
            data: data.parse().unwrap(),
            model_version: 0,
        };
        change.stamped(Hlc::new(ms, 0, ORIGIN))
    }

    fn cursor(ms: u64) -> Cursor {
        let log_id = Uuid::from_u128(9);
        Cursor::new(log_id, Hlc::new(ms, 0, ORIGIN), Tag::from_bytes([5; 16])).unwrap()
    }

    fn record(database: &Database) -> (bool, Option<String>) {
        let select = "SELECT deleted, data FROM records";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        database.connection.query_row(select, [], row).unwrap()
    }

    #[test]
    fn the_highest_stamp_wins_in_whatever_order_versions_come() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).unwrap();
        database
            .put_own(&entry(5, ChangeType::Update, "5"))
            .unwrap();
        let older = [entry(3, ChangeType::Delete, "3")];
        database.apply(ORIGIN, &older, cursor(3)).unwrap();
        assert_eq!(record(&database), (false, Some("5".to_owned())));
        let newer = [entry(6, ChangeType::Delete, "6")];
        database.apply(ORIGIN, &newer, cursor(6)).unwrap();
        assert_eq!(record(&database), (true, None));
        let newest = [entry(7, ChangeType::Update, "[ 7 ]")];
        database.apply(ORIGIN, &newest, cursor(7)).unwrap();
        assert_eq!(record(&database), (false, Some("[ 7 ]".to_owned())));
    }

    #[test]
    fn the_cursor_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).unwrap();
        assert_eq!(database.cursor(ORIGIN).unwrap(), Cursor::ZERO);
        let page = [entry(3, ChangeType::Insert, "3")];
        assert!(database.apply(ORIGIN, &page, cursor(3)).unwrap().is_empty());
        drop(database);
        let reopened = Database::open(folder.path()).unwrap();
        assert_eq!(reopened.cursor(ORIGIN).unwrap(), cursor(3));
    }

    #[test]
    fn an_entry_that_comes_twice_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).unwrap();
        let page = [
            entry(3, ChangeType::Insert, "3"),
            entry(4, ChangeType::Update, "4"),
        ];
        database.apply(ORIGIN, &page[..1], cursor(3)).unwrap();
        let again = database.apply(ORIGIN, &page, cursor(4)).unwrap();
        assert_eq!(again, [page[0].hlc]);
        assert_eq!(database.cursor(ORIGIN).unwrap(), cursor(4));
    }
}
