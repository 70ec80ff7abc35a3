//! The clock: one atomic word that only goes up.

use uuid::Uuid;

use crate::atomic::{AtomicU64, Ordering};
use crate::packed;
use crate::{
    CEILING_MS, Drift, DriftExceeded, DriftLimit, DriftLimits, Hlc, ObserveError, ResumeError,
    WallClock,
};

/// The Hybrid Logical Clock of one device.
///
/// It follows the wall clock while the wall clock goes forward, and counts otherwise. The algorithm
/// is that of Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks" (2014), with
/// both parts of the stamp in one atomic word: 48 bits of milliseconds above a counter of 16 bits.
/// A full counter carries into the milliseconds.
///
/// The clock differs from the paper in the carry and in four more points: a remote counter that does
/// not fit rounds up to the next millisecond, a reading before 1970 or from [`CEILING_MS`] on counts
/// as 0, some remote stamps are refused, and an own stamp that comes back is observed like any other.
///
/// # Guarantees
/// - `H1` Each stamp is above every stamp that this clock issued or observed before, whatever the
///   wall clock does.
/// - `H2` An error leaves the clock untouched.
/// - `H4` Nothing panics, and no stamp from outside exhausts the clock.
/// - `H8` All methods take `&self`, from any number of threads, without a lock.
///
/// # Not promised
/// That a stamp shows the time. A stamp is at or above the wall clock, and ahead of it by as much as
/// the furthest stamp that was observed.
///
/// ```
/// use hlc::{Clock, ManualClock, Uuid};
///
/// let clock = Clock::new(Uuid::from_u128(1), ManualClock::new(1_700_000_000_000));
/// let first = clock.tick();
/// let second = clock.tick();
/// assert!(first < second);
/// assert_eq!(clock.last(), second);
/// ```
#[derive(Debug)]
pub struct Clock<W> {
    /// The lowest free position, above every position that was issued or observed. The word is
    /// only ever raised.
    ///
    /// Relaxed ordering is enough. All changes to one atomic word have a single order that every
    /// thread agrees on, and each change here is one read-modify-write that raises the word. So
    /// no two calls get the same position, and later in that order is higher. A stamp that reached
    /// this thread from another one did so through something that synchronises (a channel, a lock,
    /// a join). So this thread cannot read a value of the word from before that stamp. The word
    /// guards no other memory, so nothing has to be published with it.
    next: AtomicU64,
    device_id: Uuid,
    limits: DriftLimits,
    wall: W,
}

impl<W: WallClock> Clock<W> {
    /// A clock that has seen no stamp yet, with the default [`DriftLimits`].
    ///
    /// After a restart, call [`resume`](Self::resume) before the first stamp is drawn.
    #[must_use]
    pub fn new(device_id: Uuid, wall: W) -> Self {
        Self {
            next: AtomicU64::new(1),
            device_id,
            limits: DriftLimits::default(),
            wall,
        }
    }

    /// The same clock with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: DriftLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The device whose stamps this clock issues.
    #[must_use]
    pub fn device_id(&self) -> Uuid {
        self.device_id
    }

    /// How far ahead remote stamps may be.
    #[must_use]
    pub fn limits(&self) -> DriftLimits {
        self.limits
    }

    /// The reading of the wall clock, unfiltered: milliseconds since the Unix epoch, negative
    /// before 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.wall.now_ms()
    }

    /// The highest position that was issued or observed, as a stamp of this device; time and counter
    /// are 0 if there was none. Every later stamp is above it.
    ///
    /// This is the high-water to store and to [`resume`](Self::resume) from.
    #[must_use]
    pub fn last(&self) -> Hlc {
        self.stamp_at(self.next.load(Ordering::Relaxed) - 1)
    }

    /// The next stamp: for a change made on this device, or a message that it sends.
    ///
    /// Never fails. It is `max(last + 1, wall clock)`.
    #[inline]
    pub fn tick(&self) -> Hlc {
        let now_ms = self.now_ms();
        if packed::ms_of(self.next.load(Ordering::Relaxed)).cast_signed() < now_ms {
            self.reach(packed::start_of(packed::wall_ms(now_ms)));
        }
        self.issue()
    }

    /// Whether [`observe`](Self::observe) would accept `remote` now, and how far ahead `remote` is.
    /// The clock does not move.
    ///
    /// # Errors
    /// Those of [`observe`](Self::observe).
    pub fn check(&self, remote: Hlc) -> Result<Drift, ObserveError> {
        self.judge(self.now_ms()).check(remote)
    }

    /// Whether [`observe_all`](Self::observe_all) would accept `remotes` now, and how far ahead the
    /// worst of them is; `None` if there are none. The clock does not move.
    ///
    /// # Errors
    /// Those of [`observe`](Self::observe), for the first of `remotes` that is refused.
    pub fn check_all(&self, remotes: &[Hlc]) -> Result<Option<Drift>, ObserveError> {
        self.judge(self.now_ms()).check_all(remotes)
    }

    /// Whether `stamp`, of any device, is within the limits, and how far ahead it is. These are the
    /// checks of [`check`](Self::check) except the one on the issuing device. Use it for stamps of
    /// this device that another handle drew. The clock does not move.
    ///
    /// # Errors
    /// `AboveCeiling` or `TooFarAhead`, as for [`observe`](Self::observe).
    pub fn check_drift(&self, stamp: Hlc) -> Result<Drift, ObserveError> {
        self.judge(self.now_ms()).check_limits(stamp)
    }

    /// Observes a stamp that came from elsewhere: later stamps of this clock are above it. Returns
    /// a stamp that is above it already.
    ///
    /// Drift is measured from the wall clock, not from [`last`](Self::last), and only forwards. A
    /// wall clock that reads before 1970, or at or above the ceiling, is no measure. Drift is then
    /// measured from 0, so that a remote stamp is refused rather than trusted.
    ///
    /// A stamp of this device at or below [`last`](Self::last) is an echo. An echo is observed like
    /// any other stamp, and the limits do not apply: an echo moves the clock no further than its
    /// issue did.
    ///
    /// # Errors
    /// The checks run in this order, and [`ObserveError`] has the remedy for each error. After an
    /// error the clock is untouched.
    /// - `AboveCeiling`: at or above [`CEILING_MS`], whatever the limits.
    /// - `OwnStampAhead`: of this device, but not issued by this clock.
    /// - `TooFarAhead`: beyond [`DriftLimits::refuse`].
    #[inline]
    pub fn observe(&self, remote: Hlc) -> Result<Hlc, ObserveError> {
        let now_ms = self.now_ms();
        if self.has_passed(remote, now_ms) {
            return Ok(self.issue());
        }
        self.observe_checked(remote, now_ms)
    }

    /// Observes many stamps in one step: all are checked first, against one reading of the wall
    /// clock, then the highest is observed. Returns `None` if there are none.
    ///
    /// All or nothing: if one stamp is refused, none is observed. The whole batch takes one step of
    /// the counter; observing each stamp would take one step each.
    ///
    /// # Errors
    /// Those of [`observe`](Self::observe), for the first of `remotes` that is refused.
    pub fn observe_all(&self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError> {
        let judge = self.judge(self.now_ms());
        judge.check_all(remotes)?;
        let highest = remotes.iter().copied().max();
        Ok(highest.map(|remote| {
            self.reach(judge.wall_position().max(packed::above(remote)));
            self.issue()
        }))
    }

    /// Raises the clock to `high_water`, the highest stamp known to have been issued or observed
    /// before a restart or by another process on the same log. The stamp may be of any device.
    ///
    /// Never lowers the clock, never waits for the wall clock, and may be called at any time.
    ///
    /// # Errors
    /// [`ResumeError`] if `high_water` is so high that the clock might run out; its documentation
    /// has the bound and the reason. The clock is untouched.
    pub fn resume(&self, high_water: Hlc) -> Result<(), ResumeError> {
        let position = packed::at_or_above(high_water).ok_or(ResumeError { high_water })?;
        self.next.fetch_max(position + 1, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the millisecond of `remote` is over by the wall clock, and this clock is in the
    /// present millisecond or later. Then each check would let `remote` pass, whichever device
    /// issued it, and every position from the next one on is above `remote`. So most remote stamps
    /// need no more than these two comparisons.
    #[inline]
    fn has_passed(&self, remote: Hlc, now_ms: i64) -> bool {
        let wall_ms = packed::wall_ms(now_ms);
        remote.timestamp < wall_ms && packed::start_of(wall_ms) < self.next.load(Ordering::Relaxed)
    }

    #[inline(never)]
    fn observe_checked(&self, remote: Hlc, now_ms: i64) -> Result<Hlc, ObserveError> {
        let judge = self.judge(now_ms);
        judge.check(remote)?;
        self.reach(judge.wall_position().max(packed::above(remote)));
        Ok(self.issue())
    }

    /// The lowest position that is free.
    #[inline]
    fn issue(&self) -> Hlc {
        // It takes 2^47 of these to reach the end from anything that comes from outside.
        let position = self.next.fetch_add(1, Ordering::Relaxed);
        debug_assert_ne!(position, u64::MAX, "the clock has run out");
        self.stamp_at(position)
    }

    /// From now on no thread issues a position below this one. The clock calls it once per
    /// millisecond when stamps are many; when they are few, its cost does not matter.
    #[cold]
    fn reach(&self, position: u64) {
        self.next.fetch_max(position, Ordering::Relaxed);
    }

    #[inline]
    fn stamp_at(&self, position: u64) -> Hlc {
        packed::stamp_at(position, self.device_id)
    }

    /// Reads the position of the clock, after `now_ms` was read.
    fn judge(&self, now_ms: i64) -> Judge {
        Judge {
            now_ms,
            wall_ms: packed::wall_ms(now_ms),
            last: self.last(),
            limits: self.limits,
        }
    }
}

/// Decides on remote stamps, at one reading of both clocks.
///
/// Another thread may raise the logical clock after this reading and before the caller raises
/// it. No verdict becomes wrong by that. The clock only goes up, so an own stamp at or below the
/// reading stays at or below the clock. An own stamp above the reading was not issued before the
/// call.
struct Judge {
    now_ms: i64,
    wall_ms: u64,
    last: Hlc,
    limits: DriftLimits,
}

impl Judge {
    fn wall_position(&self) -> u64 {
        packed::start_of(self.wall_ms)
    }

    #[inline]
    fn check(&self, remote: Hlc) -> Result<Drift, ObserveError> {
        if remote.device_id != self.last.device_id {
            return self.check_limits(remote);
        }
        let drift = self.check_ceiling(remote)?;
        self.check_own(remote)?;
        Ok(drift)
    }

    fn check_limits(&self, stamp: Hlc) -> Result<Drift, ObserveError> {
        let drift = self.check_ceiling(stamp)?;
        self.check_drift(stamp, drift.ahead_by_ms)?;
        Ok(drift)
    }

    #[inline]
    fn check_ceiling(&self, remote: Hlc) -> Result<Drift, ObserveError> {
        if remote.timestamp >= CEILING_MS {
            return Err(ObserveError::AboveCeiling { remote });
        }
        let ahead_by_ms = remote.timestamp.saturating_sub(self.wall_ms);
        Ok(Drift {
            ahead_by_ms,
            warns: !self.limits.warn.allows(ahead_by_ms),
        })
    }

    fn check_all(&self, remotes: &[Hlc]) -> Result<Option<Drift>, ObserveError> {
        let mut worst: Option<Drift> = None;
        for remote in remotes {
            let drift = self.check(*remote)?;
            if worst.is_none_or(|worst| drift.ahead_by_ms > worst.ahead_by_ms) {
                worst = Some(drift);
            }
        }
        Ok(worst)
    }

    // Both bear the same device id, so this compares timestamp and the whole counter.
    fn check_own(&self, remote: Hlc) -> Result<(), ObserveError> {
        if remote > self.last {
            return Err(ObserveError::OwnStampAhead {
                remote,
                last: self.last,
            });
        }
        Ok(())
    }

    fn check_drift(&self, remote: Hlc, ahead_by_ms: u64) -> Result<(), ObserveError> {
        match self.limits.refuse {
            DriftLimit::AtMostMs(limit_ms) if ahead_by_ms > limit_ms => {
                Err(ObserveError::TooFarAhead(DriftExceeded {
                    device: remote.device_id,
                    remote,
                    now_ms: self.now_ms,
                    ahead_by_ms,
                    limit_ms,
                }))
            }
            _ => Ok(()),
        }
    }
}
