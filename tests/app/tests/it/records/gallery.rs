//! The app: albums with photos, links that follow an album, and tags with a unique name.

use std::path::Path;

use rusqlite::Connection;
use sea_orm::{DatabaseConnection, DbErr};
use sync_log_sqlite::receive::{RecordId, RecordStore, Standing, Standings, Wanted, merge};
use sync_log_sqlite::records::{
    DeclaredModels, Models, Records, RegisteredModels, begin, make_tables,
};
use sync_log_sqlite::{ChangeType, Hlc, SharedChangeEntry, StoreError, Uuid};

/// An entity in a module of this name: its table, and its columns beside the id.
macro_rules! entity {
    ($module:ident, $table:literal, $($(#[$of:meta])* $field:ident: $type:ty),*) => {
        pub(crate) mod $module {
            use sea_orm::entity::prelude::*;
            use serde::{Deserialize, Serialize};

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
            #[sea_orm(table_name = $table)]
            pub(crate) struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub(crate) id: Uuid,
                $($(#[$of])* pub(crate) $field: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub(crate) enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

pub(crate) use entity;

entity!(tag, "tag", name: String);
entity!(album, "album", title: String, cover: Option<Uuid>, #[serde(skip)] opened: i32);
entity!(photo, "photo", album: Uuid, tag: Option<Uuid>);
entity!(link, "link", photo: Uuid, album: Uuid);

/// Ids are the 16 bytes that SeaORM makes of a UUID.
pub(crate) const TABLES: &str = "
    CREATE TABLE tag (id BLOB PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE);
    CREATE TABLE album (id BLOB PRIMARY KEY, title TEXT NOT NULL CHECK (title <> '?'),
        cover BLOB REFERENCES photo (id), opened INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE photo (id BLOB PRIMARY KEY,
        album BLOB NOT NULL REFERENCES album (id) ON DELETE RESTRICT,
        tag BLOB REFERENCES tag (id) ON DELETE RESTRICT);
    CREATE TABLE link (id BLOB PRIMARY KEY, photo BLOB NOT NULL REFERENCES photo (id),
        album BLOB NOT NULL REFERENCES album (id) ON DELETE CASCADE);";

/// The text of SQLite for an album that is called `?`.
pub(crate) const REFUSED: &str = "CHECK constraint failed: title <> '?'";

pub(crate) fn declared() -> DeclaredModels {
    Models::new()
        .entity::<tag::Entity>("tag")
        .entity::<album::Entity>("album")
        .version(1)
        .per_field(1)
        .entity::<photo::Entity>("photo")
        .entity::<link::Entity>("link")
        .follows("album")
}

/// The app on one device.
pub(crate) struct Gallery {
    pub(crate) db: DatabaseConnection,
    pub(crate) models: RegisteredModels,
}

pub(crate) fn make_app_tables(path: &Path, tables: &str) {
    let raw = Connection::open(path).unwrap();
    raw.execute_batch(tables).unwrap();
}

impl Gallery {
    /// Makes the app's tables and those of a receiver in this file.
    pub(crate) async fn made(path: &Path) -> Self {
        Self::made_with(path, declared()).await
    }

    /// The same for an app that declares its models in another way.
    pub(crate) async fn made_with(path: &Path, models: DeclaredModels) -> Self {
        make_app_tables(path, TABLES);
        Self::opened_with(path, models).await.unwrap()
    }

    pub(crate) async fn opened(path: &Path) -> Result<Self, DbErr> {
        Self::opened_with(path, declared()).await
    }

    async fn opened_with(path: &Path, models: DeclaredModels) -> Result<Self, DbErr> {
        let db = app::connect(path).await?;
        make_tables(&db).await.unwrap();
        let models = models.register(&db).await.unwrap();
        Ok(Self { db, models })
    }

    /// Merges changes, and commits what follows.
    pub(crate) async fn merge(
        &self,
        entries: &[SharedChangeEntry],
    ) -> Result<Standings, StoreError> {
        let txn = begin(&self.db).await?;
        let standings = merge(&mut Records::new(&txn, &self.models), &self.models, entries).await?;
        txn.commit().await.unwrap();
        Ok(standings)
    }

    /// What became of one record.
    pub(crate) async fn standing(&self, id: &RecordId) -> Option<Standing> {
        let wanted = Wanted {
            records: [id.clone()].into(),
            ..Wanted::default()
        };
        let txn = begin(&self.db).await.unwrap();
        let found = Records::new(&txn, &self.models).look_up(&wanted).await;
        txn.rollback().await.unwrap();
        let found = found.unwrap();
        found
            .records
            .into_iter()
            .next()
            .map(|(_, record)| record.standing)
    }
}

/// A change that another device made.
pub(crate) fn entry(
    ms: u64,
    model: &str,
    record: u128,
    data: serde_json::Value,
) -> SharedChangeEntry {
    let change_type = if data.is_null() {
        ChangeType::Delete
    } else {
        ChangeType::Insert
    };
    SharedChangeEntry {
        hlc: Hlc::new(ms, 0, Uuid::from_u128(0xb0)),
        model_type: model.to_owned(),
        record_uuid: Uuid::from_u128(record),
        change_type,
        data: data.into(),
        model_version: 0,
        group_end: true,
    }
}

pub(crate) fn id(model: &str, record: u128) -> RecordId {
    RecordId::new(model, Uuid::from_u128(record))
}
