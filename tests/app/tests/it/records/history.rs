//! A random history, merged over a real database, shows what the reference records show (`X6`).

use std::collections::BTreeMap;

use proptest::prelude::*;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, Statement};
use serde::Serialize;
use serde_json::{Value, json};
use sync_log_memory::{MemoryRecords, Rows, Tables};
use sync_log_sqlite::entity::{ties, versions};
use sync_log_sqlite::receive::{Move, RecordId, RecordStore, Wanted, merge};
use sync_log_sqlite::records::{DeclaredModels, Records, RegisteredModels, begin};
use sync_log_sqlite::{SharedChangeEntry, Uuid};

#[path = "../../../../../crates/sync-log-core/tests/it/common/small_world.rs"]
mod small_world;

use small_world::{Draw, arrivals, entry};

use super::gallery::{Gallery, REFUSED, album, declared, link, photo, tag};

/// The reference records, with the one constraint of the app's tables that is no reference or key.
type Reference = MemoryRecords<Refusing>;

#[derive(Default)]
struct Refusing(Rows);

impl Tables for Refusing {
    fn change(&mut self, steps: &[Move]) -> Vec<(RecordId, String)> {
        let refused = steps.iter().filter_map(|step| match step {
            Move::Show(id, row) if row.as_str().contains('?') => {
                Some((id.clone(), REFUSED.to_owned()))
            }
            Move::Show(..) | Move::Hide(_) => None,
        });
        let refused: Vec<_> = refused.collect();
        if refused.is_empty() {
            self.0.change(steps);
        }
        refused
    }
}

/// The rows of a table, in the form of payloads.
async fn rows<E>(db: &impl ConnectionTrait, model: &str) -> Vec<(RecordId, Value)>
where
    E: EntityTrait<Model: Serialize>,
{
    let rows = E::find().all(db).await.unwrap();
    let row = |row: E::Model| {
        let mut row = serde_json::to_value(row).unwrap();
        let id = row.as_object_mut().unwrap().remove("id").unwrap();
        let id = serde_json::from_value::<Uuid>(id).unwrap();
        (RecordId::new(model, id), row)
    };
    rows.into_iter().map(row).collect()
}

impl Gallery {
    async fn rows(&self) -> BTreeMap<RecordId, Value> {
        let tags = rows::<tag::Entity>(&self.db, "tag").await;
        let albums = rows::<album::Entity>(&self.db, "album").await;
        let photos = rows::<photo::Entity>(&self.db, "photo").await;
        let links = rows::<link::Entity>(&self.db, "link").await;
        [tags, albums, photos, links]
            .into_iter()
            .flatten()
            .collect()
    }

    async fn agrees_with(&self, reference: &Reference) {
        let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA foreign_key_check");
        let dangling = self.db.query_all_raw(check).await.unwrap();
        assert!(dangling.is_empty(), "{} rows dangle", dangling.len());

        let expected = &reference.records;
        let wanted = Wanted {
            records: expected.keys().cloned().collect(),
            ..Wanted::default()
        };
        let txn = begin(&self.db).await.unwrap();
        let found = Records::new(&txn, &self.models).look_up(&wanted).await;
        txn.rollback().await.unwrap();
        let found = found.unwrap();
        let found: BTreeMap<_, _> = found.records.into_iter().collect();
        assert_eq!(found, *expected);
        let versions = versions::Entity::find().count(&self.db).await.unwrap();
        assert_eq!(usize::try_from(versions).unwrap(), expected.len());
        let ties = ties::Entity::find().count(&self.db).await.unwrap();
        assert_eq!(usize::try_from(ties).unwrap(), reference.ties.len());

        let shown = reference.tables.0.0.iter();
        let shown = shown.map(|(id, row)| {
            let mut row = row.parse_as::<Value>().unwrap();
            if id.model_type == "album" {
                // A member of which no change came is empty.
                row["cover"] = row["cover"].take();
            }
            (id.clone(), row)
        });
        assert_eq!(self.rows().await, shown.collect());
    }
}

pub(super) async fn play(declared: DeclaredModels, batches: &[Vec<SharedChangeEntry>]) {
    let folder = tempfile::tempdir().unwrap();
    let gallery = Gallery::made_with(&folder.path().join("app.db"), declared).await;
    let mut reference = Reference::default();
    for batch in batches {
        let standings = gallery.merge(batch).await.unwrap();
        let models: &RegisteredModels = &gallery.models;
        let expected = merge(&mut reference, models, batch).await.unwrap();
        assert_eq!(standings, expected);
        gallery.agrees_with(&reference).await;
    }
    gallery.db.close().await.unwrap();
}

const MODELS: [&str; 4] = ["tag", "album", "photo", "link"];

fn payload(model: u8, draw: Draw) -> Value {
    let colour = ["red", "RED", "blue"][usize::from(draw.name)];
    match model {
        0 => json!({ "name": colour }),
        1 if draw.kind == 2 => json!({ "cover": draw.reference(2) }),
        1 if draw.kind == 4 => json!({ "title": "finer" }),
        1 => json!({
            "title": if draw.kind == 3 { "?" } else { "fine" },
            "cover": draw.reference(2),
        }),
        2 => draw.photo(),
        _ => draw.link(),
    }
}

pub(super) fn batches() -> impl Strategy<Value = Vec<Vec<SharedChangeEntry>>> {
    arrivals(entry(&MODELS, payload), 12)
}

/// Each case makes a file, so there are few of them unless the environment asks for more.
pub(super) fn cases() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(48),
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_database_shows_what_the_reference_records_show(batches in batches()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(declared(), &batches));
    }
}
