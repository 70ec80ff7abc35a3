//! A **sync log** in SQLite, and the rows of an app that are shared over it.
//!
//! # I want to …
//!
//! Every method of [`SyncLog`] is a method of [`SyncDb`], too.
//!
//! | to | call |
//! |---|---|
//! | share the rows of a SeaORM app | [`records::SharedRecords`] |
//! | name the entities that are shared | [`records::Models`] |
//! | share records that are not rows of one entity | [`records::Applier`] |
//! | open a log in a file, or make one | [`SyncDb::open`], or [`SyncDb::options`] to choose how |
//! | keep the log in the app's own database | [`SyncDb::attach`] |
//! | make a log for a test, without a file | [`SyncDb::open_in_memory`] |
//! | read a file that another program uses | [`SyncDb::open_read_only`] |
//! | choose what an ack of an unknown peer does | [`SyncDbOptions::unknown_peers`] |
//! | choose which entries stay after every peer has them | [`SyncDbOptions::policy`] |
//! | register the devices that must not miss a change | [`SyncLog::register_peer`] |
//! | declare that there are no other devices | [`SyncLog::declare_solo`] |
//! | record own changes | [`SyncLog::record`], [`SyncLog::record_many`], [`SyncLog::record_each`] |
//! | give a peer the entries that it lacks | [`SyncLog::read_for`] |
//! | learn which entries of a page are new | [`receive::arrival`] |
//! | merge received changes in a transaction of the app's | [`receive::merge`], over [`records::Records`] |
//! | stamp own changes above all received changes | [`SyncLog::observe_all`], before the received changes are committed |
//! | record a peer's ack | [`SyncLog::acknowledge`] |
//! | delete the entries that every peer has | [`SyncLog::prune_acked`]; the log never prunes by itself |
//! | wait for new entries | [`SyncLog::watch`] |
//! | give a device a snapshot of shared records, and take one | [`records::SharedRecords::snapshot`], [`records::SharedRecords::take_snapshot`] |
//! | give a device a snapshot of other records | [`SyncLog::head_cursor`]; then copy the records |
//! | retire a device that does not come back | [`SyncLog::retire`] |
//! | admit a retired device again | [`SyncLog::admit`], a snapshot, then [`SyncLog::acknowledge`] |
//! | learn why the log does not shrink | [`SyncLog::explain`], [`SyncLog::status`], [`SyncLog::peers`] |
//! | decide what to do about an error | [`LogError::kind`], [`OpenError::kind`]; [`LogError::help`] for a person |
//! | make a log beside records that are in no log | [`SyncDbOptions::beside_records`] |
//! | notice that the file was restored or cloned | [`Status::verdicts`]; then [`SyncLog::dismiss_verdicts`] |
//! | continue with a Spacedrive-style `sync.db` | [`SyncDb::open`] adopts it; then [`SyncLog::declare_peers`] or [`SyncLog::trust_adopted_acks`] |
//! | see what an adoption did | [`inspect::Inspector::adoptions`], [`inspect::try_adoption`] |
//! | import a legacy, leader-based `sync_log.db` | [`legacy::import`] |
//! | check whether a file is sound | [`inspect::Inspector::verify`] |
//! | back up a log while it is in use | [`SyncDb::backup_to`] |
//! | copy the file | [`SyncLog::close`] first, and check that the close returned `Ok` |
//!
#![doc = include_str!("../README.md")]

// The driver alone may use the methods that clippy refuses, which take SQL as text. Everywhere else SeaORM
// builds the statements from the entities, so that they hold on rusqlite and on an app's own driver.
#[cfg_attr(not(test), forbid(clippy::disallowed_methods))]
mod adopt;
mod driver;
#[cfg_attr(not(test), forbid(clippy::disallowed_methods))]
pub mod entity;
#[cfg_attr(not(test), forbid(clippy::disallowed_methods))]
pub mod inspect;
#[cfg_attr(not(test), forbid(clippy::disallowed_methods))]
pub mod legacy;
#[cfg_attr(not(test), forbid(clippy::disallowed_methods))]
pub mod migration;
#[cfg_attr(not(test), forbid(clippy::disallowed_methods))]
mod open;
#[cfg_attr(not(test), forbid(clippy::disallowed_methods))]
pub mod records;
#[cfg_attr(not(test), forbid(clippy::disallowed_methods))]
mod store;

pub use driver::DEFAULT_BUSY_TIMEOUT;
pub use open::{FILE_NAME, OpenError, SyncDb, SyncDbOptions, Unattachable};
pub use store::{AttachedStore, BackupError, DEFAULT_POLL_INTERVAL, SqliteStore, log_state};

// All of core, under the same names: an app depends on this crate alone.
pub use sync_log_core::*;
