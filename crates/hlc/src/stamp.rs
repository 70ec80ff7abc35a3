//! The stamp itself, and its binary form.

use uuid::Uuid;

/// One position in the order of all changes: the millisecond, a counter within it, the device.
///
/// Stamps of all devices together are totally ordered: by [`timestamp`](Self::timestamp), then
/// [`counter`](Self::counter), then [`device_id`](Self::device_id). The [text form](Self::to_text)
/// and the [binary form](Self::to_bytes) compare, byte for byte, exactly as the stamps do.
///
/// ```
/// use hlc::{Hlc, Uuid};
///
/// let early = Hlc::new(1_700_000_000_000, 0, Uuid::from_u128(2));
/// let late = Hlc::new(1_700_000_000_000, 1, Uuid::from_u128(1));
/// assert!(early < late);
/// assert!(early.to_text() < late.to_text());
/// assert!(early.to_bytes() < late.to_bytes());
/// ```
// The derived order depends on the order of the fields.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Hlc {
    /// Milliseconds since the Unix epoch. May be ahead of the wall clock of the device, and is
    /// never behind a stamp that the device had seen.
    pub timestamp: u64,
    /// Distinguishes stamps of the same millisecond. A [`Clock`](crate::Clock) of this crate stays
    /// below 2^16; stamps of other programs may use all 64 bits.
    pub counter: u64,
    /// The device that issued the stamp.
    pub device_id: Uuid,
}

/// [`Hlc`] in capitals, the spelling of Spacedrive-style programs.
#[allow(clippy::upper_case_acronyms)]
pub type HLC = Hlc;

impl Hlc {
    /// The lowest stamp: all 32 bytes are 0. No clock issues it; it stands for "no stamp yet".
    pub const ZERO: Self = Self::new(0, 0, Uuid::nil());

    /// Length of the [text form](Self::to_text), in bytes.
    pub const TEXT_LEN: usize = 70;

    /// Length of the [binary form](Self::to_bytes), in bytes.
    pub const BYTES_LEN: usize = 32;

    /// Makes a stamp from its parts. Any three values make a stamp; to draw the next stamp of a
    /// device, call [`Clock::tick`](crate::Clock::tick).
    #[must_use]
    pub const fn new(timestamp: u64, counter: u64, device_id: Uuid) -> Self {
        Self {
            timestamp,
            counter,
            device_id,
        }
    }

    /// Whether this is [`Hlc::ZERO`]. A stamp with time 0, counter 0 and a device id is not.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The binary form: timestamp, counter and device id, each big-endian.
    ///
    /// ```
    /// # use hlc::{Hlc, Uuid};
    /// let stamp = Hlc::new(1, 2, Uuid::from_u128(3));
    /// assert_eq!(Hlc::from_bytes(stamp.to_bytes()), stamp);
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES_LEN] {
        let mut bytes = [0; Self::BYTES_LEN];
        bytes[..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.counter.to_be_bytes());
        bytes[16..].copy_from_slice(self.device_id.as_bytes());
        bytes
    }

    /// Reads the [binary form](Self::to_bytes). Any 32 bytes are a stamp.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES_LEN]) -> Self {
        let field = |start: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[start..start + 8]);
            u64::from_be_bytes(eight)
        };
        let device_id = Uuid::from_u64_pair(field(16), field(24));
        Self::new(field(0), field(8), device_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_timestamp_then_counter_then_device() {
        let stamp =
            |timestamp, counter, device| Hlc::new(timestamp, counter, Uuid::from_u128(device));
        let ascending = [
            stamp(0, 0, 0),
            stamp(0, 0, 1),
            stamp(0, 1, 0),
            stamp(1, 0, 0),
        ];
        assert!(ascending.is_sorted_by(|a, b| a < b));
        assert!(ascending.is_sorted_by_key(Hlc::to_bytes));
    }

    #[test]
    fn only_the_stamp_of_32_zero_bytes_is_zero() {
        assert_eq!(Hlc::ZERO.to_bytes(), [0; 32]);
        assert!(Hlc::ZERO.is_zero());
        for at in 0..Hlc::BYTES_LEN {
            let mut bytes = [0; 32];
            bytes[at] = 1;
            assert!(!Hlc::from_bytes(bytes).is_zero(), "byte {at}");
        }
    }
}
