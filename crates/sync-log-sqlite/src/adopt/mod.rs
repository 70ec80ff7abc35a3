//! Turns what another program wrote into a log that this program can vouch for (`I3`, `I4`).
//!
//! The file is a Spacedrive-style `sync.db`, or a file of this program to which a program wrote
//! that knows only the original tables. Sound entries of this device stay where they are, and all
//! other rows go aside, byte for byte. The entries that were deleted are not known, so every old
//! cursor becomes invalid: the log gets another id, and both the log and its chain begin just below
//! its oldest entry. Acks are kept, and not believed.

mod acks;
mod bounds;
mod cause;
mod chain;
mod changes;
pub(crate) mod fit;
mod peers;
mod record;
mod rows;
mod run;
mod trial;

pub(crate) use bounds::{RowsAhead, lowest};
pub(crate) use cause::{cause, is_whole_or_noted};
pub(crate) use peers::put_right;
pub(crate) use run::{EARLIER_PROGRAM, Outcome, run};
