//! Whether a Spacedrive-style `sync.db` can be adopted. This is decided before anything is changed.

use sync_log_core::StoreError;

use super::trial;
use crate::driver::raw::catalogue::{
    COLUMNS, HAS_NO_ROWID, KEY, NAMED, UNIQUE_INDEXES, WITH_TRIGGERS,
};
use crate::driver::{Port, Row, all, first, one, texts};

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

/// Returns why a file of another program cannot be adopted, if it cannot. Entries of other devices
/// do not matter, because they go aside.
pub(crate) async fn fault(db: &impl Port) -> Result<Option<String>, StoreError> {
    match tables(db).await? {
        Some(fault) => Ok(Some(fault)),
        None => triggers(db).await,
    }
}

/// Returns why the original tables cannot hold a log as they are, if they cannot. A missing table
/// can be made.
pub(crate) async fn tables(db: &impl Port) -> Result<Option<String>, StoreError> {
    for (table, wanted) in WANTED {
        if let Some(fault) = fault_of(db, table, wanted).await? {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

async fn fault_of(
    db: &impl Port,
    table: &str,
    wanted: &[&str],
) -> Result<Option<String>, StoreError> {
    // Names are the same to SQLite in either case, and a view takes one too.
    let argument = [table.into()];
    let named = first(db, &NAMED, &argument, |row| {
        let definition = row.text(2).unwrap_or_default();
        Ok((two_texts(row), definition.into_owned()))
    });
    let Some(((kind, name), definition)) = named.await? else {
        return Ok(None);
    };
    if kind != "table" || name != table {
        return Ok(Some(format!("{table} is a {kind} that is called {name}")));
    }
    let mut fault = columns(db, table, wanted).await?;
    if fault.is_none() {
        fault = layout(db, table).await?;
    }
    if fault.is_none() {
        fault = trial::refusal(table, &definition);
    }
    Ok(fault.map(|fault| format!("{table} {fault}")))
}

/// The first two columns.
fn two_texts(row: &Row<'_>) -> (String, String) {
    let text = |column| row.text(column).unwrap_or_default().into_owned();
    (text(0), text(1))
}

async fn columns(
    db: &impl Port,
    table: &str,
    wanted: &[&str],
) -> Result<Option<String>, StoreError> {
    let found = all(db, &COLUMNS, &[table.into()], |row| Ok(two_texts(row))).await?;
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

async fn layout(db: &impl Port, table: &str) -> Result<Option<String>, StoreError> {
    let wanted = if table == "shared_changes" {
        "hlc"
    } else {
        "peer_device_id"
    };
    let key = texts(db, &KEY, &[table.into()], (table, "name")).await?;
    if key != [wanted] {
        return Ok(Some(format!("is a table of which {wanted} is not the key")));
    }
    let is_true = |row: &Row<'_>| Ok(row.is_true(0));
    if one(db, &HAS_NO_ROWID, &[table.into()], is_true).await? {
        return Ok(Some("has no rowid".to_owned()));
    }
    // It would refuse entries that a log takes.
    let has_unique_index = one(db, &UNIQUE_INDEXES, &[table.into()], is_true).await?;
    Ok(has_unique_index.then(|| "has a unique index".to_owned()))
}

/// A program that wrote triggers relies on them, and they do not run on our connections.
async fn triggers(db: &impl Port) -> Result<Option<String>, StoreError> {
    let tables = texts(db, &WITH_TRIGGERS, &[], ("sqlite_master", "tbl_name")).await?;
    Ok(tables.first().map(|table| format!("{table} has triggers")))
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
