//! An app's records, shared through one handle: own writes, pages of other devices, restored files.

mod attached;
mod audit;
mod baseline;
mod device;
mod drift;
mod files;
mod hidden;
mod joined;
mod later_models;
mod own_writes;
mod receiving;
mod statements;
mod upgrades;
