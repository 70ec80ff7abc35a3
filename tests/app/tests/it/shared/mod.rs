//! An app's records, shared through one handle: own writes, pages of other devices, restored files.

mod admitted_again;
mod advice;
mod attached;
mod audit;
mod baseline;
mod by_hand;
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
mod notes;
mod own_writes;
mod partial_groups;
mod receiving;
mod snapshots;
mod snapshots_after_a_loss;
mod snapshots_refused;
mod statements;
mod status;
mod upgrades;
mod watching;
