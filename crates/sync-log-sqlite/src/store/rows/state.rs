//! Whose log it is, and where it stands: rows of `sync_log_identity` and `sync_log_state`.

use sync_log_core::{
    Altered, ChainFault, Hlc, LogIdentity, LogState, Mark, StoreError, Tag, Uuid, parse_uuid,
};

use super::columns::{Columns, Key};
use crate::entity::{identity, state};

/// The columns that [`identity`] reads, and of which [`state`] reads the first.
pub(crate) const IDENTITY: [identity::Column; 3] = [
    identity::Column::LibraryId,
    identity::Column::DeviceId,
    identity::Column::LogId,
];

/// The columns that [`state`] reads after those of [`IDENTITY`].
pub(crate) const STATE: [state::Column; 11] = [
    state::Column::Head,
    state::Column::HeadTag,
    state::Column::Floor,
    state::Column::FloorTag,
    state::Column::HighWater,
    state::Column::Settled,
    state::Column::Solo,
    state::Column::PeersDeclared,
    state::Column::WithRecords,
    state::Column::AlteredAt,
    state::Column::Altered,
];

pub(crate) fn state(columns: &mut Columns<'_, '_>) -> Result<LogState, StoreError> {
    let identity = identity(columns)?;
    columns.row_of("sync_log_state", Key::Is("1"));
    let head = Mark {
        hlc: stamp(columns, "head")?,
        tag: tag(columns, "head_tag")?,
    };
    let floor = Mark {
        hlc: stamp(columns, "floor")?,
        tag: tag(columns, "floor_tag")?,
    };
    let high_water = stamp(columns, "high_water")?;
    let settled = stamp(columns, "settled")?;
    let solo = columns.integer("solo")? != 0;
    let peers_declared = columns.integer("peers_declared")? != 0;
    let with_records = columns.integer("with_records")? != 0;
    let altered = altered(columns);
    Ok(LogState {
        identity,
        head,
        floor,
        high_water,
        settled,
        solo,
        peers_declared,
        with_records,
        altered,
    })
}

/// Any value in the columns counts as a finding, even if this program did not write it.
fn altered(columns: &mut Columns<'_, '_>) -> Option<Altered> {
    let at = columns.any_or_null();
    let what = columns.any_or_null();
    (at.is_some() || what.is_some()).then(|| Altered {
        hlc: at.and_then(|at| at.parse().ok()).unwrap_or(Hlc::ZERO),
        fault: what
            .and_then(|what| ChainFault::from_stored(&what))
            .unwrap_or(ChainFault::OtherTag),
    })
}

pub(crate) fn identity(columns: &mut Columns<'_, '_>) -> Result<LogIdentity, StoreError> {
    columns.row_of("sync_log_identity", Key::Is("1"));
    Ok(LogIdentity {
        library_id: id(columns, "library_id")?.into(),
        device_id: id(columns, "device_id")?.into(),
        log_id: id(columns, "log_id")?,
    })
}

fn id(columns: &mut Columns<'_, '_>, column: &str) -> Result<Uuid, StoreError> {
    let text = columns.text(column)?;
    parse_uuid(&text).ok_or_else(|| columns.damaged(column))
}

fn stamp(columns: &mut Columns<'_, '_>, column: &str) -> Result<Hlc, StoreError> {
    let text = columns.text(column)?;
    text.parse().map_err(|_| columns.damaged(column))
}

fn tag(columns: &mut Columns<'_, '_>, column: &str) -> Result<Tag, StoreError> {
    let text = columns.text(column)?;
    text.parse().map_err(|_| columns.damaged(column))
}
