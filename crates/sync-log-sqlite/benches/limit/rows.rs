//! Rows of entries are inserted.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use rusqlite::{CachedStatement, Connection, params};
use sync_log_sqlite::{Change, SystemClock, Uuid};
use sync_log_sqlite::{Clock, HlcText};

use super::connection::connect;

const INSERT: &str = "INSERT INTO shared_changes \
                      (hlc, model_type, record_uuid, change_type, data, created_at) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const INSERT_LINK: &str = "INSERT INTO sync_log_entries (hlc, tag, model_version, group_end) \
                           VALUES (?1, ?2, 0, 1)";

const MOVE_HEAD: &str = "UPDATE sync_log_state SET head = ?1, head_tag = ?2, high_water = ?1";

const READ_STATE: &str = "SELECT * FROM sync_log_identity AS i JOIN sync_log_state AS s \
                          ON s.id = i.id";

/// What an append writes beside the row that every program of this format writes.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Beside {
    /// Its place in the chain.
    Link,
    /// And the head.
    Head,
    /// And reads first where the log stands.
    Standing,
    /// And asks the system before and after whether the files are still those that were opened.
    Files,
}

/// A connection that inserts. The texts of a row that no caller can bring along,
/// its stamp, its record's id and its time, are made here, as every program that
/// writes this format has to: by the cheapest means that there are, without
/// allocating, the time once per transaction. The payload is borrowed.
pub(crate) struct Rows {
    connection: Connection,
    files: [PathBuf; 3],
    clock: Clock<SystemClock>,
}

impl Rows {
    pub(crate) fn open(folder: &Path) -> Self {
        Self {
            connection: connect(folder),
            files: ["sync.db", "sync.db-wal", "sync.db-shm"].map(|name| folder.join(name)),
            clock: Clock::new(Uuid::from_u128(0xa0), SystemClock),
        }
    }

    /// One row, in autocommit.
    pub(crate) fn insert(&self, change: &Change) {
        self.insert_with(&mut self.statement(INSERT), change, &now());
    }

    /// One row, and what an append writes beside it, in one transaction. Nothing is computed:
    /// the tags are zero.
    pub(crate) fn insert_beside(&self, change: &Change, beside: Beside) {
        self.statement("BEGIN IMMEDIATE").execute([]).unwrap();
        if beside >= Beside::Files {
            self.files.iter().for_each(|path| ask_for_number(path));
        }
        if beside >= Beside::Standing {
            let mut read = self.statement(READ_STATE);
            let head = read.query_row([], |row| row.get::<_, String>("head"));
            black_box(head.unwrap());
        }
        let hlc = self.insert_with(&mut self.statement(INSERT), change, &now());
        let (hlc, tag) = (hlc.as_str(), [0_u8; 16]);
        self.statement(INSERT_LINK)
            .execute(params![hlc, tag])
            .unwrap();
        if beside >= Beside::Head {
            self.statement(MOVE_HEAD)
                .execute(params![hlc, "0".repeat(32)])
                .unwrap();
        }
        self.statement("COMMIT").execute([]).unwrap();
        if beside >= Beside::Files {
            self.files.iter().for_each(|path| ask_for_number(path));
        }
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

    fn insert_with(
        &self,
        insert: &mut CachedStatement<'_>,
        change: &Change,
        created_at: &str,
    ) -> HlcText {
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
        hlc
    }

    fn statement(&self, sql: &str) -> CachedStatement<'_> {
        self.connection.prepare_cached(sql).unwrap()
    }
}

/// Asks for the number of a file, as cheaply as the system can.
#[cfg(target_os = "linux")]
fn ask_for_number(path: &Path) {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::INO);
    black_box(found.unwrap().stx_ino);
}

#[cfg(not(target_os = "linux"))]
fn ask_for_number(path: &Path) {
    black_box(std::fs::metadata(path).unwrap());
}

/// The time, as it is stored.
pub(crate) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}
