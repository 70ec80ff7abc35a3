//! Whether a file of an earlier program can be adopted; asked before anything is
//! changed.

use rusqlite::{Connection, OptionalExtension};
use sync_log_core::Uuid;

use crate::statement::prepare;

/// The columns of the original tables, sorted.
const WANTED: [(&str, &[&str]); 2] = [
    (
        "shared_changes",
        &[
            "change_type",
            "created_at",
            "data",
            "hlc",
            "model_type",
            "record_uuid",
        ],
    ),
    (
        "peer_acks",
        &["acked_at", "last_acked_hlc", "peer_device_id"],
    ),
];

/// What speaks against it.
pub(crate) enum Unfit {
    /// The tables are not what a log can be kept in.
    Tables(String),
    /// It has entries, and none is of this device.
    NotOfThisDevice,
}

/// What speaks against adopting a file of an earlier program for `device_id`, if
/// anything does.
pub(crate) fn fault(db: &Connection, device_id: Uuid) -> rusqlite::Result<Option<Unfit>> {
    if let Some(fault) = tables(db)?.map_or_else(|| triggers(db), |fault| Ok(Some(fault)))? {
        return Ok(Some(Unfit::Tables(fault)));
    }
    if !has_table(db, "shared_changes")? {
        return Ok(None);
    }
    let sql = "SELECT COUNT(*), COALESCE(SUM(substr(hlc, -36) = ?1), 0) FROM shared_changes";
    let device = device_id.hyphenated().to_string();
    let counted: (i64, i64) =
        prepare(db, sql)?.query_row([device], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let strange = counted.0 > 0 && counted.1 == 0;
    Ok(strange.then_some(Unfit::NotOfThisDevice))
}

/// Why no log can be kept in the original tables, as they are, if it cannot. One that is
/// missing can be made.
pub(crate) fn tables(db: &Connection) -> rusqlite::Result<Option<String>> {
    for (table, wanted) in WANTED {
        if let Some(fault) = fault_of(db, table, wanted)? {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

fn has_table(db: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
    let count: i64 = prepare(db, sql)?.query_row([table], |row| row.get(0))?;
    Ok(count > 0)
}

fn fault_of(db: &Connection, table: &str, wanted: &[&str]) -> rusqlite::Result<Option<String>> {
    // Names are the same to SQLite in either case, and a view takes one too.
    let sql = "SELECT type, name FROM sqlite_master WHERE name = ?1 COLLATE NOCASE";
    let mut query = prepare(db, sql)?;
    let mut named = query.query([table])?;
    let Some(row) = named.next()? else {
        return Ok(None);
    };
    let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
    if kind != "table" || name != table {
        return Ok(Some(format!("{table} is a {kind} that is called {name}")));
    }
    drop(named);
    for fault in [columns, key, rowid, unique_index] {
        if let Some(fault) = fault(db, table, wanted)? {
            return Ok(Some(format!("{table} {fault}")));
        }
    }
    Ok(None)
}

fn columns(db: &Connection, table: &str, wanted: &[&str]) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT name, type FROM pragma_table_info(?1) ORDER BY name";
    let mut query = prepare(db, sql)?;
    let found = query.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(String, String)> = found.collect::<Result<_, _>>()?;
    let names = found.iter().map(|(name, _)| name.as_str());
    if !names.eq(wanted.iter().copied()) {
        return Ok(Some("has other columns".to_owned()));
    }
    let altering = found.iter().find(|(_, declared)| !keeps_text(declared));
    Ok(altering.map(|(name, declared)| {
        format!("has a column {name} of type {declared}, in which text may become a number")
    }))
}

/// Whether SQLite keeps text in a column that is declared so (its "type affinity").
fn keeps_text(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    !says(&["INT"]) && (says(&["CHAR", "CLOB", "TEXT", "BLOB"]) || declared.is_empty())
}

fn key(db: &Connection, table: &str, _: &[&str]) -> rusqlite::Result<Option<String>> {
    let key = if table == "shared_changes" {
        "hlc"
    } else {
        "peer_device_id"
    };
    let sql = "SELECT COUNT(*), SUM(name = ?2) FROM pragma_table_info(?1) WHERE pk <> 0";
    let found: (i64, Option<i64>) =
        prepare(db, sql)?.query_row([table, key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((found != (1, Some(1))).then(|| format!("is a table of which {key} is not the key")))
}

fn rowid(db: &Connection, table: &str, _: &[&str]) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'";
    let without_rowid: bool = prepare(db, sql)?.query_row([table], |row| row.get(0))?;
    Ok(without_rowid.then(|| "has no rowid".to_owned()))
}

/// It would refuse entries that a log takes.
fn unique_index(db: &Connection, table: &str, _: &[&str]) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT COUNT(*) FROM pragma_index_list(?1) WHERE \"unique\" AND origin <> 'pk'";
    let indexes: i64 = prepare(db, sql)?.query_row([table], |row| row.get(0))?;
    Ok((indexes > 0).then(|| "has a unique index".to_owned()))
}

/// Whoever wrote them counts on them, and here they do not run.
fn triggers(db: &Connection) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' \
               AND tbl_name IN ('shared_changes', 'peer_acks') LIMIT 1";
    let table = prepare(db, sql)?.query_row([], |row| row.get::<_, String>(0));
    let table = table.optional()?;
    Ok(table.map(|table| format!("{table} has triggers")))
}

#[cfg(test)]
mod tests {
    use super::keeps_text;

    #[test]
    fn text_is_kept_where_sqlite_says_so() {
        for declared in ["TEXT", "text", "VARCHAR(70)", "CLOB", "BLOB", ""] {
            assert!(keeps_text(declared), "{declared}");
        }
        for declared in ["JSON", "INTEGER", "CHARINT", "REAL", "DATETIME", "NUMERIC"] {
            assert!(!keeps_text(declared), "{declared}");
        }
    }
}
