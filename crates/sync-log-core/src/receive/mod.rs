//! What a receiver decides about the pages of other devices, and what the app's tables show.
//!
//! A receiver keeps a *watermark* for each origin: the cursor up to which the receiver has applied the
//! log of that device. The receiver commits the watermark together with the records that it changes.
//! [`arrival`] decides what a page holds for a receiver.
//!
//! Beside the app's tables, a receiver keeps a [`Version`] of each record: the merged changes of the
//! record, in whatever order they arrived. What the app's tables show follows from the versions alone,
//! so devices that have the same changes show the same. [`merge()`] moves the versions and changes
//! the tables, over a [`RecordStore`]. [`redecide()`] changes the tables for all records, after the models
//! of the app have changed.
//!
//! [`apply()`] does both for a page, in one transaction of the app's database. [`write()`] records own
//! changes in the transaction in which the app changes its rows.
//!
//! A device that cannot catch up by reading takes a [`Snapshot`] of another one: [`merge_snapshot()`]
//! merges its records page by page, and [`finish_snapshot()`] moves the watermarks to where the other
//! device was.

mod apply;
mod arrival;
mod baseline;
mod error;
mod facts;
mod forget;
mod groups;
mod heard;
mod lift;
mod merge;
mod moves;
mod node;
mod own;
mod past;
mod port;
mod reach;
mod record;
mod redecide;
mod seen;
mod settle;
mod snapshot;
mod snapshot_error;
mod standing;
mod take;
mod taking;
mod version;

pub use apply::{Applied, ApplyError, Receiving, apply};
pub use arrival::{Arrival, arrival};
pub use baseline::baseline;
pub use error::ReceiveError;
pub use facts::{Facts, Key, Models, Need, Reading, Reference, Tie};
pub use forget::forget_deleted;
pub use merge::{Standings, merge};
pub use moves::{Move, RecordWrite};
pub use own::{WriteError, write};
pub use port::{OwnStore, ReceiverStore, RecordStore, SnapshotStore};
pub use record::RecordId;
#[cfg(feature = "natural-keys")]
pub use record::record_id;
pub use redecide::{decide_all, redecide};
pub use seen::{Found, Wanted};
pub use snapshot::{Snapshot, SnapshotPage, snapshot, snapshot_page};
pub use snapshot_error::{RecordFault, SnapshotError};
pub use standing::{Record, Standing, WhyNotShown};
pub use take::{finish_snapshot, merge_snapshot};
pub use taking::Taking;
pub use version::{Field, Rule, Source, Version};
