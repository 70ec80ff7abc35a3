//! What a check found.

use std::fmt;

use super::setup::Name;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A row of the app's tables has no version that is shown.
    RowWithoutVersion,
    /// A version that is shown has no row.
    VersionWithoutRow,
    /// A row and the version of its record differ.
    RowDiffers,
    /// A version differs from what the changes make of it.
    VersionDiffers,
    /// Changes that a device has left no version.
    VersionMissing,
    /// A version holds a change that no log or outbox ever had.
    VersionWithoutEntry,
    /// A change that was reported, or found before, is in neither outbox nor log, and was not pruned.
    Lost,
    /// An entry of which nothing was announced.
    UnknownEntry,
    /// A part of a group.
    TornGroup,
    /// One stamp has two contents.
    OtherContent,
    /// A stamp is not above those that were given out before.
    StampNotAbove,
    /// An entry was pruned that the other device did not acknowledge, or does not have.
    PrunedTooEarly,
    /// A change of the other device is there that is above the watermark.
    AboveWatermark,
    /// A stamp that only rises went back, or contradicts another one.
    Mark,
    /// The database is damaged.
    Damage,
    /// The child ended by itself.
    ChildFailed,
    /// The product reads something else than what is there.
    ProductDiffers,
    /// The devices have exchanged everything, and differ.
    NotEqual,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    pub(super) device: Name,
    pub(super) what: What,
    pub(super) detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            device,
            what,
            detail,
        } = self;
        write!(f, "{what:?} on the {device:?}: {detail}")
    }
}

/// What was found so far on one device.
#[derive(Debug)]
pub(super) struct Violations<'a> {
    device: Name,
    list: &'a mut Vec<Violation>,
}

impl<'a> Violations<'a> {
    pub(super) const fn of(device: Name, list: &'a mut Vec<Violation>) -> Self {
        Self { device, list }
    }

    pub(super) fn add(&mut self, what: What, detail: impl fmt::Display) {
        self.list.push(Violation {
            device: self.device,
            what,
            detail: detail.to_string(),
        });
    }

    pub(super) fn unless(&mut self, holds: bool, what: What, detail: impl FnOnce() -> String) {
        if !holds {
            self.add(what, detail());
        }
    }
}
