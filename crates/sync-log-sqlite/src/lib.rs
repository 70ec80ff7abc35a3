#![doc = include_str!("../README.md")]
//!
//! # I want to …
//!
//! Methods of [`SyncLog`] are methods of [`SyncDb`] too.
//!
//! | to | call |
//! |---|---|
//! | open a log in a file, or make one | [`SyncDb::open`], or [`SyncDb::options`] to choose how |
//! | have one for a test, without a file | [`SyncDb::open_in_memory`] |
//! | look at a file that another program uses | [`SyncDb::open_read_only`] |
//! | choose what an ack of an unknown peer does | [`SyncDbOptions::unknown_peers`] |
//! | choose what stays after all have it | [`SyncDbOptions::policy`] |
//! | name the devices that must not miss anything | [`SyncLog::register_peer`] |
//! | say that there are no other devices | [`SyncLog::declare_solo`] |
//! | log own changes | [`SyncLog::record`], [`SyncLog::record_many`], [`SyncLog::record_each`] |
//! | give a peer what it lacks | [`SyncLog::read_for`] |
//! | be above all that was received | [`SyncLog::observe_all`], before it is committed |
//! | take a peer's ack | [`SyncLog::acknowledge`] |
//! | delete what every peer has | [`SyncLog::prune_acked`]; nothing is pruned by itself |
//! | wait for new entries | [`SyncLog::watch`] |
//! | give a device a snapshot | [`SyncLog::head_cursor`] is the place; then the copy of the records |
//! | give up a device that does not come back | [`SyncLog::retire`] |
//! | let it come back | [`SyncLog::admit`], a snapshot, then [`SyncLog::acknowledge`] |
//! | ask why the log does not shrink | [`SyncLog::explain`], [`SyncLog::status`], [`SyncLog::peers`] |
//! | decide what to do about an error | [`LogError::kind`], [`OpenError::kind`] |
//! | make a log beside records that are in no log | [`SyncDbOptions::beside_records`] |
//! | know that the file was restored or cloned | [`Status::verdicts`]; then [`SyncLog::dismiss_verdicts`] |
//! | go on from an earlier program's `sync.db` | [`SyncDb::open`] adopts it; then [`SyncLog::declare_peers`] or [`SyncLog::trust_adopted_acks`] |
//! | see what an adoption did | [`inspect::Inspector::adoptions`], [`inspect::try_adoption`] |
//! | take over a `sync_log.db` of the old design | [`legacy::import`] |
//! | check whether a file holds together | [`inspect::Inspector::verify`] |
//! | finish, and copy the file | [`SyncLog::close`] first |

mod adopt;
mod driver;
pub mod entity;
pub mod inspect;
pub mod legacy;
pub mod migration;
mod open;
mod store;

pub use driver::DEFAULT_BUSY_TIMEOUT;
pub use open::{FILE_NAME, OpenError, SyncDb, SyncDbOptions};
pub use store::{DEFAULT_POLL_INTERVAL, SqliteStore, log_state};

// All of core, under the same names: an app depends on this crate alone.
pub use sync_log_core::*;
