//! What the app does to its rows.

use sea_orm::sea_query::Value as Bound;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait,
    IntoActiveModel, Statement,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use simulator::apps::{Payload, Release};
use sync_log_sqlite::records::{SyncError, Writing};
use sync_log_sqlite::{Change, ChangeType, Uuid};

use super::releases::{first, second};

/// Changes the row that a change is about, by plain SQL.
pub(super) async fn change_row(db: &impl ConnectionTrait, change: &Change) -> Result<(), DbErr> {
    let model = change.model_type.as_str();
    let id = bytes(change.record_uuid);
    if change.change_type == ChangeType::Delete {
        let sql = format!("DELETE FROM {model} WHERE id = ?");
        return run(db, sql, vec![id]).await;
    }
    let members: Payload = change.data.parse_as().expect("a payload is an object");
    if model == "tag" {
        set_aside(db, &members["name"], &id).await?;
    }
    if members.is_empty() {
        return Ok(());
    }
    let bound = members.iter().map(|(name, value)| bind(model, name, value));
    let values = std::iter::once(id.clone()).chain(bound.clone());
    let names: Vec<&str> = members.keys().map(String::as_str).collect();
    let is_part = is_per_field(change) && change.change_type == ChangeType::Update;
    if is_part {
        let set = names.iter().map(|name| format!("{name} = ?"));
        let set = set.collect::<Vec<_>>().join(", ");
        let sql = format!("UPDATE note SET {set} WHERE id = ?");
        return run(db, sql, bound.chain([id]).collect()).await;
    }
    let columns = names.join(", ");
    let places = vec!["?"; names.len() + 1].join(", ");
    let set = names.iter().map(|name| format!("{name} = excluded.{name}"));
    let set = set.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "INSERT INTO {model} (id, {columns}) VALUES ({places}) ON CONFLICT (id) DO UPDATE SET {set}"
    );
    run(db, sql, values.collect()).await
}

/// Whether the app merges the members of a record one by one. Then an update has only some of them, and
/// makes no row.
fn is_per_field(change: &Change) -> bool {
    change.model_type == "note" && change.model_version >= 2
}

/// Two tags that swap their names would hold one name for a moment, so the one that is changed later
/// gets another name first.
async fn set_aside(db: &impl ConnectionTrait, name: &Value, id: &Bound) -> Result<(), DbErr> {
    let sql = "UPDATE tag SET name = name || ' once' WHERE name = ? AND id <> ?";
    let name = name.as_str().expect("a name is text").to_owned();
    run(db, sql.to_owned(), vec![name.into(), id.clone()]).await
}

async fn run(db: &impl ConnectionTrait, sql: String, values: Vec<Bound>) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    db.execute_raw(statement).await.map(drop)
}

/// The 16 bytes that SeaORM makes of a UUID.
fn bytes(id: Uuid) -> Bound {
    id.as_bytes().to_vec().into()
}

fn bind(model: &str, member: &str, value: &Value) -> Bound {
    let is_reference = matches!(
        (model, member),
        ("album", "cover") | ("link", "album" | "tag") | ("memo", "tag")
    );
    match value {
        Value::String(id) if is_reference => bytes(id.parse().expect("a reference is an id")),
        Value::String(text) => text.clone().into(),
        Value::Number(number) => number.as_i64().into(),
        _ => Bound::String(None),
    }
}

/// Changes a row by way of its entity, which records the change by itself. `row` is the whole row.
pub(super) async fn save(
    rows: &Writing<'_>,
    release: Release,
    change: &Change,
    row: Option<&Payload>,
) -> Result<(), SyncError> {
    use Release::{First, Second};
    match (change.model_type.as_str(), release) {
        ("tag", First) => save_as::<first::tag::Entity>(rows, change, row).await,
        ("tag", Second) => save_as::<second::tag::Entity>(rows, change, row).await,
        ("album", _) => save_as::<first::album::Entity>(rows, change, row).await,
        ("link", First) => save_as::<first::link::Entity>(rows, change, row).await,
        ("link", Second) => save_as::<second::link::Entity>(rows, change, row).await,
        ("note", First) => save_as::<first::note::Entity>(rows, change, row).await,
        ("note", Second) => save_as::<second::note::Entity>(rows, change, row).await,
        _ => save_as::<second::memo::Entity>(rows, change, row).await,
    }
}

async fn save_as<E>(
    rows: &Writing<'_>,
    change: &Change,
    row: Option<&Payload>,
) -> Result<(), SyncError>
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelBehavior + Send,
    E::Model: Serialize + DeserializeOwned + IntoActiveModel<E::ActiveModel> + Sync,
{
    let Some(row) = row else {
        return rows.delete::<E>(change.record_uuid).await.map(drop);
    };
    let mut row = row.clone();
    row.insert("id".to_owned(), change.record_uuid.to_string().into());
    let row: E::Model =
        serde_json::from_value(row.into_iter().collect()).map_err(SyncError::other)?;
    let row = row.into_active_model().reset_all();
    if change.change_type == ChangeType::Insert {
        rows.insert(row).await.map(drop)
    } else {
        rows.update(row).await.map(drop)
    }
}
