//! The orders that a child reads, and the reports that it writes: one line of JSON each.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sync_log_sqlite::{Change, Hlc};

use super::setup::{Name, SetBack, Setup};

/// The orders of a child.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Orders {
    /// The folder of both devices.
    pub(super) folder: PathBuf,
    pub(super) setup: Setup,
    /// Whether both devices were made before.
    pub(super) are_made: bool,
    /// Chooses what the child does.
    pub(super) seed: u64,
    /// What the child does when its end is near, and how many steps it takes before.
    pub(super) target: Kind,
    pub(super) steps_before: u32,
    /// The statement of the product before which the child aborts, counted from 1 and from when it comes
    /// to its target.
    pub(super) abort_at: Option<u64>,
    pub(super) wall: SetBack,
    pub(super) fault: Option<Fault>,
}

impl Orders {
    /// Which call of the child is the target, counted from 1. The first one opens the devices.
    pub(super) fn call(&self) -> u32 {
        match self.target {
            Kind::Make | Kind::Open => 1,
            _ => self.steps_before + 2,
        }
    }
}

/// A planted fault of the child that the parent has to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fault {
    /// The row is committed first and recorded in a transaction of its own: the way of an app without
    /// an outbox.
    RowThenRecord,
    /// The change is recorded and committed first.
    RecordThenRow,
    /// A write is reported before it is committed.
    OkBeforeCommit,
}

/// What a child is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Both devices are made, or what an earlier child left of them is.
    Make,
    /// Both devices are opened.
    Open,
    /// Rows are changed by `write`.
    Write,
    /// A `write` whose closure fails.
    Abandon,
    /// Some `write`s at the same time.
    Burst,
    /// Rows are changed in a transaction of the app's, then `record_many_in`, then `drain`.
    RecordIn,
    /// The same without `drain`.
    RecordInAlone,
    /// The same, and then the transaction is rolled back.
    RollBack,
    Drain,
    /// Pages of one device are read, applied and acknowledged by the other one.
    Pull,
    /// `forget_deleted`.
    Forget,
    /// One device is closed, or left, and opened again.
    Reopen,
}

impl Kind {
    pub(super) const ALL: [Self; 12] = [
        Self::Make,
        Self::Open,
        Self::Write,
        Self::Abandon,
        Self::Burst,
        Self::RecordIn,
        Self::RecordInAlone,
        Self::RollBack,
        Self::Drain,
        Self::Pull,
        Self::Forget,
        Self::Reopen,
    ];
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Line {
    /// The child starts to do this, after so many statements of the product.
    Begin { what: Kind, statements: u64 },
    /// A device is about to commit these changes, as one group. It has the write lock.
    Will {
        device: Name,
        group: u32,
        changes: Vec<Change>,
    },
    /// The group was committed, and got these stamps.
    Did {
        device: Name,
        group: u32,
        stamps: Vec<Hlc>,
    },
    /// A constraint of the app's tables refused the commit of the group.
    Refused { device: Name, group: u32 },
    /// A device applied the log of the other one up to here.
    Applied { device: Name, watermark: Hlc },
    /// The log of a device took the ack of the other one up to here.
    Acknowledged { device: Name, up_to: Hlc },
    /// The log of a device was pruned up to here.
    Pruned { device: Name, floor: Hlc },
}
