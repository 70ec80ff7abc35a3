//! Rows of entries are inserted.

use std::path::Path;

use rusqlite::{CachedStatement, Connection, params};
use sync_log_sqlite::hlc::Clock;
use sync_log_sqlite::{Change, SystemClock, Uuid};

use super::connection::connect;

const INSERT: &str = "INSERT INTO shared_changes \
                      (hlc, model_type, record_uuid, change_type, data, created_at) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// A connection that inserts. The texts of a row that no caller can bring along,
/// its stamp, its record's id and its time, are made here, as every program that
/// writes this format has to: by the cheapest means that there are, without
/// allocating, the time once per transaction. The payload is borrowed.
pub(crate) struct Rows {
    connection: Connection,
    clock: Clock<SystemClock>,
}

impl Rows {
    pub(crate) fn open(folder: &Path) -> Self {
        Self {
            connection: connect(folder),
            clock: Clock::new(Uuid::from_u128(0xa0), SystemClock),
        }
    }

    /// One row, in autocommit.
    pub(crate) fn insert(&self, change: &Change) {
        self.insert_with(&mut self.statement(INSERT), change, &now());
    }

    /// Any number of rows, in one transaction.
    pub(crate) fn insert_all<'a>(&self, changes: impl Iterator<Item = &'a Change>) {
        let mut insert = self.statement(INSERT);
        let created_at = now();
        self.statement("BEGIN IMMEDIATE").execute([]).unwrap();
        for change in changes {
            self.insert_with(&mut insert, change, &created_at);
        }
        self.statement("COMMIT").execute([]).unwrap();
    }

    fn insert_with(&self, insert: &mut CachedStatement<'_>, change: &Change, created_at: &str) {
        let mut buffer = Uuid::encode_buffer();
        let record: &str = change.record_uuid.hyphenated().encode_lower(&mut buffer);
        let hlc = self.clock.tick().to_text();
        let inserted = insert.execute(params![
            hlc.as_str(),
            change.model_type,
            record,
            change.change_type.as_str(),
            change.data.as_str(),
            created_at,
        ]);
        assert_eq!(inserted, Ok(1));
    }

    fn statement(&self, sql: &str) -> CachedStatement<'_> {
        self.connection.prepare_cached(sql).unwrap()
    }
}

/// The time, as it is stored.
pub(crate) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}
