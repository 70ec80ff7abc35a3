//! What a receiver decides about the pages of other devices.
//!
//! A receiver keeps a *watermark* for each origin: the cursor up to which it has applied the log of
//! that device. It commits the watermark together with the records that it changes.

mod arrival;
mod error;

pub use arrival::{Arrival, arrival};
pub use error::ReceiveError;
