//! The record of adoptions, and the rows that went aside.

use std::path::Path;
use std::sync::LazyLock;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::{Serialize, Serializer};
use sync_log_core::{DeviceId, LibraryId, LogError, StoreError, StoreFault};

use super::inspector::Inspector;
use super::raw::{self, RawEntry};
use crate::driver::build::count_rows;
use crate::driver::{Port, Row, Template, all, argument, argument_rows, in_place};
use crate::entity::{adoptions, aside_acks, aside_changes};
use crate::open::OpenError;
use crate::open::PrivateCopy;
use crate::open::SyncDb;
use crate::store::rows::Columns;

/// One adoption of rows that another program wrote, as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adoption {
    /// The number of the adoption: 1 is the first.
    #[serde(serialize_with = "as_text")]
    pub number: i64,
    /// When the adoption was committed, RFC 3339.
    pub adopted_at: String,
    /// Why the adoption was necessary.
    pub cause: String,
    /// How many entries stayed.
    #[serde(serialize_with = "as_text")]
    pub kept_changes: i64,
    /// How many acks stayed, not verified.
    #[serde(serialize_with = "as_text")]
    pub kept_acks: i64,
    /// The head of the log from then on.
    pub head: String,
    /// The floor of the log from then on: every entry up to it may have been pruned.
    pub floor: String,
    /// The new id of the log.
    pub log_id: String,
    /// The rows that went aside, by table and reason.
    pub aside: Vec<Aside>,
}

/// As text, the number keeps its digits even in readers of JSON that know floating-point numbers
/// only.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn as_text<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// Rows that went aside for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aside {
    /// The table from which the rows were moved.
    pub table: String,
    /// Why the rows could not stay there.
    pub reason: String,
    /// How many.
    #[serde(serialize_with = "as_text")]
    pub rows: i64,
}

/// An entry that went aside, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AsideEntry {
    /// The number of the entry among all that went aside.
    #[serde(serialize_with = "as_text")]
    pub number: i64,
    /// The number of its [`Adoption`].
    #[serde(serialize_with = "as_text")]
    pub adoption: i64,
    /// Why the entry is not in the log.
    pub reason: String,
    /// The columns of the entry.
    #[serde(flatten)]
    pub entry: RawEntry,
}

impl Inspector {
    /// Returns every adoption of this file, oldest first.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn adoptions(&self) -> Result<Vec<Adoption>, StoreError> {
        if !self.has_table("sync_log_adoptions")? {
            return Ok(Vec::new());
        }
        in_place(adoptions(&self.db))
    }

    /// Returns at most `limit_entries` of the entries that went aside, after the one with this
    /// number. Pass 0 to start at the first.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn aside_changes(
        &self,
        after: i64,
        limit_entries: usize,
    ) -> Result<Vec<AsideEntry>, StoreError> {
        if !self.has_table("sync_log_aside_changes")? {
            return Ok(Vec::new());
        }
        let arguments = [after.into(), limit_entries.into()];
        in_place(all(&self.db, &READ_ASIDE_CHANGES, &arguments, |row| {
            let mut aside = Columns::keyed(row, "sync_log_aside_changes", 6);
            Ok(AsideEntry {
                number: aside.integer("id")?,
                adoption: aside.integer("adoption")?,
                reason: aside.text("reason")?.into_owned(),
                entry: raw::entry(row),
            })
        }))
    }
}

async fn adoptions(db: &impl Port) -> Result<Vec<Adoption>, StoreError> {
    let mut adoptions = all(db, &READ_ADOPTIONS, &[], adoption).await?;
    for adoption in &mut adoptions {
        for (of, table, count) in [
            (
                "shared_changes",
                "sync_log_aside_changes",
                &COUNT_ASIDE_CHANGES,
            ),
            ("peer_acks", "sync_log_aside_acks", &COUNT_ASIDE_ACKS),
        ] {
            let number = [adoption.number.into()];
            let aside = all(db, count, &number, |row| {
                let mut counted = Columns::keyed(row, table, 0);
                Ok(Aside {
                    table: of.to_owned(),
                    reason: counted.text("reason")?.into_owned(),
                    rows: counted.integer("reason")?,
                })
            });
            adoption.aside.extend(aside.await?);
        }
    }
    Ok(adoptions)
}

fn adoption(row: &Row<'_>) -> Result<Adoption, StoreError> {
    let mut columns = Columns::keyed(row, "sync_log_adoptions", 0);
    Ok(Adoption {
        number: columns.integer("id")?,
        adopted_at: columns.text("adopted_at")?.into_owned(),
        cause: columns.text("cause")?.into_owned(),
        kept_changes: columns.integer("kept_changes")?,
        kept_acks: columns.integer("kept_acks")?,
        head: columns.text("head")?.into_owned(),
        floor: columns.text("floor")?.into_owned(),
        log_id: columns.text("log_id")?.into_owned(),
        aside: Vec::new(),
    })
}

static READ_ADOPTIONS: LazyLock<Template> = LazyLock::new(|| {
    let query = adoptions::Entity::find().order_by_asc(adoptions::Column::Id);
    Template::build(READ, &query.into_query())
});

/// Arguments: the number that they are above, and how many.
static READ_ASIDE_CHANGES: LazyLock<Template> = LazyLock::new(|| {
    use aside_changes::Column::{
        Adoption, ChangeType, CreatedAt, Data, Hlc, Id, ModelType, Reason, RecordUuid,
    };
    let entry = [Hlc, ModelType, RecordUuid, ChangeType, Data, CreatedAt];
    let query = aside_changes::Entity::find()
        .select_only()
        .columns(entry)
        .columns([Id, Adoption, Reason])
        .filter(Id.gt(argument(0)))
        .order_by_asc(Id)
        .limit(argument_rows(1));
    Template::build(READ, &query.into_query())
});

static COUNT_ASIDE_CHANGES: LazyLock<Template> = LazyLock::new(|| {
    use aside_changes::Column::{Adoption, Reason};
    count_by_reason::<aside_changes::Entity>(Adoption, Reason)
});

static COUNT_ASIDE_ACKS: LazyLock<Template> = LazyLock::new(|| {
    use aside_acks::Column::{Adoption, Reason};
    count_by_reason::<aside_acks::Entity>(Adoption, Reason)
});

/// Argument: the adoption.
fn count_by_reason<E: EntityTrait>(adoption: E::Column, reason: E::Column) -> Template {
    let mut query = E::find()
        .select_only()
        .column(reason)
        .filter(adoption.eq(argument(0)))
        .group_by(reason)
        .order_by_asc(reason)
        .into_query();
    query.expr(count_rows());
    Template::build(READ, &query)
}

const READ: &str = "read what was adopted";

/// Returns what opening the file at `path` for this library and device would adopt. It opens a copy
/// in the system's folder for temporary files, and returns all adoptions of the copy, including
/// earlier ones.
///
/// # Errors
/// As for [`SyncDb::open`], and [`OpenError::Unreachable`] if there is no file.
pub async fn try_adoption(
    path: &Path,
    library_id: impl Into<LibraryId>,
    device_id: impl Into<DeviceId>,
) -> Result<Vec<Adoption>, OpenError> {
    let copy = {
        let looked = Inspector::open(path)?;
        PrivateCopy::through(&looked.db).map_err(|error| OpenError::store(path, error))?
    };
    let copied = copy.path();
    adopt_copy(&copied, library_id.into(), device_id.into())
        .await
        .map_err(|refusal| of_the_file(refusal, &copy, path))
}

/// What the storage refused is refused by the folder of the copy, except damage, which is copied too.
fn of_the_file(refusal: OpenError, copy: &PrivateCopy, path: &Path) -> OpenError {
    let Some(LogError::Store(error)) = refusal.as_log_error() else {
        return refusal.of_another(path);
    };
    if error.fault() == StoreFault::Corrupt {
        return refusal.of_another(path);
    }
    // A copy that was closed and is not whole is of no use, and its cause says why.
    let cause = error.source_as::<StoreError>().unwrap_or(error);
    OpenError::store(path, copy.failed(cause.clone()))
}

async fn adopt_copy(
    copied: &Path,
    library_id: LibraryId,
    device_id: DeviceId,
) -> Result<Vec<Adoption>, OpenError> {
    let folder = copied.parent().unwrap_or(copied);
    let log = SyncDb::open(library_id, device_id, folder).await?;
    let closed = log.close().await;
    closed.map_err(|error| OpenError::log(copied, error))?;
    let inspector = Inspector::open(copied)?;
    inspector
        .adoptions()
        .map_err(|error| OpenError::store(copied, error))
}
