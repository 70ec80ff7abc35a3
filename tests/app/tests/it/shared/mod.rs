//! An app's records, shared through one handle: own writes, pages of other devices, restored files.

mod attached;
mod audit;
mod baseline;
pub(crate) mod device;
mod drift;
mod dropped;
mod emptied;
mod files;
mod full_disk;
mod hidden;
mod joined;
mod known_faults;
mod later_models;
mod own_writes;
mod partial_groups;
mod receiving;
mod snapshots;
mod snapshots_after_a_loss;
mod snapshots_refused;
mod statements;
mod upgrades;
