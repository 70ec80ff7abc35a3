//! Sorts the rows of `shared_changes`: which of them are entries of this log.

use std::sync::LazyLock;

use sync_log_core::judge::{self, EntryFault, FoundChange};
use sync_log_core::{DeviceId, Hlc, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, StoreError};

use super::bounds::{Horizon, lowest};
use super::rows::{Aside, Chunks, Numbered, chunk};
use crate::driver::build::{is_longer, is_text, unless_longer};
use crate::driver::{Port, Row, Template};
use crate::entity::{aside_changes, shared_changes};
use crate::store::rows::{CHANGE, data};

/// What was found.
pub(super) struct Sorted {
    /// Entries that stay.
    pub(super) kept: i64,
    /// How many rows went aside.
    pub(super) aside: usize,
    /// The oldest and the newest entry that stay.
    pub(super) range: Option<(Hlc, Hlc)>,
    /// The highest stamp, of any device, that a clock must not repeat or has seen, up to the
    /// horizon.
    pub(super) highest: Hlc,
}

/// The bounds of the entries of a log.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// The device whose entries they are.
    pub(super) device_id: DeviceId,
    /// Entries are above the floor, which never goes back, whatever another program writes there.
    pub(super) floor: Hlc,
    /// Entries are not beyond the horizon.
    pub(super) horizon: Horizon,
}

/// Puts every row aside that is not an entry of this log.
pub(super) async fn sort(db: &impl Port, adoption: i64, log: Bounds) -> Result<Sorted, StoreError> {
    let mut sorted = Sorted {
        kept: 0,
        aside: 0,
        range: None,
        highest: Hlc::ZERO,
    };
    let mut chunks = Chunks::of(&CHUNK, "shared_changes");
    loop {
        let chunk = chunks.next(db, |row| Found::read(row, log)).await?;
        if chunk.is_empty() {
            return Ok(sorted);
        }
        for Numbered { row, found } in chunk {
            sorted.take_note(&found, log.horizon);
            if let Err(fault) = found.verdict {
                ASIDE.put(db, adoption, fault.as_str(), row).await?;
            }
        }
    }
}

/// A row, as it was found.
struct Found {
    /// Its stamp, if it has one.
    hlc: Option<Hlc>,
    /// Whether it is an entry of this log, or why not.
    verdict: Result<(), EntryFault>,
}

impl Sorted {
    fn take_note(&mut self, found: &Found, horizon: Horizon) {
        if let Some(hlc) = found.hlc.filter(|hlc| horizon.allows(*hlc)) {
            self.highest = self.highest.max(hlc);
        }
        match (found.verdict, found.hlc) {
            (Ok(()), Some(hlc)) => {
                self.kept += 1;
                let (oldest, newest) = self.range.unwrap_or((hlc, hlc));
                self.range = Some((oldest.min(hlc), newest.max(hlc)));
            }
            _ => self.aside += 1,
        }
    }
}

impl Found {
    fn read(row: &Row<'_>, log: Bounds) -> Self {
        let hlc = judge::stamp(row.text(1).as_deref());
        Self {
            hlc: hlc.ok(),
            verdict: hlc.and_then(|hlc| log.judge(hlc, row)),
        }
    }
}

impl Bounds {
    /// Whether a row with this stamp is an entry of this log, or why not.
    fn judge(self, hlc: Hlc, row: &Row<'_>) -> Result<(), EntryFault> {
        judge::own_stamp(hlc, self.device_id)?;
        // No floor can be below it.
        if hlc == lowest(self.device_id) {
            return Err(EntryFault::NotFromClock);
        }
        if !self.horizon.allows(hlc) {
            return Err(EntryFault::TooFarAhead);
        }
        judge::above_floor(hlc, self.floor)?;
        let change = FoundChange {
            model_type: row.text(2),
            record_uuid: row.text(3),
            change_type: row.text(4),
            data: data(row, 5),
        };
        change.judge()?;
        if row.is_true(7) {
            Ok(())
        } else {
            Err(EntryFault::CreatedAt)
        }
    }
}

/// The columns, without values that are too long, then whether the payload is too long, and whether
/// the time is text.
static CHUNK: LazyLock<Template> = LazyLock::new(|| {
    use shared_changes::Column::{ChangeType, CreatedAt, Data, Hlc, ModelType, RecordUuid};
    let values = [
        unless_longer(Hlc, sync_log_core::Hlc::TEXT_LEN),
        unless_longer(ModelType, MAX_MODEL_TYPE_BYTES),
        unless_longer(RecordUuid, UUID_BYTES),
        unless_longer(ChangeType, UUID_BYTES),
        unless_longer(Data, MAX_DATA_BYTES),
        is_longer(Data, MAX_DATA_BYTES),
        is_text(CreatedAt),
    ];
    chunk::<shared_changes::Entity>("read what is to be adopted", values)
});

/// A UUID as text; no kind of change is longer.
pub(super) const UUID_BYTES: usize = 36;

static ASIDE: LazyLock<Aside> = LazyLock::new(|| {
    use aside_changes::Column::{
        Adoption, ChangeType, CreatedAt, Data, Hlc, ModelType, Reason, RecordUuid,
    };
    let aside = [
        Adoption, Reason, Hlc, ModelType, RecordUuid, ChangeType, Data, CreatedAt,
    ];
    Aside::of::<shared_changes::Entity, aside_changes::Entity>(&CHANGE, &aside)
});
