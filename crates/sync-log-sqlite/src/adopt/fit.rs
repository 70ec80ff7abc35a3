//! Whether a file of an earlier program can be adopted; asked before anything is
//! changed.

use std::sync::LazyLock;

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, EntityTrait, QuerySelect, QueryTrait};
use sync_log_core::{StoreError, Uuid};

use super::has_table;
use crate::driver::{Port, Row, Template, all, argument, first, one};
use crate::entity::shared_changes;
use crate::raw::catalogue::{COLUMNS, HAS_NO_ROWID, KEY, NAMED, UNIQUE_INDEXES, WITH_TRIGGERS};
use crate::rows::texts;

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
pub(crate) async fn fault(db: &impl Port, device_id: Uuid) -> Result<Option<Unfit>, StoreError> {
    let fault = match tables(db).await? {
        Some(fault) => Some(fault),
        None => triggers(db).await?,
    };
    if let Some(fault) = fault {
        return Ok(Some(Unfit::Tables(fault)));
    }
    if !has_table(db, "shared_changes").await? {
        return Ok(None);
    }
    let device = device_id.hyphenated().to_string();
    let numbers = |row: &Row<'_>| Ok((row.integer(0), row.integer(1)));
    let (all, own) = one(db, &COUNT_OWN, &[(&device).into()], numbers).await?;
    let is_strange = all > Some(0) && own == Some(0);
    Ok(is_strange.then_some(Unfit::NotOfThisDevice))
}

/// Argument: the device. How many rows there are, and how many have its stamps.
static COUNT_OWN: LazyLock<Template> = LazyLock::new(|| {
    let hlc = shared_changes::Column::Hlc.into_expr();
    let of_device = Func::cust("substr").args([hlc, Expr::val(-36)]);
    let is_own = Expr::from(of_device).eq(argument(0));
    let mut query = shared_changes::Entity::find().select_only().into_query();
    query
        .expr(Func::count(Expr::col(Asterisk)))
        .expr(Func::coalesce([Func::sum(is_own).into(), Expr::val(0)]));
    Template::build("see whose entries the file holds", &query)
});

/// Why no log can be kept in the original tables, as they are, if it cannot. One that is
/// missing can be made.
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
    let named = first(db, &NAMED, &[table.into()], |row| Ok(two_texts(row))).await?;
    let Some((kind, name)) = named else {
        return Ok(None);
    };
    if kind != "table" || name != table {
        return Ok(Some(format!("{table} is a {kind} that is called {name}")));
    }
    let fault = match columns(db, table, wanted).await? {
        Some(fault) => Some(fault),
        None => layout(db, table).await?,
    };
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

/// Whoever wrote them counts on them, and here they do not run.
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
