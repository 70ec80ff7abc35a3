//! Rows of a legacy log.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sync_log_core::judge::{self, EntryFault};
use sync_log_core::{Change, ChangeType, DeviceId, JsonText, StoreError, Uuid, parse_uuid};

use super::error::ImportError;
use super::log::LegacyLog;
use crate::driver::raw::legacy::{DATA, FIRST_ROWS, NEXT_ROWS, UNORDERED};
use crate::driver::{Argument, Cell, Port, Row, in_place, one};
use crate::entity::time;
use crate::store::rows::{Columns, data};

/// The change type of a marker, which the leader wrote for many changes at once.
const MARKER: &str = "bulk_insert";

/// The position of a reader in the legacy log: after this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    sequence: i64,
    rowid: i64,
}

/// A row, judged.
pub(super) struct LegacyRow {
    pub(super) position: Place,
    pub(super) what: What,
}

impl LegacyRow {
    pub(super) fn sequence(&self) -> i64 {
        self.position.sequence
    }
}

pub(super) enum What {
    /// A change of the device, and when it was made, if that can be read.
    Change(Change, Option<i64>),
    /// A marker of many changes of the device, which the log does not contain.
    Marker,
    /// A row of that other device.
    Other(Uuid),
    /// A row that cannot be read, for this reason.
    Unreadable(&'static str),
}

impl What {
    fn data_bytes(&self) -> usize {
        match self {
            Self::Change(change, _) => change.data.len_bytes(),
            _ => 0,
        }
    }
}

impl LegacyLog {
    /// At most `rows` rows after `after`, or from the start, and not many more than
    /// `bytes` of payload.
    pub(super) fn page(
        &self,
        device: DeviceId,
        after: Option<Place>,
        rows: usize,
        bytes: usize,
    ) -> Result<Vec<LegacyRow>, ImportError> {
        let rows = Argument::from(rows);
        let (query, arguments) = match after {
            None => (&FIRST_ROWS, vec![rows]),
            Some(Place { sequence, rowid }) => {
                (&NEXT_ROWS, vec![sequence.into(), rowid.into(), rows])
            }
        };
        let mut page = Vec::new();
        let mut read_bytes = 0;
        let read = self.db.rows(query, &arguments, |row| {
            let mut columns = Columns::keyed(row, "sync_log", 0);
            let position = Place {
                sequence: columns.integer("sequence")?,
                rowid: columns.integer("rowid")?,
            };
            let what = self.judge(row, position, device)?;
            read_bytes += what.data_bytes();
            page.push(LegacyRow { position, what });
            Ok(if read_bytes > bytes {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        });
        in_place(read).map_err(|error| self.failed(error))?;
        Ok(page)
    }

    fn judge(&self, row: &Row<'_>, position: Place, device: DeviceId) -> Result<What, StoreError> {
        match uuid(row, 2) {
            None => return Ok(What::Unreadable("device_id is no UUID")),
            Some(other) if other != device => return Ok(What::Other(other)),
            Some(_) => {}
        }
        if row.text(6).as_deref() == Some(MARKER) {
            return Ok(What::Marker);
        }
        let head = match head(row) {
            Ok(head) => head,
            Err(reason) => return Ok(What::Unreadable(reason)),
        };
        Ok(match self.data(position)? {
            Ok(data) => {
                let change = Change {
                    model_type: head.model_type,
                    record_uuid: head.record_uuid,
                    change_type: head.change_type,
                    data,
                    model_version: 0,
                };
                What::Change(change, row.text(3).as_deref().and_then(time::of_legacy_row))
            }
            Err(fault) => What::Unreadable(fault.as_str()),
        })
    }

    /// The data of one row, once it is known that it is wanted.
    fn data(&self, position: Place) -> Result<Result<JsonText, EntryFault>, StoreError> {
        in_place(one(&self.db, &DATA, &[position.rowid.into()], |row| {
            Ok(judge::data(data(row, 0)))
        }))
    }

    /// Returns the devices that the rows mention, without the data of any row.
    ///
    /// # Errors
    /// [`ImportError::Read`].
    pub fn devices(&self) -> Result<BTreeSet<DeviceId>, ImportError> {
        let mut devices = BTreeSet::new();
        let all = [usize::MAX.into()];
        let read = self.db.rows(&FIRST_ROWS, &all, |row| {
            devices.extend(uuid(row, 2).map(DeviceId::from));
            Ok(ControlFlow::Continue(()))
        });
        in_place(read).map_err(|error| self.failed(error))?;
        Ok(devices)
    }

    /// How many rows have no sequence number, and so no position in the order.
    pub(super) fn unordered(&self) -> Result<u64, ImportError> {
        self.count(&UNORDERED)
    }
}

/// A change without its data.
struct Head {
    model_type: String,
    record_uuid: Uuid,
    change_type: ChangeType,
}

fn head(row: &Row<'_>) -> Result<Head, &'static str> {
    Ok(Head {
        model_type: judge::model_type(row.text(4)).map_err(EntryFault::as_str)?,
        record_uuid: uuid(row, 5).ok_or("record_id is no UUID")?,
        change_type: judge::change_type(row.text(6).as_deref()).map_err(EntryFault::as_str)?,
    })
}

/// Sixteen bytes, or text.
fn uuid(row: &Row<'_>, column: usize) -> Option<Uuid> {
    match row.cell(column) {
        Cell::Bytes(bytes) => Uuid::from_slice(&bytes).ok(),
        Cell::Text(text) => parse_uuid(&text),
        _ => None,
    }
}
