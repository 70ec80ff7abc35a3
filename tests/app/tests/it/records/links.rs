//! The links of the gallery, applied by hand: what the entity would show, by code of the app.

use proptest::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use sync_log_sqlite::Uuid;
use sync_log_sqlite::receive::{Facts, Models as _, Need, Reading, RecordId, Reference};
use sync_log_sqlite::records::{Answer, Applier, DeclaredModels, Models};

use super::gallery::{Gallery, album, link, photo, tag};
use super::history::{batches, cases, play};

struct Links {
    follows: &'static [&'static str],
}

#[async_trait::async_trait]
impl Applier for Links {
    fn tables(&self) -> &[&str] {
        &["link"]
    }

    fn members(&self) -> &[&str] {
        &["id", "photo", "album"]
    }

    fn revision(&self) -> u32 {
        1
    }

    fn follows(&self) -> &[&str] {
        self.follows
    }

    fn facts(&self, payload: &Value) -> Facts {
        let reference = |member: &str, need| {
            let to = payload[member].as_str()?.parse().ok()?;
            Some(Reference {
                member: member.to_owned(),
                to: RecordId::new(member, to),
                need,
            })
        };
        let references = [
            reference("photo", Need::Must),
            reference("album", Need::Follows),
        ];
        Facts {
            references: references.into_iter().flatten().collect(),
            keys: Vec::new(),
        }
    }

    async fn show(
        &self,
        txn: &DatabaseTransaction,
        record: Uuid,
        payload: &Value,
    ) -> Result<Answer, DbErr> {
        let mut row = payload.clone();
        row["id"] = record.to_string().into();
        let Ok(row) = serde_json::from_value::<link::Model>(row) else {
            return Ok(Answer::Refused("it is no link".to_owned()));
        };
        let overwrites = OnConflict::column(link::Column::Id)
            .update_columns([link::Column::Photo, link::Column::Album])
            .to_owned();
        let insert = link::Entity::insert(row.into_active_model()).on_conflict(overwrites);
        Answer::of(insert.exec_without_returning(txn).await)
    }

    async fn hide(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<(), DbErr> {
        let deleted = link::Entity::delete_by_id(record).exec(txn).await;
        deleted.map(drop)
    }

    async fn read(&self, txn: &DatabaseTransaction, record: Uuid) -> Result<Option<Value>, DbErr> {
        let row = link::Entity::find_by_id(record).one(txn).await?;
        Ok(row.map(|row| serde_json::to_value(row).unwrap()))
    }

    async fn records_after(
        &self,
        txn: &DatabaseTransaction,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Uuid>, DbErr> {
        let mut query = link::Entity::find().order_by_asc(link::Column::Id);
        if let Some(after) = after {
            query = query.filter(link::Column::Id.gt(after));
        }
        let rows = query.limit(limit as u64).all(txn).await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}

fn declared(follows: &'static [&'static str]) -> DeclaredModels {
    Models::new()
        .entity::<tag::Entity>("tag")
        .entity::<album::Entity>("album")
        .version(1)
        .per_field(1)
        .entity::<photo::Entity>("photo")
        .by_hand("link", Links { follows })
}

#[tokio::test]
async fn records_follow_only_what_the_applier_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let gallery = Gallery::made(&path).await;
    let one = Uuid::from_u128(1);
    let payload = serde_json::json!({ "photo": one, "album": one }).into();
    for (named, need) in [(&["album"][..], Need::Follows), (&[], Need::Must)] {
        let models = declared(named).register(&gallery.db).await.unwrap();
        let Reading::Readable(facts) = models.read("link", 0, &payload) else {
            panic!("a link is read");
        };
        let needs: Vec<_> = facts.references.iter().map(|it| it.need).collect();
        assert_eq!(needs, [Need::Must, need]);
        let is_declared = need == Need::Follows;
        assert_eq!(models.is_followed("album"), is_declared);
        assert_eq!(models.is_follower("link"), is_declared);
        assert!(!models.is_follower("album"));
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn an_applier_shows_what_the_reference_records_show(batches in batches()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(declared(&["album"]), &batches));
    }
}
