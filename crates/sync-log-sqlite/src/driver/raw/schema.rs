//! What SQLite says about the tables of an app: columns, foreign keys and unique indexes.

use super::Raw;
use crate::driver::Template;

/// Name, declared type, NOT NULL and position in the primary key of each column of a table.
pub(crate) static TABLE_COLUMNS: Raw = Raw::new(|| {
    let text = "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1) ORDER BY cid";
    Template::raw(READ, text, 1)
});

/// Argument: the table. The statements that make its indexes and triggers, in the order of their names.
pub(crate) static ATTACHED_TO_TABLE: Raw = Raw::new(|| {
    let text = "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') \
                AND sql IS NOT NULL AND tbl_name = ?1 COLLATE NOCASE ORDER BY name";
    Template::raw(READ, text, 1)
});

/// The statement that makes a table, as SQLite keeps it.
pub(crate) static TABLE_DEFINITION: Raw = Raw::new(|| {
    let text = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    Template::raw(READ, text, 1)
});

/// Every foreign key of the database, column by column: the table, the number of the key in it, the
/// column, the table and the column to which it leads (NULL for the primary key), and what a deletion
/// there does.
pub(crate) static FOREIGN_KEYS: Raw = Raw::new(|| {
    let text = "SELECT t.name, f.id, f.\"from\", f.\"table\", f.\"to\", f.on_delete \
                FROM sqlite_master AS t, pragma_foreign_key_list(t.name) AS f \
                WHERE t.type = 'table' ORDER BY t.name, f.id, f.seq";
    Template::raw(READ, text, 0)
});

/// The unique indexes of a table apart from that of its primary key, column by column: the name,
/// whether it is partial, the column (NULL for an expression), and its collation.
pub(crate) static UNIQUE_COLUMNS: Raw = Raw::new(|| {
    let text = "SELECT i.name, i.partial, c.name, c.coll \
                FROM pragma_index_list(?1) AS i, pragma_index_xinfo(i.name) AS c \
                WHERE i.\"unique\" AND i.origin <> 'pk' AND c.key ORDER BY i.name, c.seqno";
    Template::raw(READ, text, 1)
});

/// The migrations of a receiver's tables that an app's own migrator ran, by the form of their names.
pub(crate) static SPLICED_RECORDS: Raw = Raw::new(|| {
    let text = "SELECT version FROM seaql_migrations \
                WHERE version GLOB 'sync_log_records_[0-9][0-9][0-9][0-9]_*' ORDER BY version";
    Template::raw(READ, text, 0)
});

const READ: &str = "read the app's schema";
