//! The record of what was adopted.

use std::sync::LazyLock;

use sea_orm::sea_query::Func;
use sea_orm::{ColumnTrait, EntityTrait, QuerySelect, QueryTrait};
use sync_log_core::{Hlc, StoreError};

use super::rows::ADOPT;
use crate::driver::build::insert;
use crate::driver::{Port, Template, number};
use crate::entity::{adoptions, time};

/// An adoption.
pub(super) struct Adopted<'a> {
    pub(super) number: i64,
    pub(super) cause: &'a str,
    pub(super) kept_changes: i64,
    pub(super) kept_acks: i64,
    pub(super) head: Hlc,
    pub(super) floor: Hlc,
    /// The new id of the log.
    pub(super) log_id: &'a str,
}

impl Adopted<'_> {
    /// Stores the record of this adoption.
    pub(super) async fn write(&self, db: &impl Port, now_ms: i64) -> Result<(), StoreError> {
        let [head, floor] = [self.head, self.floor].map(|hlc| hlc.to_string());
        let now = time::to_text(now_ms);
        let record = [
            self.number.into(),
            (&now).into(),
            self.cause.into(),
            self.kept_changes.into(),
            self.kept_acks.into(),
            (&head).into(),
            (&floor).into(),
            self.log_id.into(),
        ];
        db.run(&RECORD, &record).await.map(drop)
    }
}

/// The number of the newest adoption; 0 if there was none.
pub(super) async fn last(db: &impl Port) -> Result<i64, StoreError> {
    number(db, &LAST, &[]).await
}

static LAST: LazyLock<Template> = LazyLock::new(|| {
    let mut query = adoptions::Entity::find().select_only().into_query();
    query.expr(Func::max(adoptions::Column::Id.into_expr()));
    Template::build("find the newest adoption", &query)
});

/// Arguments: the columns, in the order of the table.
static RECORD: LazyLock<Template> = LazyLock::new(|| {
    use adoptions::Column::{AdoptedAt, Cause, Floor, Head, Id, KeptAcks, KeptChanges, LogId};
    let columns = [
        Id,
        AdoptedAt,
        Cause,
        KeptChanges,
        KeptAcks,
        Head,
        Floor,
        LogId,
    ];
    Template::build(ADOPT, &insert::<adoptions::Entity>(&columns))
});
