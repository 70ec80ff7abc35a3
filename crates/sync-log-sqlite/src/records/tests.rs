//! An app to try things on: albums with photos, links that follow an album, and tags.

#![allow(clippy::disallowed_methods, reason = "an app makes its tables")]

use rusqlite::Connection;
use sync_log_core::Uuid;
use sync_log_core::receive::RecordId;

use super::begin::make_over;
use super::models::{DeclaredModels, Models};
use crate::driver::in_place;

macro_rules! entity {
    ($module:ident, $table:literal, $($(#[$of:meta])* $field:ident: $type:ty),*) => {
        pub(super) mod $module {
            use sea_orm::entity::prelude::*;
            use serde::{Deserialize, Serialize};

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
            #[sea_orm(table_name = $table)]
            pub(crate) struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub(crate) id: String,
                $($(#[$of])* pub(crate) $field: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub(crate) enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(tag, "tag", name: String);
entity!(album, "album", title: String, cover: Option<String>, #[serde(skip)] seen: Option<String>);
entity!(photo, "photo", album_id: String, tag_id: Option<String>);
entity!(link, "link", photo_id: String, album_id: String);

pub(super) const TABLES: &str = "
    CREATE TABLE tag (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE album (id TEXT PRIMARY KEY, title TEXT NOT NULL CHECK (title <> '?'),
        cover TEXT REFERENCES photo (id), seen TEXT);
    CREATE TABLE photo (id TEXT PRIMARY KEY, album_id TEXT NOT NULL REFERENCES album ON DELETE RESTRICT,
        tag_id TEXT REFERENCES tag (id) ON DELETE SET NULL);
    CREATE TABLE link (id TEXT PRIMARY KEY, photo_id TEXT NOT NULL REFERENCES photo (id),
        album_id TEXT NOT NULL REFERENCES Album (ID) ON DELETE CASCADE);";

/// A database with these tables, and those of a receiver.
pub(super) fn database(tables: &str) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(tables).unwrap();
    in_place(make_over(&db)).unwrap();
    db
}

pub(super) fn declared() -> DeclaredModels {
    Models::new()
        .entity::<tag::Entity>("tag")
        .entity::<album::Entity>("album")
        .entity::<photo::Entity>("photo")
        .entity::<link::Entity>("link")
        .follows("album_id")
}

pub(super) fn id(model_type: &str, number: u128) -> RecordId {
    RecordId::new(model_type, Uuid::from_u128(number))
}
