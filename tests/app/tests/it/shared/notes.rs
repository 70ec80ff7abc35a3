//! Notes that one device keeps in two tables, and another one in an entity.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_log_sqlite::receive::{Facts, Key, Need, RecordId, Reference};
use sync_log_sqlite::records::{
    Answer, Applier, DeclaredModels, Models, SharedRecords, SyncError, Unrecorded, Writing,
};
use sync_log_sqlite::{Change, Uuid};

use super::device::{Device, Layout, database};
use crate::records::gallery::{entity, tag};

entity!(note, "note", title: String, text: String, tag: Option<Uuid>);
entity!(head, "head", title: String, tag: Option<Uuid>);
entity!(body, "body", text: String);

const TAGS: &str = "CREATE TABLE tag (id BLOB PRIMARY KEY, name TEXT NOT NULL);";

pub(super) const ONE_TABLE: &str = "
    CREATE TABLE note (id BLOB PRIMARY KEY, title TEXT NOT NULL UNIQUE, text TEXT NOT NULL,
        tag BLOB REFERENCES tag (id));";

pub(super) const TWO_TABLES: &str = "
    CREATE TABLE head (id BLOB PRIMARY KEY, title TEXT NOT NULL COLLATE NOCASE UNIQUE,
        tag BLOB REFERENCES tag (id) ON DELETE RESTRICT);
    CREATE TABLE body (id BLOB PRIMARY KEY REFERENCES head (id),
        text TEXT NOT NULL CHECK (text <> '?'));";

/// The text of SQLite for a note with the text `?`.
pub(super) const REFUSED: &str = "CHECK constraint failed: text <> '?'";

/// The applier of notes in two tables. It refuses longer texts than `longest`.
pub(super) struct Notes {
    pub(super) revision: u32,
    pub(super) longest: usize,
    pub(super) echo: Option<Arc<Echo>>,
}

/// What an applier has that records as an own change what it shows, which is refused.
#[derive(Default)]
pub(super) struct Echo {
    pub(super) records: OnceLock<SharedRecords>,
    pub(super) refused: AtomicUsize,
}

impl Echo {
    async fn record(&self, txn: &DatabaseTransaction, record: Uuid, payload: &Value) {
        let Some(records) = self.records.get() else {
            return;
        };
        let change = Change::insert("note", record, payload).unwrap();
        let recorded = records.record_in(txn, change).await;
        assert!(
            matches!(recorded, Err(SyncError::EchoInApply)),
            "{recorded:?}"
        );
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

impl Notes {
    pub(super) const fn new() -> Self {
        Self {
            revision: 1,
            longest: 100,
            echo: None,
        }
    }
}

/// The payload of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) tag: Option<Uuid>,
}

impl Note {
    pub(super) fn new(title: &str, text: &str) -> Self {
        Self {
            title: title.to_owned(),
            text: text.to_owned(),
            tag: None,
        }
    }
}

#[async_trait::async_trait]
impl Applier for Notes {
    fn tables(&self) -> &[&str] {
        &["head", "body"]
    }

    fn members(&self) -> &[&str] {
        &["title", "text", "tag"]
    }

    fn revision(&self) -> u32 {
        self.revision
    }

    fn facts(&self, payload: &Value) -> Facts {
        let id = |member: &str| payload[member].as_str()?.parse::<Uuid>().ok();
        let tag = id("tag").map(|tag| Reference {
            member: "tag".to_owned(),
            to: RecordId::new("tag", tag),
            need: Need::May,
        });
        let title = payload["title"].as_str().map(|title| Key {
            name: "title".to_owned(),
            value: title.to_ascii_lowercase(),
        });
        Facts {
            references: tag.into_iter().collect(),
            keys: title.into_iter().collect(),
        }
    }

    async fn show(
        &self,
        txn: &DatabaseTransaction,
        record: Uuid,
        payload: &Value,
    ) -> Result<Answer, DbErr> {
        if let Some(echo) = &self.echo {
            echo.record(txn, record, payload).await;
        }
        let Ok(note) = Note::deserialize(payload) else {
            return Ok(Answer::Refused("it is no note".to_owned()));
        };
        if note.text.len() > self.longest {
            return Ok(Answer::Refused("the text is too long".to_owned()));
        }
        let head = head::ActiveModel {
            id: Set(record),
            title: Set(note.title),
            tag: Set(note.tag),
        };
        let set_head = OnConflict::column(head::Column::Id)
            .update_columns([head::Column::Title, head::Column::Tag])
            .to_owned();
        let head = head::Entity::insert(head).on_conflict(set_head);
        let body = body::ActiveModel {
            id: Set(record),
            text: Set(note.text),
        };
        let set_body = OnConflict::column(body::Column::Id)
            .update_column(body::Column::Text)
            .to_owned();
        let body = body::Entity::insert(body).on_conflict(set_body);
        let written = async {
            head.exec_without_returning(txn).await?;
            body.exec_without_returning(txn).await
        };
        Answer::of(written.await)
    }

    async fn hide(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<(), DbErr> {
        body::Entity::delete_by_id(record).exec(txn).await?;
        head::Entity::delete_by_id(record).exec(txn).await?;
        Ok(())
    }

    async fn read(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<Option<Value>, DbErr> {
        let head = head::Entity::find_by_id(record).one(txn).await?;
        let body = body::Entity::find_by_id(record).one(txn).await?;
        Ok(head.zip(body).map(|(head, body)| {
            serde_json::json!({ "title": head.title, "text": body.text, "tag": head.tag })
        }))
    }

    async fn records_after(
        &self,
        txn: &DatabaseTransaction,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Uuid>, DbErr> {
        let mut query = head::Entity::find().order_by_asc(head::Column::Id);
        if let Some(after) = after {
            query = query.filter(head::Column::Id.gt(after));
        }
        let heads = query.limit(limit as u64).all(txn).await?;
        Ok(heads.into_iter().map(|head| head.id).collect())
    }
}

pub(super) fn by_hand(notes: Notes) -> DeclaredModels {
    let tags = Models::new().entity::<tag::Entity>("tag");
    tags.by_hand("note", notes)
}

pub(super) fn as_entity() -> DeclaredModels {
    let tags = Models::new().entity::<tag::Entity>("tag");
    tags.entity::<note::Entity>("note")
}

pub(super) fn make_tables(folder: &Path, tables: &str) {
    let raw = Connection::open(database(folder)).unwrap();
    raw.execute_batch(&format!("{TAGS}{tables}")).unwrap();
}

/// A device with tags and these tables, that knows another device.
pub(super) async fn device(
    layout: Layout,
    folder: &Path,
    (id, peer): (Uuid, Uuid),
    tables: &str,
    models: DeclaredModels,
) -> Device {
    make_tables(folder, tables);
    let device = Device::open_in(layout, folder, id, models).await.unwrap();
    device.records.log().register_peer(peer).await.unwrap();
    device
}

pub(super) fn note_id(number: u128) -> RecordId {
    RecordId::new("note", Uuid::from_u128(number))
}

/// Writes a note by hand, and records what the app has written.
pub(super) async fn write(rows: &Writing<'_>, number: u128, note: &Note) -> Result<(), SyncError> {
    let record = Uuid::from_u128(number);
    let payload = serde_json::to_value(note).unwrap();
    let is_there = Notes::new().read(rows.connection(), record).await?;
    let written = Notes::new()
        .show(rows.connection(), record, &payload)
        .await?;
    assert_eq!(written, Answer::Shown);
    let change = match is_there {
        Some(_) => Change::update("note", record, &payload),
        None => Change::insert("note", record, &payload),
    };
    rows.record(change.unwrap());
    Ok(())
}

/// Notes of a device, over whichever tables it has.
impl Device {
    pub(super) async fn write_by_hand(&self, number: u128, note: &Note) {
        let written = self
            .records
            .write(async |rows| write(rows, number, note).await);
        written.await.unwrap();
    }

    pub(super) async fn delete_by_hand(&self, number: u128) {
        let record = Uuid::from_u128(number);
        let deleted = self.records.write(async |rows| {
            Notes::new().hide(rows.connection(), record).await?;
            rows.record(Change::delete("note", record));
            Ok(())
        });
        deleted.await.unwrap();
    }

    pub(super) async fn insert_note(&self, number: u128, note: Note) {
        let row = note::ActiveModel {
            id: Set(Uuid::from_u128(number)),
            title: Set(note.title),
            text: Set(note.text),
            tag: Set(note.tag),
        };
        self.records.insert(row).await.unwrap();
    }

    /// The notes in one table.
    pub(super) async fn notes(&self) -> Vec<Note> {
        let rows = note::Entity::find().order_by_asc(note::Column::Id);
        let rows = rows.all(&self.db).await.unwrap().into_iter();
        let notes = rows.map(|row| Note {
            title: row.title,
            text: row.text,
            tag: row.tag,
        });
        notes.collect()
    }

    /// The notes in two tables. None of them is in one of the tables alone.
    pub(super) async fn notes_by_hand(&self) -> Vec<Note> {
        let heads = head::Entity::find().order_by_asc(head::Column::Id);
        let heads = heads.all(&self.db).await.unwrap();
        let bodies = body::Entity::find().count(&self.db).await.unwrap();
        assert_eq!(heads.len() as u64, bodies);
        let mut notes = Vec::new();
        for head in heads {
            let body = body::Entity::find_by_id(head.id).one(&self.db);
            notes.push(Note {
                title: head.title,
                text: body.await.unwrap().unwrap().text,
                tag: head.tag,
            });
        }
        notes
    }

    pub(super) async fn unrecorded(&self) -> Vec<(RecordId, Unrecorded)> {
        self.records.audit(10).await.unwrap()
    }
}
