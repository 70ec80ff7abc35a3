//! The refusals of a clock, and the remedy for each.

use core::error::Error;
use core::fmt;

use uuid::Uuid;

use crate::{DisplayMs, Hlc};

/// Why a clock refused a remote stamp. The clock is as it was before.
///
/// Exhaustive: each variant has a remedy of its own, so every caller has to handle a new one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ObserveError {
    /// The stamp is further in the future than [`DriftLimits::refuse`](crate::DriftLimits) allows.
    ///
    /// One of the two wall clocks is wrong, or was wrong when the other device drew its stamps. If
    /// the stamps of several devices are refused, the wall clock of this device is wrong. Set the
    /// wrong clock right and observe again. If both are right by now, the stamps of the other device
    /// stay ahead until its clock has caught up, or until it continues under a new id.
    TooFarAhead(DriftExceeded),
    /// The stamp is at or above [`CEILING_MS`](crate::CEILING_MS), where no honest clock is.
    ///
    /// No limit lifts this. Drop the stamp; the device that sent it needs a new identity.
    AboveCeiling {
        /// The stamp refused.
        remote: Hlc,
    },
    /// The stamp bears the id of this device, but this clock has not issued it yet.
    ///
    /// Either another device uses the same id, because this device was cloned, or this device was
    /// restored from a backup and has forgotten the stamps that it issued. To continue would give
    /// two changes the same stamp: give this device a new id.
    OwnStampAhead {
        /// The stamp refused.
        remote: Hlc,
        /// The highest stamp that this clock knows of.
        last: Hlc,
    },
}

/// By how much a remote stamp is too far in the future.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DriftExceeded {
    /// The device that issued the stamp.
    pub device: Uuid,
    /// The stamp refused.
    pub remote: Hlc,
    /// The reading of the wall clock, in milliseconds since the Unix epoch. A negative reading, or
    /// one at or above [`CEILING_MS`](crate::CEILING_MS), counted as 0.
    pub now_ms: i64,
    /// Milliseconds by which the stamp is ahead of that reading.
    pub ahead_by_ms: u64,
    /// Milliseconds that were allowed.
    pub limit_ms: u64,
}

/// A high-water that [`Clock::resume`](crate::Clock::resume) cannot start from. The clock is as it
/// was before.
///
/// Stamps that come from outside, from the wall clock or another device, end at
/// [`CEILING_MS`](crate::CEILING_MS). The 2^32 ms above it are the reserve into which the own
/// stamps of a clock may carry. A restart has to be able to resume from a stamp that the clock
/// issued there. Otherwise a single remote stamp just below the ceiling would end the clock at the
/// next restart. So `resume` accepts the lower half of the reserve too, and refuses a stamp that
/// would put the clock at or above 2^48 - 2^31 ms. A clock has to draw 2^47 stamps to get there from
/// outside, and has at least 2^47 stamps left after every resume. Drawing as many takes more than a
/// month of doing nothing else.
///
/// No such clock issued a refused stamp: the stored high-water is damaged, or another program wrote
/// it. Recover the high-water from the highest stamp at hand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ResumeError {
    /// The stamp refused.
    pub high_water: Hlc,
}

impl fmt::Display for ObserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFarAhead(exceeded) => exceeded.fmt(f),
            Self::AboveCeiling { remote } => write!(
                f,
                "a stamp of device {} is beyond what any clock reads: {remote}",
                remote.device_id,
            ),
            Self::OwnStampAhead { remote, last } => write!(
                f,
                "a stamp of this device is above every stamp that it issued or observed: {remote}, \
                 the last was {last}",
            ),
        }
    }
}

impl fmt::Display for DriftExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            device,
            remote,
            ahead_by_ms,
            limit_ms,
            ..
        } = self;
        let ahead_by = DisplayMs(*ahead_by_ms);
        let limit = DisplayMs(*limit_ms);
        write!(
            f,
            "a stamp of device {device} is {} ahead of the wall clock, {} allowed: {remote}",
            ahead_by.beside(limit),
            limit.beside(ahead_by),
        )
    }
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the stored high-water is beyond what any clock reads: {}",
            self.high_water
        )
    }
}

impl Error for ObserveError {}
impl Error for DriftExceeded {}
impl Error for ResumeError {}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn the_messages_name_the_stamp_the_device_and_the_numbers() {
        let device = Uuid::from_u128(0xd0);
        let remote = Hlc::new(1000, 0, device);
        let exceeded = DriftExceeded {
            device,
            remote,
            now_ms: -5,
            ahead_by_ms: 1000,
            limit_ms: 10,
        };
        assert_eq!(
            ObserveError::TooFarAhead(exceeded).to_string(),
            "a stamp of device 00000000-0000-0000-0000-0000000000d0 is 1 s ahead of the wall clock, \
             10 ms allowed: \
             00000000000003e8-0000000000000000-00000000-0000-0000-0000-0000000000d0",
        );
        for message in [
            ObserveError::AboveCeiling { remote }.to_string(),
            ObserveError::OwnStampAhead {
                remote,
                last: Hlc::ZERO,
            }
            .to_string(),
            ResumeError { high_water: remote }.to_string(),
        ] {
            assert!(message.contains(&*remote.to_text()), "{message}");
        }
    }

    #[test]
    fn a_stamp_that_is_barely_too_far_ahead_does_not_look_allowed() {
        let exceeded = DriftExceeded {
            device: Uuid::nil(),
            remote: Hlc::ZERO,
            now_ms: 0,
            ahead_by_ms: 86_400_001,
            limit_ms: 86_400_000,
        };
        let text = exceeded.to_string();
        assert!(
            text.contains("is 1 d 1 ms ahead of the wall clock, 1 d allowed"),
            "{text}"
        );
    }
}
