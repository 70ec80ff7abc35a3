//! One row of the app's that is changed.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};
use serde::Serialize;
use serde_json::Value;
use sync_log_sqlite::records::{SyncError, Writing};
use sync_log_sqlite::{Change, ChangeType, Uuid};

use crate::records::gallery::{album, link, photo, tag};

/// A row of one of the app's tables.
#[derive(Debug, Clone)]
pub(super) enum Row {
    Tag(tag::Model),
    Album(album::Model),
    Photo(photo::Model),
    Link(link::Model),
}

/// Evaluates an expression with the row, and with the type of its entity.
macro_rules! with_row {
    ($row:expr, $it:ident, $entity:ident => $body:expr) => {
        match $row {
            Row::Tag($it) => {
                type $entity = tag::Entity;
                $body
            }
            Row::Album($it) => {
                type $entity = album::Entity;
                $body
            }
            Row::Photo($it) => {
                type $entity = photo::Entity;
                $body
            }
            Row::Link($it) => {
                type $entity = link::Entity;
                $body
            }
        }
    };
}

/// One row that is changed, and the change that has to be recorded.
#[derive(Debug, Clone)]
pub(super) struct Step {
    row: Row,
    pub(super) change: Change,
}

impl Step {
    pub(super) fn insert(row: Row) -> Self {
        let (model, id, payload) = row.parts();
        let change = Change::insert(model, id, &payload).unwrap();
        Self::of(row, change)
    }

    /// `payload` is what `write` has to record of it.
    pub(super) fn update(row: Row, payload: &Value) -> Self {
        let (model, id, _) = row.parts();
        let change = Change::update(model, id, payload).unwrap();
        Self::of(row, change)
    }

    pub(super) fn update_whole(row: Row) -> Self {
        let (_, _, payload) = row.parts();
        Self::update(row, &payload)
    }

    pub(super) fn delete(row: Row) -> Self {
        let (model, id, _) = row.parts();
        let change = Change::delete(model, id);
        Self::of(row, change)
    }

    fn of(row: Row, change: Change) -> Self {
        let version = u32::from(matches!(row, Row::Album(_)));
        Self {
            row,
            change: change.model_version(version),
        }
    }

    /// The record with which the database deletes the row.
    pub(super) fn followed(&self) -> Option<Uuid> {
        match &self.row {
            Row::Link(link) => Some(link.album),
            Row::Tag(_) | Row::Album(_) | Row::Photo(_) => None,
        }
    }

    pub(super) fn is_deletion(&self) -> bool {
        self.change.change_type == ChangeType::Delete
    }

    /// Changes the row in a `write`.
    pub(super) async fn write(&self, rows: &Writing<'_>) -> Result<(), SyncError> {
        with_row!(&self.row, it, Entity => {
            let row = it.clone().into_active_model().reset_all();
            match self.change.change_type {
                ChangeType::Insert => rows.insert(row).await.map(drop),
                ChangeType::Update => rows.update(row).await.map(drop),
                ChangeType::Delete => {
                    let is_there = rows.delete::<Entity>(it.id).await?;
                    assert!(is_there, "{:?} was read before", self.row);
                    Ok(())
                }
            }
        })
    }

    /// Changes the row as an app does that records the change by itself.
    pub(super) async fn change(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        with_row!(&self.row, it, Entity => {
            let row = it.clone().into_active_model().reset_all();
            match self.change.change_type {
                ChangeType::Insert => row.insert(db).await.map(drop),
                ChangeType::Update => row.update(db).await.map(drop),
                ChangeType::Delete => {
                    let deleted = Entity::delete_by_id(it.id).exec(db).await?;
                    assert_eq!(deleted.rows_affected, 1, "{:?} was read before", self.row);
                    Ok(())
                }
            }
        })
    }
}

impl Row {
    /// Its model, its id and its payload.
    fn parts(&self) -> (&'static str, Uuid, Value) {
        match self {
            Self::Tag(it) => ("tag", it.id, payload(it)),
            Self::Album(it) => ("album", it.id, payload(it)),
            Self::Photo(it) => ("photo", it.id, payload(it)),
            Self::Link(it) => ("link", it.id, payload(it)),
        }
    }
}

fn payload(row: &impl Serialize) -> Value {
    serde_json::to_value(row).unwrap()
}
