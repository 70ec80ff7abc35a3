//! A receiver's tables: the versions of records, and what ties records together.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{ConditionalStatement, Index};

use super::schema::{self, blob, index_on, integer, make_index, owned, table, text};
use super::step::{Migration, count};
use crate::driver::Template;
use crate::entity::{ties, versions};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_records_0001_versions",
    owns: || {
        vec![
            owned::<versions::Entity>(&[], &[NOT_SHOWN]),
            owned::<ties::Entity>(&[], &[TIES_OF_RECORD]),
        ]
    },
    make: || {
        vec![
            make_versions(),
            index_what_is_not_shown(),
            make_ties(),
            index_ties(),
        ]
    },
    adds: Vec::new,
    fill: Vec::new,
    remove: || {
        vec![
            schema::remove::<ties::Entity>(),
            schema::remove::<versions::Entity>(),
        ]
    },
    // Without versions, a change that comes late would win over a later one.
    keeps: || {
        vec![(
            count::<versions::Entity>(),
            "records have versions that later changes need",
        )]
    },
};

const NOT_SHOWN: &str = "idx_sync_log_versions_not_shown";

const TIES_OF_RECORD: &str = "idx_sync_log_ties_record";

/// Without row ids: each version is looked up by its record.
fn make_versions() -> Template {
    use versions::Column::{
        ChangeType, Data, Deleted, Detail, Digest, Hlc, Inserted, ModelType, ModelVersion, Parts,
        RecordUuid, Standing,
    };
    let mut versions = table::<versions::Entity>([
        text(ModelType).not_null().to_owned(),
        text(RecordUuid).not_null().to_owned(),
        text(Hlc).not_null().to_owned(),
        blob(Digest).not_null().to_owned(),
        text(ChangeType).not_null().to_owned(),
        integer(ModelVersion).not_null().to_owned(),
        text(Data).not_null().to_owned(),
        text(Inserted).not_null().to_owned(),
        text(Deleted),
        text(Parts),
        text(Standing).not_null().to_owned(),
        text(Detail),
    ]);
    versions.primary_key(Index::create().col(ModelType).col(RecordUuid));
    schema::make(versions.extra("WITHOUT ROWID"))
}

/// What is not shown is asked for often, and is little of many records.
fn index_what_is_not_shown() -> Template {
    use versions::Column::{ModelType, RecordUuid, Standing};
    let mut index = index_on::<versions::Entity>(NOT_SHOWN, &[ModelType, RecordUuid]);
    make_index(index.and_where(Standing.eq("not_shown")))
}

fn make_ties() -> Template {
    use ties::Column::{ModelType, RecordUuid, Tie};
    let mut ties = table::<ties::Entity>([
        text(Tie).not_null().to_owned(),
        text(ModelType).not_null().to_owned(),
        text(RecordUuid).not_null().to_owned(),
    ]);
    ties.primary_key(Index::create().col(Tie).col(ModelType).col(RecordUuid));
    schema::make(ties.extra("WITHOUT ROWID"))
}

fn index_ties() -> Template {
    use ties::Column::{ModelType, RecordUuid};
    make_index(&index_on::<ties::Entity>(
        TIES_OF_RECORD,
        &[ModelType, RecordUuid],
    ))
}
