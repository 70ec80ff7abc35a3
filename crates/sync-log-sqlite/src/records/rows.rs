//! Records as they are stored: rows of `sync_log_versions`.

use std::collections::BTreeMap;

use sea_orm::IdenStatic;
use serde::{Deserialize, Serialize};
use sync_log_core::judge::{self, FoundData};
use sync_log_core::receive::{Field, Record, RecordId, Source, Standing, Version, WhyNotShown};
use sync_log_core::{Digest, Hlc, JsonText, StoreError};

use crate::driver::failure::corrupt;
use crate::driver::{Cell, Row};
use crate::entity::versions::Column;

/// The columns, in the order of the table, in which they are read and written.
pub(super) const COLUMNS: [Column; 12] = [
    Column::ModelType,
    Column::RecordUuid,
    Column::Hlc,
    Column::Digest,
    Column::ChangeType,
    Column::ModelVersion,
    Column::Data,
    Column::Inserted,
    Column::Deleted,
    Column::Parts,
    Column::Standing,
    Column::Detail,
];

/// The position in [`COLUMNS`] of the one that is bytes, which JSON writes as hexadecimal digits.
pub(super) const DIGEST: usize = 3;

/// A record as JSON: an array of the [`COLUMNS`].
pub(super) fn write(id: &RecordId, record: &Record) -> String {
    let version = &record.version;
    let (standing, detail) = standing_texts(&record.standing);
    let deleted = Some(version.deleted).filter(|deleted| !deleted.is_zero());
    json(&(
        &id.model_type,
        id.record_uuid.to_string(),
        version.source.hlc.to_string(),
        version.source.digest.to_string(),
        version.change_type.as_str(),
        version.model_version,
        version.data.as_str(),
        version.inserted.to_string(),
        deleted.map(|deleted| deleted.to_string()),
        Parts::of(version).map(|parts| json(&parts)),
        standing,
        detail,
    ))
}

/// Reads a record.
///
/// # Errors
/// A row that cannot be read is damage, and named.
pub(super) fn read(row: &Row<'_>) -> Result<(RecordId, Record), StoreError> {
    let cells = Cells { row };
    let parts: Parts = cells.json(Column::Parts)?.unwrap_or_default();
    let fields = parts.fields.map(|fields| {
        let fields = fields.into_iter();
        fields.map(|(name, field)| (name, field.into())).collect()
    });
    let version = Version {
        source: Source {
            hlc: cells.hlc(Column::Hlc)?,
            digest: cells.digest()?,
        },
        change_type: cells.judged(Column::ChangeType, |text| judge::change_type(text).ok())?,
        model_version: cells.model_version()?,
        data: cells.judged(Column::Data, |text| {
            judge::data(FoundData::Text(text?.into())).ok()
        })?,
        inserted: cells.hlc(Column::Inserted)?,
        deleted: match cells.cell(Column::Deleted) {
            Cell::Null => Hlc::ZERO,
            _ => cells.hlc(Column::Deleted)?,
        },
        updated: parts.updated,
        fields,
    };
    let record = Record {
        version,
        standing: cells.standing()?,
    };
    Ok((cells.id()?, record))
}

/// Reads which record is not shown, and why.
pub(super) fn not_shown(row: &Row<'_>) -> Result<(RecordId, WhyNotShown), StoreError> {
    let key = row.text(1).unwrap_or_default();
    let damaged = |column: Column| corrupt("sync_log_versions", &key, column.as_str());
    let model_type = row.text(0).ok_or_else(|| damaged(Column::ModelType))?;
    let record_uuid = judge::record_uuid(row.text(1).as_deref());
    let record_uuid = record_uuid.map_err(|_| damaged(Column::RecordUuid))?;
    let why = row.text(2).and_then(|why| serde_json::from_str(&why).ok());
    let id = RecordId::new(model_type, record_uuid);
    Ok((id, why.ok_or_else(|| damaged(Column::Detail))?))
}

/// The parts of a version that are stored beside its highest change. The form is frozen. A value is stored
/// as a string that holds JSON text. The string keeps the bytes of the text, and the stored JSON nests no
/// more deeply than the payload.
#[derive(Default, Serialize, Deserialize)]
struct Parts {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    updated: BTreeMap<u32, Hlc>,
    /// `None` if members were never merged separately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fields: Option<BTreeMap<String, StoredField>>,
}

#[derive(Serialize, Deserialize)]
struct StoredField {
    hlc: Hlc,
    digest: Digest,
    model_version: u32,
    value: JsonText,
}

impl Parts {
    fn of(version: &Version) -> Option<Self> {
        if version.updated.is_empty() && version.fields.is_none() {
            return None;
        }
        let fields = version.fields.as_ref().map(|fields| {
            let fields = fields.iter();
            fields
                .map(|(name, field)| (name.clone(), field.into()))
                .collect()
        });
        Some(Self {
            updated: version.updated.clone(),
            fields,
        })
    }
}

impl From<&Field> for StoredField {
    fn from(field: &Field) -> Self {
        Self {
            hlc: field.source.hlc,
            digest: field.source.digest,
            model_version: field.model_version,
            value: field.value.clone(),
        }
    }
}

impl From<StoredField> for Field {
    fn from(field: StoredField) -> Self {
        Self {
            source: Source {
                hlc: field.hlc,
                digest: field.digest,
            },
            model_version: field.model_version,
            value: field.value,
        }
    }
}

/// A standing, and the JSON of what there is to say about it.
fn standing_texts(standing: &Standing) -> (&'static str, Option<String>) {
    match standing {
        Standing::Deleted => (DELETED, None),
        Standing::Shown { emptied } if emptied.is_empty() => (SHOWN, None),
        Standing::Shown { emptied } => (SHOWN, Some(json(emptied))),
        Standing::NotShown(why) => (NOT_SHOWN, Some(json(why))),
    }
}

const DELETED: &str = "deleted";
const SHOWN: &str = "shown";
const NOT_SHOWN: &str = "not_shown";

/// The cells of a row that has the [`COLUMNS`].
struct Cells<'r, 'a> {
    row: &'r Row<'a>,
}

impl<'a> Cells<'_, 'a> {
    fn cell(&self, column: Column) -> Cell<'a> {
        self.row.cell(position(column))
    }

    fn judged<T>(
        &self,
        column: Column,
        judge: impl FnOnce(Option<&str>) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text = self.row.text(position(column));
        judge(text.as_deref()).ok_or_else(|| self.damaged(column))
    }

    fn hlc(&self, column: Column) -> Result<Hlc, StoreError> {
        self.judged(column, |text| text?.parse().ok())
    }

    fn id(&self) -> Result<RecordId, StoreError> {
        let model_type = self.judged(Column::ModelType, |text| text.map(str::to_owned))?;
        let record_uuid = self.judged(Column::RecordUuid, |text| judge::record_uuid(text).ok())?;
        Ok(RecordId::new(model_type, record_uuid))
    }

    fn digest(&self) -> Result<Digest, StoreError> {
        let Cell::Bytes(bytes) = self.cell(Column::Digest) else {
            return Err(self.damaged(Column::Digest));
        };
        let bytes = (*bytes).try_into();
        bytes
            .map(Digest::from_bytes)
            .map_err(|_| self.damaged(Column::Digest))
    }

    fn model_version(&self) -> Result<u32, StoreError> {
        let number = self.row.integer(position(Column::ModelVersion));
        let number = number.and_then(|number| number.try_into().ok());
        number.ok_or_else(|| self.damaged(Column::ModelVersion))
    }

    /// The value of a column of JSON; `None` for NULL.
    fn json<T: for<'de> Deserialize<'de>>(&self, column: Column) -> Result<Option<T>, StoreError> {
        if self.cell(column) == Cell::Null {
            return Ok(None);
        }
        self.judged(column, |text| serde_json::from_str(text?).ok())
            .map(Some)
    }

    fn standing(&self) -> Result<Standing, StoreError> {
        let standing = self.judged(Column::Standing, |text| text.map(str::to_owned))?;
        match standing.as_str() {
            DELETED => Ok(Standing::Deleted),
            SHOWN => Ok(Standing::Shown {
                emptied: self.json(Column::Detail)?.unwrap_or_default(),
            }),
            NOT_SHOWN => {
                let why = self.json(Column::Detail)?;
                let why = why.ok_or_else(|| self.damaged(Column::Detail))?;
                Ok(Standing::NotShown(why))
            }
            _ => Err(self.damaged(Column::Standing)),
        }
    }

    fn damaged(&self, column: Column) -> StoreError {
        let text = |part| self.row.text(position(part)).unwrap_or_default();
        let key = format!("{} {}", text(Column::ModelType), text(Column::RecordUuid));
        corrupt("sync_log_versions", &key, column.as_str())
    }
}

fn position(column: Column) -> usize {
    column as usize
}

/// JSON of a value of this crate's own.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("values of this crate have a JSON form")
}
