//! A slow, obviously right clock: the reference, and the place to plant faults in.
//!
//! It keeps milliseconds and counter apart, in 128 bits, where nothing overflows, and has a rule
//! for everything. A planted fault is another rule.

use std::sync::Mutex;
use std::thread;

use hlc::{
    Drift, DriftExceeded, DriftLimit, DriftLimits, Hlc, ObserveError, ResumeError, WallClock,
};

use super::OWN;
use super::bench::ClockUnderTest;

/// Milliseconds and counter.
pub(crate) type Point = (u128, u128);

/// One more than the highest counter of this clock.
pub(crate) const FULL: u128 = 65_536;

pub(crate) const CEILING: u64 = 281_470_681_743_360;
pub(crate) const RESUME_END: u64 = 281_472_829_227_008;

/// What a clock does in each case.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) access: Access,
    /// Asks the wall clock, once per call.
    pub(crate) reading: fn(&dyn WallClock) -> i64,
    /// The milliseconds that a reading counts as.
    pub(crate) wall_ms: fn(i64) -> u128,
    /// The point after that at which the clock stands.
    pub(crate) next: fn(Point) -> Point,
    /// The lowest point above a stamp that came from elsewhere.
    pub(crate) above: fn(Point) -> Point,
    pub(crate) tick: fn(&mut Call<'_>) -> Hlc,
    /// Moves above a stamp that was not refused.
    pub(crate) receive: fn(&mut Call<'_>, Hlc) -> Hlc,
    pub(crate) is_too_high: fn(&Call<'_>, Hlc) -> bool,
    pub(crate) is_own_ahead: fn(&Call<'_>, Hlc) -> bool,
    pub(crate) ahead_by_ms: fn(&Call<'_>, Hlc) -> u64,
    pub(crate) allows: fn(DriftLimit, u64) -> bool,
    pub(crate) warns: fn(DriftLimit, u64) -> bool,
    pub(crate) too_far: fn(DriftExceeded) -> ObserveError,
    pub(crate) check: fn(&mut Call<'_>, Hlc) -> Result<Drift, ObserveError>,
    pub(crate) check_all: fn(&mut Call<'_>, &[Hlc]) -> Result<Option<Drift>, ObserveError>,
    pub(crate) check_drift: fn(&mut Call<'_>, Hlc) -> Result<Drift, ObserveError>,
    pub(crate) observe: fn(&mut Call<'_>, Hlc) -> Result<Hlc, ObserveError>,
    pub(crate) observe_all: fn(&mut Call<'_>, &[Hlc]) -> Result<Option<Hlc>, ObserveError>,
    /// The point to resume from, `None` if it is too high.
    pub(crate) resume_from: fn(Hlc) -> Option<Point>,
    pub(crate) resume: fn(&mut Call<'_>, Hlc) -> Result<(), ResumeError>,
    pub(crate) last: fn(&Call<'_>) -> Point,
}

/// How a call gets at where the clock stands. The wrong ways let other threads in where they do
/// harm, so that it does not take luck to find them.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// Reads the wall clock, then changes the state as one step.
    OneStep,
    /// Reads the state, then the wall clock, then writes the state.
    TwoSteps,
    /// Takes a lock, then reads the wall clock while it holds it.
    HeldLock,
}

impl Rules {
    pub(crate) const RIGHT: Self = Self {
        access: Access::OneStep,
        reading: |wall| wall.now_ms(),
        wall_ms,
        next: after,
        above: after,
        tick: |call| call.advance((0, 0)),
        receive: |call, remote| call.advance((call.rules.above)(point(remote))),
        is_too_high: |_, stamp| stamp.timestamp >= CEILING,
        is_own_ahead: |call, stamp| point(stamp) > call.state.last,
        ahead_by_ms,
        allows: |limit, ahead_by_ms| !exceeds(limit, ahead_by_ms),
        warns: exceeds,
        too_far: ObserveError::TooFarAhead,
        check,
        check_all,
        check_drift,
        observe,
        observe_all,
        resume_from,
        resume,
        last: |call| call.state.last,
    };
}

fn wall_ms(reading: i64) -> u128 {
    match u64::try_from(reading) {
        Ok(ms @ 0..CEILING) => ms.into(),
        _ => 0,
    }
}

/// The lowest point above `point` that this clock can hold.
pub(crate) fn after((ms, counter): Point) -> Point {
    if counter + 1 < FULL {
        (ms, counter + 1)
    } else {
        (ms + 1, 0)
    }
}

fn ahead_by_ms(call: &Call<'_>, stamp: Hlc) -> u64 {
    let ahead = u128::from(stamp.timestamp).checked_sub(call.wall_ms());
    ahead.map_or(0, |ahead| ahead.try_into().unwrap())
}

fn exceeds(limit: DriftLimit, ahead_by_ms: u64) -> bool {
    match limit {
        DriftLimit::AtMostMs(limit_ms) => ahead_by_ms > limit_ms,
        DriftLimit::Unlimited => false,
    }
}

fn check(call: &mut Call<'_>, remote: Hlc) -> Result<Drift, ObserveError> {
    let rules = call.rules;
    if (rules.is_too_high)(call, remote) {
        Err(ObserveError::AboveCeiling { remote })
    } else if remote.device_id != OWN {
        (rules.check_drift)(call, remote)
    } else if (rules.is_own_ahead)(call, remote) {
        let last = stamp(call.state.last);
        Err(ObserveError::OwnStampAhead { remote, last })
    } else {
        Ok(call.drift(remote))
    }
}

pub(crate) fn check_drift(call: &mut Call<'_>, remote: Hlc) -> Result<Drift, ObserveError> {
    let rules = call.rules;
    if (rules.is_too_high)(call, remote) {
        return Err(ObserveError::AboveCeiling { remote });
    }
    let drift = call.drift(remote);
    match call.limits.refuse {
        limit if (rules.allows)(limit, drift.ahead_by_ms) => Ok(drift),
        limit => Err((rules.too_far)(DriftExceeded {
            device: remote.device_id,
            remote,
            now_ms: call.now_ms,
            ahead_by_ms: drift.ahead_by_ms,
            limit_ms: match limit {
                DriftLimit::AtMostMs(limit_ms) => limit_ms,
                DriftLimit::Unlimited => u64::MAX,
            },
        })),
    }
}

fn check_all(call: &mut Call<'_>, remotes: &[Hlc]) -> Result<Option<Drift>, ObserveError> {
    let check = call.rules.check;
    let drifts: Result<Vec<Drift>, _> = remotes.iter().map(|remote| check(call, *remote)).collect();
    Ok(drifts?.into_iter().max_by_key(|drift| drift.ahead_by_ms))
}

pub(crate) fn observe(call: &mut Call<'_>, remote: Hlc) -> Result<Hlc, ObserveError> {
    (call.rules.check)(call, remote)?;
    Ok((call.rules.receive)(call, remote))
}

pub(crate) fn observe_all(
    call: &mut Call<'_>,
    remotes: &[Hlc],
) -> Result<Option<Hlc>, ObserveError> {
    (call.rules.check_all)(call, remotes)?;
    let highest = remotes.iter().copied().max();
    Ok(highest.map(|remote| (call.rules.receive)(call, remote)))
}

fn resume_from(high_water: Hlc) -> Option<Point> {
    let point = match point(high_water) {
        (ms, counter) if counter < FULL => (ms, counter),
        (ms, _) => (ms + 1, 0),
    };
    (point < (RESUME_END.into(), 0)).then_some(point)
}

fn resume(call: &mut Call<'_>, high_water: Hlc) -> Result<(), ResumeError> {
    let point = (call.rules.resume_from)(high_water).ok_or(ResumeError { high_water })?;
    call.state.last = call.state.last.max(point);
    Ok(())
}

pub(crate) fn point(stamp: Hlc) -> Point {
    (stamp.timestamp.into(), stamp.counter.into())
}

pub(crate) fn stamp((ms, counter): Point) -> Hlc {
    let fits = |number: u128| number.try_into().expect("a clock ends long before 2^64 ms");
    Hlc::new(fits(ms), fits(counter), OWN)
}

/// Where a clock stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct State {
    /// The highest point issued or observed.
    pub(crate) last: Point,
    /// The last point that was drawn by a tick. Only faults look at it.
    pub(crate) ticked: Point,
}

/// One call of a method: the wall clock was read, and nothing else happens meanwhile.
pub(crate) struct Call<'c> {
    pub(crate) rules: Rules,
    pub(crate) limits: DriftLimits,
    pub(crate) wall: &'c dyn WallClock,
    pub(crate) now_ms: i64,
    pub(crate) state: State,
}

impl Call<'_> {
    pub(crate) fn wall_ms(&self) -> u128 {
        (self.rules.wall_ms)(self.now_ms)
    }

    pub(crate) fn advance(&mut self, at_least: Point) -> Hlc {
        let next = (self.rules.next)(self.state.last);
        self.state.last = next.max(at_least).max((self.wall_ms(), 0));
        stamp(self.state.last)
    }

    pub(crate) fn drift(&self, stamp: Hlc) -> Drift {
        let ahead_by_ms = (self.rules.ahead_by_ms)(self, stamp);
        let warns = (self.rules.warns)(self.limits.warn, ahead_by_ms);
        Drift { ahead_by_ms, warns }
    }
}

/// A clock that follows [`Rules`].
pub(crate) struct SlowClock<W> {
    rules: Rules,
    limits: DriftLimits,
    wall: W,
    state: Mutex<State>,
}

impl<W: WallClock> SlowClock<W> {
    pub(crate) fn new(rules: Rules, wall: W, limits: DriftLimits) -> Self {
        let state = Mutex::default();
        Self {
            rules,
            limits,
            wall,
            state,
        }
    }

    fn call<T>(&self, work: impl FnOnce(&mut Call<'_>) -> T) -> T {
        let reading = || (self.rules.reading)(&self.wall);
        match self.rules.access {
            Access::OneStep => {
                let now_ms = reading();
                self.at(now_ms, &mut self.state.lock().unwrap(), work)
            }
            Access::TwoSteps => {
                let mut state = *self.state.lock().unwrap();
                thread::yield_now();
                let done = self.at(reading(), &mut state, work);
                *self.state.lock().unwrap() = state;
                done
            }
            Access::HeldLock => {
                let mut state = self.state.try_lock().expect("would have to wait");
                thread::yield_now();
                self.at(reading(), &mut state, work)
            }
        }
    }

    fn at<T>(&self, now_ms: i64, state: &mut State, work: impl FnOnce(&mut Call<'_>) -> T) -> T {
        let mut call = Call {
            rules: self.rules,
            limits: self.limits,
            wall: &self.wall,
            now_ms,
            state: *state,
        };
        let done = work(&mut call);
        *state = call.state;
        done
    }
}

impl<W: WallClock + Send + Sync> ClockUnderTest for SlowClock<W> {
    fn now_ms(&self) -> i64 {
        self.wall.now_ms()
    }

    fn limits(&self) -> DriftLimits {
        self.limits
    }

    fn last(&self) -> Hlc {
        let call = Call {
            rules: self.rules,
            limits: self.limits,
            wall: &self.wall,
            now_ms: 0,
            state: *self.state.lock().unwrap(),
        };
        stamp((self.rules.last)(&call))
    }

    fn tick(&self) -> Hlc {
        self.call(|call| {
            let stamp = (call.rules.tick)(call);
            call.state.ticked = point(stamp);
            stamp
        })
    }

    fn check(&self, remote: Hlc) -> Result<Drift, ObserveError> {
        self.call(|call| (call.rules.check)(call, remote))
    }

    fn check_all(&self, remotes: &[Hlc]) -> Result<Option<Drift>, ObserveError> {
        self.call(|call| (call.rules.check_all)(call, remotes))
    }

    fn check_drift(&self, stamp: Hlc) -> Result<Drift, ObserveError> {
        self.call(|call| (call.rules.check_drift)(call, stamp))
    }

    fn observe(&self, remote: Hlc) -> Result<Hlc, ObserveError> {
        self.call(|call| (call.rules.observe)(call, remote))
    }

    fn observe_all(&self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError> {
        self.call(|call| (call.rules.observe_all)(call, remotes))
    }

    fn resume(&self, high_water: Hlc) -> Result<(), ResumeError> {
        // No call: whoever resumes does not ask the wall clock.
        let state = &mut self.state.lock().unwrap();
        self.at(0, state, |call| (call.rules.resume)(call, high_water))
    }
}
