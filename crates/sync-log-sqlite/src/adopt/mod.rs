//! What another program wrote becomes a log that this one can vouch for (`I3`, `I4`).
//!
//! Of a file of an earlier program, or of one of ours that a program wrote to which
//! knows the original tables only. Own, sound entries stay where they are; all other
//! rows go aside, byte for byte. No place that a reader had is one any more: what
//! was deleted is not known, so the log gets another id and begins just below its
//! oldest entry, and its chain with it. Acks are kept, and not believed.

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

pub(crate) use cause::{cause, is_whole_or_noted};
pub(crate) use peers::put_right;
pub(crate) use run::{EARLIER_PROGRAM, Outcome, run};
