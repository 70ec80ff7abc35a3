//! What a device has from before its app shared its records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sync_log_core::{
    BASELINE_COUNTER, Change, ChangeType, DeviceId, Hlc, JsonText, SharedChangeEntry,
};

use super::edits::make_all;
use super::release::{Payload, Release};
use super::rows::Rows;
use super::step::{Edit, References};
use crate::trace::START_MS;

/// When an app appended its changes to a log of which it shared no records yet.
pub const LOGGED_MS: i64 = START_MS - 2 * 3_600_000;

/// How a device begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Start {
    /// The release of its app.
    pub release: Release,
    pub past: Past,
}

impl From<Release> for Start {
    /// A device without a past.
    fn from(release: Release) -> Self {
        Self {
            release,
            past: Past::default(),
        }
    }
}

/// What an app did before it shared its records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    pub edits: Vec<Edit>,
    /// Whether it appended its changes to a log.
    pub is_logged: bool,
    /// When all of its rows were changed last, as far as it knows, in ms since the Unix epoch.
    pub changed_ms: Option<i64>,
}

impl Start {
    /// The rows that the app has, and the changes that made them.
    pub fn made(&self) -> (Rows, Vec<Change>) {
        let mut rows = Rows::new(self.release, BTreeMap::new());
        let mut changes = Vec::new();
        for edit in &self.past.edits {
            let mut after = rows.clone();
            let none = BTreeSet::new();
            let made = make_all(&mut after, &none, &[*edit], References::Checked);
            if !made.is_empty() {
                rows = after;
                changes.extend(made.into_iter().map(|it| it.change));
            }
        }
        (rows, changes)
    }

    /// The entries that the app has appended to the log of this device.
    pub fn logged(&self, own: DeviceId) -> Vec<SharedChangeEntry> {
        if !self.past.is_logged {
            return Vec::new();
        }
        let (_, changes) = self.made();
        let stamped = (0..).zip(changes);
        let stamped = stamped.map(|(number, it)| it.stamped(stamp(LOGGED_MS, number, own)));
        stamped.collect()
    }

    /// What the rows count as: insertions that are in no log. No clock gives their stamps, and no row was
    /// changed after now.
    pub fn baseline(&self, own: DeviceId) -> Vec<SharedChangeEntry> {
        let changed_ms = self.past.changed_ms.map(|ms| ms.min(START_MS));
        let hlc = stamp(changed_ms.unwrap_or_default(), BASELINE_COUNTER, own);
        let (rows, _) = self.made();
        let entries = rows.rows.iter().map(|(id, row)| SharedChangeEntry {
            hlc,
            model_type: id.model_type.clone(),
            record_uuid: id.record_uuid,
            change_type: ChangeType::Insert,
            data: data(row),
            model_version: self.release.version(&id.model_type).unwrap_or_default(),
            group_end: true,
        });
        entries.collect()
    }
}

fn stamp(ms: i64, counter: u64, own: DeviceId) -> Hlc {
    Hlc::new(
        u64::try_from(ms).unwrap_or_default(),
        counter,
        own.as_uuid(),
    )
}

fn data(row: &Payload) -> JsonText {
    let members = row.clone().into_iter();
    members.collect::<Value>().into()
}
