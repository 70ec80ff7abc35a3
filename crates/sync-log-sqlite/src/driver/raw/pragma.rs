//! Settings and figures of a connection or a file.

use super::Raw;
use crate::driver::Template;

/// `synchronous` of a connection that never waits for the disk.
pub(crate) const OFF: i64 = 0;

/// `synchronous` of a connection that syncs at every commit.
pub(crate) const FULL: i64 = 2;

/// `synchronous` of a connection that also syncs the folder from which a commit deletes the journal.
pub(crate) const EXTRA: i64 = 3;

/// Free pages that one step gives back to the file system, for which an append may have to
/// wait.
pub(crate) const VACUUM_PAGES: u32 = 64;

/// Lets free pages be given back. Has an effect before the first table, or when the file is rebuilt.
pub(crate) static SET_AUTO_VACUUM: Raw = Raw::new(|| {
    let text = "PRAGMA auto_vacuum = INCREMENTAL";
    Template::raw("set `auto_vacuum`", text, 0)
});

/// The journal mode that the file is in.
pub(crate) static JOURNAL_MODE: Raw =
    Raw::new(|| Template::raw("read `journal_mode`", "PRAGMA journal_mode", 0));

/// Moves everything from the `-wal` into the file, and cuts the `-wal` to nothing. Answers with
/// three numbers: whether some connection was in the way, the pages in the `-wal`, and how many of
/// them are in the file.
pub(crate) static TRUNCATE_WAL: Raw =
    Raw::new(|| Template::raw("empty the -wal", "PRAGMA wal_checkpoint(TRUNCATE)", 0));

/// `application_id` of a copy that [`backup_to`](crate::SyncDb::backup_to) made, "SLcp".
pub(crate) const COPY: i64 = 0x534c_6370;

/// What marks a file as one of an application; 0 if nothing does.
pub(crate) static APPLICATION_ID: Raw =
    Raw::new(|| Template::raw("read `application_id`", "PRAGMA application_id", 0));

/// Marks a file as a copy.
pub(crate) static MARK_AS_COPY: Raw = Raw::new(|| {
    let text = format!("PRAGMA application_id = {COPY}");
    Template::raw("mark a copy", text, 0)
});

/// Keeps in memory what SQLite would write to a folder for temporary files.
pub(crate) static SET_TEMP_STORE: Raw =
    Raw::new(|| Template::raw("set `temp_store`", "PRAGMA temp_store = MEMORY", 0));

/// Switches the file to a write-ahead log. Answers with the mode that it is in.
pub(crate) static SET_WAL: Raw =
    Raw::new(|| Template::raw("set `journal_mode`", "PRAGMA journal_mode = WAL", 0));

/// Syncs at every commit from here on.
pub(crate) static SET_FULL: Raw =
    Raw::new(|| Template::raw("set `synchronous`", "PRAGMA synchronous = FULL", 0));

/// Syncs through the cache of the disk, where that is not what a sync does. It has an effect on Apple's
/// systems only.
pub(crate) static SET_FULLFSYNC: Raw =
    Raw::new(|| Template::raw("set `fullfsync`", "PRAGMA fullfsync = ON", 0));

/// What `synchronous` is.
pub(crate) static SYNCHRONOUS: Raw =
    Raw::new(|| Template::raw("read back `synchronous`", "PRAGMA synchronous", 0));

/// What decides whether a commit survives a power cut: `synchronous`, the journal mode, the file, which has
/// no name in memory, and `fullfsync`.
pub(crate) static SETTINGS: Raw = Raw::new(|| {
    let text = "SELECT s.synchronous, j.journal_mode, d.file, f.fullfsync \
                FROM pragma_synchronous AS s, pragma_journal_mode AS j, \
                pragma_database_list AS d, pragma_fullfsync AS f WHERE d.name = 'main'";
    Template::raw("read the settings of the connection", text, 0)
});

/// Commits a write that changes nothing, and syncs everything up to it; then the settings are what they
/// were. A row that is updated to what it holds would not be written, and the commit would sync nothing.
pub(crate) fn sync_all(application_id: i64, restore: &str) -> String {
    format!(
        "PRAGMA fullfsync = ON; PRAGMA synchronous = EXTRA; \
         PRAGMA application_id = {application_id}; {restore}"
    )
}

/// Sets `synchronous` and `fullfsync` to what they were.
pub(crate) fn restore_settings(synchronous: i64, has_fullfsync: bool) -> String {
    let fullfsync = i64::from(has_fullfsync);
    format!("PRAGMA synchronous = {synchronous}; PRAGMA fullfsync = {fullfsync}")
}

/// Refuses every write of this connection.
pub(crate) static SET_QUERY_ONLY: Raw =
    Raw::new(|| Template::raw("set `query_only`", "PRAGMA query_only = ON", 0));

/// How many pages there are.
pub(crate) static PAGES: Raw = Raw::new(|| Template::raw("count pages", "PRAGMA page_count", 0));

/// How many pages are free.
pub(crate) static FREE_PAGES: Raw =
    Raw::new(|| Template::raw("count free pages", "PRAGMA freelist_count", 0));

/// Gives some free pages back; answers with a row for each.
pub(crate) static GIVE_PAGES_BACK: Raw = Raw::new(|| {
    let text = format!("PRAGMA incremental_vacuum({VACUUM_PAGES})");
    Template::raw("give free pages back", text, 0)
});

/// The first fault that SQLite finds in the pages of the file, or "ok". Faults of pages come before
/// those of single values.
pub(crate) static FIRST_FAULT: Raw =
    Raw::new(|| Template::raw("check the file", "PRAGMA quick_check(1)", 0));

/// Leaves foreign keys unchecked until the commit of this transaction.
pub(crate) static DEFER_FOREIGN_KEYS: Raw = Raw::new(|| {
    let text = "PRAGMA defer_foreign_keys = ON";
    Template::raw("set `defer_foreign_keys`", text, 0)
});

/// Whether SQLite finds the file sound: one row that says "ok", or one for each fault.
pub(crate) static INTEGRITY: Raw =
    Raw::new(|| Template::raw("verify", "PRAGMA integrity_check(100)", 0));
