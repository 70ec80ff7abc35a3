//! What was adopted, and what went aside.

use std::path::Path;

use rusqlite::{Params, Row};
use serde::{Serialize, Serializer};
use sync_log_core::{StoreError, Uuid};

use super::Inspector;
use super::raw::{self, RawEntry};
use crate::db::SyncDb;
use crate::error::OpenError;
use crate::failure::failed;
use crate::private_copy::PrivateCopy;
use crate::statement::prepare;
use crate::store::select::limit;

/// One adoption of what another program wrote, as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adoption {
    /// Which one: 1 is the first.
    #[serde(serialize_with = "as_text")]
    pub number: i64,
    /// When, RFC 3339.
    pub adopted_at: String,
    /// What made it necessary.
    pub cause: String,
    /// Entries that stayed.
    #[serde(serialize_with = "as_text")]
    pub kept_changes: i64,
    /// Acks that stayed, not verified.
    #[serde(serialize_with = "as_text")]
    pub kept_acks: i64,
    /// Highest HLC of the log from then on.
    pub head: String,
    /// Below it everything may have been pruned.
    pub floor: String,
    /// The id that the log was given.
    pub log_id: String,
    /// What went aside.
    pub aside: Vec<Aside>,
}

/// Readers of JSON that know floating-point numbers only lose none of its digits.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn as_text<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// Rows that went aside for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aside {
    /// The table where they were found.
    pub table: String,
    /// Why they cannot stay there.
    pub reason: String,
    /// How many.
    #[serde(serialize_with = "as_text")]
    pub rows: i64,
}

/// An entry that went aside, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AsideEntry {
    /// Its number among all that went aside.
    #[serde(serialize_with = "as_text")]
    pub number: i64,
    /// In which [`Adoption`].
    #[serde(serialize_with = "as_text")]
    pub adoption: i64,
    /// Why it is not in the log.
    pub reason: String,
    /// Its columns.
    #[serde(flatten)]
    pub entry: RawEntry,
}

impl Inspector {
    /// Every adoption of this file, oldest first; none if it never had to be adopted.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read.
    pub fn adoptions(&self) -> Result<Vec<Adoption>, StoreError> {
        if !self.has_table("sync_log_adoptions")? {
            return Ok(Vec::new());
        }
        let sql = "SELECT id, adopted_at, cause, kept_changes, kept_acks, head, floor, log_id \
                   FROM sync_log_adoptions ORDER BY id";
        let mut adoptions = self.all(sql, [], |row| {
            Ok(Adoption {
                number: row.get(0)?,
                adopted_at: row.get(1)?,
                cause: row.get(2)?,
                kept_changes: row.get(3)?,
                kept_acks: row.get(4)?,
                head: row.get(5)?,
                floor: row.get(6)?,
                log_id: row.get(7)?,
                aside: Vec::new(),
            })
        })?;
        for adoption in &mut adoptions {
            adoption.aside = self.aside(adoption.number)?;
        }
        Ok(adoptions)
    }

    /// At most `limit_entries` of the entries that went aside, after the one with
    /// this number; 0 is before all.
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
        let columns = raw::COLUMNS;
        let sql = format!(
            "SELECT {columns}, id, adoption, reason FROM sync_log_aside_changes \
             WHERE id > ?1 ORDER BY id LIMIT ?2"
        );
        self.all(&sql, (after, limit(limit_entries)), |row| {
            Ok(AsideEntry {
                entry: raw::entry(row)?,
                number: row.get(6)?,
                adoption: row.get(7)?,
                reason: row.get(8)?,
            })
        })
    }

    fn aside(&self, adoption: i64) -> Result<Vec<Aside>, StoreError> {
        let sql = "SELECT 'shared_changes', reason, COUNT(*) FROM sync_log_aside_changes \
                   WHERE adoption = ?1 GROUP BY reason \
                   UNION ALL \
                   SELECT 'peer_acks', reason, COUNT(*) FROM sync_log_aside_acks \
                   WHERE adoption = ?1 GROUP BY reason";
        self.all(sql, [adoption], |row| {
            Ok(Aside {
                table: row.get(0)?,
                reason: row.get(1)?,
                rows: row.get(2)?,
            })
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let failed = |error| failed("read what was adopted", error);
        let mut query = prepare(&self.db, sql).map_err(failed)?;
        let rows = query.query_map(values, read).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }
}

/// What opening the file at `path` for this library and device would adopt: tried
/// on a copy in the system's folder for temporary files, all adoptions on record
/// included.
///
/// # Errors
/// As for [`SyncDb::open`], and [`OpenError::Unreachable`] if there is no file.
pub async fn try_adoption(
    path: &Path,
    library_id: Uuid,
    device_id: Uuid,
) -> Result<Vec<Adoption>, OpenError> {
    let copy = {
        let looked = Inspector::open(path)?;
        PrivateCopy::through(&looked.db).map_err(|error| OpenError::store(path, error))?
    };
    let copied = copy.path();
    adopt_copy(&copied, library_id, device_id)
        .await
        .map_err(|refusal| refusal.of_another(path))
}

async fn adopt_copy(
    copied: &Path,
    library_id: Uuid,
    device_id: Uuid,
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
