//! How many statements the product runs in a transaction of the app's: each of them is a hop to the
//! driver's thread and back.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::Set;
use serde_json::json;
use sync_log_sqlite::records::begin;
use sync_log_sqlite::{Change, Uuid};

use super::device::{Device, LAPTOP, Layout, PHONE, make_tables, new_tag};
use crate::common::statements::before_each;
use crate::records::gallery::{album, declared, tag};

/// A phone whose log is there.
async fn phone(layout: Layout, folder: &Path) -> Device {
    make_tables(folder);
    let phone = Device::open_in(layout, folder, PHONE, declared()).await;
    let phone = phone.unwrap();
    phone.records.log().register_peer(LAPTOP).await.unwrap();
    phone
}

impl Device {
    /// How many statements the product runs to record a change, of which `row` is the row.
    async fn statements(&self, row: Row, change: Change) -> usize {
        let txn = begin(&self.db).await.unwrap();
        match row {
            Row::Inserted(row) => drop(row.insert(&txn).await.unwrap()),
            Row::Updated(row) => drop(row.update(&txn).await.unwrap()),
            Row::Deleted(row) => drop(row.delete(&txn).await.unwrap()),
            Row::Album(row) => drop(row.insert(&txn).await.unwrap()),
        }
        let count = Rc::new(Cell::new(0));
        let counted = Rc::clone(&count);
        let listening = before_each(move |_| counted.set(counted.get() + 1));
        self.records.record_in(&txn, change).await.unwrap();
        drop(listening);
        txn.commit().await.unwrap();
        count.get()
    }
}

enum Row {
    Inserted(tag::ActiveModel),
    Updated(tag::ActiveModel),
    Deleted(tag::ActiveModel),
    Album(album::ActiveModel),
}

#[tokio::test]
async fn a_change_of_a_record_without_keys_is_recorded_with_four_statements_or_five() {
    for (layout, most) in [(Layout::Attached, 4), (Layout::Outbox, 5)] {
        let folder = tempfile::tempdir().unwrap();
        let phone = phone(layout, folder.path()).await;
        let id = Uuid::from_u128(1);
        let row = album::ActiveModel {
            id: Set(id),
            title: Set("sea".to_owned()),
            cover: Set(None),
            opened: Set(0),
        };
        let change = Change::insert("album", id, &json!({ "title": "sea" })).unwrap();
        let change = change.model_version(1);
        let count = phone.statements(Row::Album(row), change).await;
        assert!(count <= most, "{layout:?}: {count}");
    }
}

#[tokio::test]
async fn a_unique_key_takes_three_more_statements() {
    for (layout, most) in [(Layout::Attached, 7), (Layout::Outbox, 8)] {
        let folder = tempfile::tempdir().unwrap();
        let phone = phone(layout, folder.path()).await;
        let id = Uuid::from_u128(1);
        let sea = json!({ "name": "sea" });
        let beach = json!({ "name": "beach" });
        let changes = [
            (
                Row::Inserted(new_tag(1, "sea")),
                Change::insert("tag", id, &sea).unwrap(),
            ),
            (
                Row::Updated(new_tag(1, "beach")),
                Change::update("tag", id, &beach).unwrap(),
            ),
            (Row::Deleted(new_tag(1, "beach")), Change::delete("tag", id)),
        ];
        for (row, change) in changes {
            let what = change.change_type;
            let count = phone.statements(row, change).await;
            assert!(count <= most, "{layout:?}, {what}: {count}");
        }
    }
}
