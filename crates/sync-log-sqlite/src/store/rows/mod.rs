//! Converts rows to values and back. A row that cannot be read is reported as damage with its
//! location, and is never skipped.

mod columns;
mod entry;
mod peer;
mod state;

pub(crate) use columns::Columns;
pub(crate) use entry::{
    CHANGE, ENTRY, Link, MARK, PLACE, SUMMARY, data, entry, found, link, mark, summary,
};
pub(crate) use peer::{ACK, MIRROR, PEER, ack_values, peer, peer_values};
pub(crate) use state::{IDENTITY, STATE, identity, state};
