//! What SQLite says about tables, columns, indexes and triggers.

use super::Raw;
use crate::driver::Template;

/// The names of all tables and views, in lower case. SQLite compares names without regard to
/// case, and a view takes the name of a table.
pub(crate) static TABLES: Raw = Raw::new(|| {
    let text = "SELECT lower(name) FROM sqlite_master WHERE type IN ('table', 'view')";
    Template::raw("look at the file", text, 0)
});

/// How many tables have a name, spelled like this.
pub(crate) static TABLES_NAMED: Raw = Raw::new(|| {
    let text = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
    Template::raw("look for a table", text, 1)
});

/// Kind, name and definition of what has a name in any spelling.
pub(crate) static NAMED: Raw = Raw::new(|| {
    let text = "SELECT type, name, sql FROM sqlite_master WHERE name = ?1 COLLATE NOCASE";
    Template::raw(LOOK, text, 1)
});

/// Name and declared type of each column of a table, by name.
pub(crate) static COLUMNS: Raw = Raw::new(|| {
    let text = "SELECT name, type FROM pragma_table_info(?1) ORDER BY name";
    Template::raw(LOOK, text, 1)
});

/// The table that an index is on.
pub(crate) static INDEXED: Raw = Raw::new(|| {
    let text = "SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = ?1";
    Template::raw("look for an index", text, 1)
});

/// The columns of a table's primary key.
pub(crate) static KEY: Raw = Raw::new(|| {
    let text = "SELECT name FROM pragma_table_info(?1) WHERE pk <> 0";
    Template::raw(LOOK, text, 1)
});

/// Whether a table is one without row ids.
pub(crate) static HAS_NO_ROWID: Raw = Raw::new(|| {
    let text = "SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'";
    Template::raw(LOOK, text, 1)
});

/// How many unique indexes a table has apart from that of its primary key.
pub(crate) static UNIQUE_INDEXES: Raw = Raw::new(|| {
    let text = "SELECT COUNT(*) FROM pragma_index_list(?1) WHERE \"unique\" AND origin <> 'pk'";
    Template::raw(LOOK, text, 1)
});

/// The first of the original tables that has triggers which are not ours.
pub(crate) static WITH_TRIGGERS: Raw = Raw::new(|| {
    let text = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' \
                AND tbl_name IN ('shared_changes', 'peer_acks') \
                AND substr(name, 1, 9) <> 'sync_log_' LIMIT 1";
    Template::raw(LOOK, text, 0)
});

/// How many of the original tables are there.
pub(crate) static ORIGINAL_TABLES: Raw = Raw::new(|| {
    let text = "SELECT COUNT(*) FROM sqlite_master \
                WHERE type = 'table' AND name IN ('shared_changes', 'peer_acks')";
    Template::raw("see what other programs wrote", text, 0)
});

/// Tables with their columns, and indexes.
pub(crate) static TABLES_AND_INDEXES: Raw = Raw::new(|| {
    let text = "SELECT m.type || ' ' || m.name || COALESCE('.' || c.name, '') \
                FROM sqlite_master AS m \
                LEFT JOIN pragma_table_info(m.name) AS c ON m.type = 'table' \
                WHERE m.type IN ('table', 'index')";
    Template::raw("verify", text, 0)
});

const LOOK: &str = "see whether the file can be adopted";
