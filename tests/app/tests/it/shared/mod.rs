//! An app's records, shared through one handle: own writes, pages of other devices, restored files.

mod attached;
mod audit;
mod baseline;
pub(crate) mod device;
mod files;
mod hidden;
mod own_writes;
mod receiving;
mod statements;
mod upgrades;
