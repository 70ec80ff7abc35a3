//! The sources of wall-clock time.

use core::sync::atomic::{AtomicI64, Ordering};

#[cfg(feature = "std")]
use crate::millisecond;

/// A source of wall-clock time, as wrong as wall clocks are.
///
/// A source may stand still, jump, or read nonsense: a [`Clock`](crate::Clock) on top of it still
/// never goes back. A clock calls it once per call of its own, through `&self`, from any thread. A
/// source may hold state.
pub trait WallClock {
    /// Milliseconds since the Unix epoch; negative before 1970.
    fn now_ms(&self) -> i64;
}

impl<T: WallClock + ?Sized> WallClock for &T {
    fn now_ms(&self) -> i64 {
        (**self).now_ms()
    }
}

#[cfg(feature = "std")]
impl<T: WallClock + ?Sized> WallClock for std::boxed::Box<T> {
    fn now_ms(&self) -> i64 {
        (**self).now_ms()
    }
}

#[cfg(feature = "std")]
impl<T: WallClock + ?Sized> WallClock for std::sync::Arc<T> {
    fn now_ms(&self) -> i64 {
        (**self).now_ms()
    }
}

/// The wall clock of the operating system. Needs the feature `std`, which is on by default.
///
/// ```
/// use hlc::{SystemClock, WallClock};
///
/// assert!(SystemClock.now_ms() > 0);
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemClock;

#[cfg(feature = "std")]
impl WallClock for SystemClock {
    #[inline]
    fn now_ms(&self) -> i64 {
        millisecond::of(std::time::SystemTime::now())
    }
}

/// A wall clock that is set by hand, for tests, simulations, and machines without a clock.
///
/// ```
/// use hlc::{ManualClock, WallClock};
///
/// let wall = ManualClock::new(1_700_000_000_000);
/// wall.advance_ms(-1);
/// assert_eq!(wall.now_ms(), 1_699_999_999_999);
/// ```
#[derive(Default, Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that reads `ms` milliseconds since the Unix epoch until it is set again.
    #[must_use]
    pub const fn new(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Sets the reading, in milliseconds since the Unix epoch.
    pub fn set_ms(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }

    /// Moves the reading by `ms` milliseconds, back if negative. It stops at the ends of `i64`.
    pub fn advance_ms(&self, ms: i64) {
        let moved = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
                Some(now.saturating_add(ms))
            });
        moved.expect("the closure always returns a value");
    }
}

impl WallClock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_both_ways_and_stops_at_the_ends() {
        let wall = ManualClock::new(5);
        wall.advance_ms(-7);
        assert_eq!(wall.now_ms(), -2);
        wall.set_ms(i64::MAX);
        wall.advance_ms(1);
        assert_eq!(wall.now_ms(), i64::MAX);
        wall.set_ms(i64::MIN);
        wall.advance_ms(-1);
        assert_eq!(wall.now_ms(), i64::MIN);
    }

    #[cfg(feature = "std")]
    #[test]
    fn shared_and_boxed_clocks_are_clocks() {
        use std::boxed::Box;
        use std::sync::Arc;

        fn by_reference(wall: impl WallClock) -> i64 {
            wall.now_ms()
        }

        let wall = Arc::new(ManualClock::new(1));
        let shared: Arc<dyn WallClock + Send + Sync> = wall.clone();
        let boxed: Box<dyn WallClock + Send + Sync> = Box::new(wall.clone());
        wall.set_ms(2);
        assert_eq!(
            (shared.now_ms(), boxed.now_ms(), by_reference(&shared)),
            (2, 2, 2)
        );
    }
}
