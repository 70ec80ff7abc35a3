//! The clock against a slow, obviously right model, under any interleaving of what can happen.
//!
//! The model keeps milliseconds and counter apart, in 128 bits, where nothing overflows. It has to
//! predict every answer of the clock exactly, errors included.

use hlc::{
    Clock, Drift, DriftExceeded, DriftLimit, DriftLimits, Hlc, ManualClock, ObserveError,
    ResumeError, Uuid,
};
use proptest::collection::vec;
use proptest::prelude::*;

const OWN: Uuid = Uuid::from_u128(5);
const NOW: i64 = 1_700_000_000_000;
const DAY_MS: i64 = 24 * 3_600_000;
const CEILING: i64 = 281_470_681_743_360;
const RESUME_END: i64 = 281_472_829_227_008;

/// Milliseconds and counter.
type Point = (u128, u128);

/// One more than the highest counter of this clock.
const FULL: u128 = 65_536;

struct Model {
    now_ms: i64,
    limits: DriftLimits,
    last: Point,
}

impl Model {
    fn wall(&self) -> u64 {
        match self.now_ms {
            now_ms @ 0..CEILING => now_ms.unsigned_abs(),
            _ => 0,
        }
    }

    fn advance(&mut self, at_least: Point) -> Hlc {
        self.last = after(self.last).max(at_least).max((self.wall().into(), 0));
        stamp(self.last)
    }

    fn tick(&mut self) -> Hlc {
        self.advance((0, 0))
    }

    fn check(&self, remote: Hlc) -> Result<Drift, ObserveError> {
        if remote.timestamp >= CEILING.unsigned_abs() {
            Err(ObserveError::AboveCeiling { remote })
        } else if remote.device_id != OWN {
            self.check_drift(remote)
        } else if point(remote) > self.last {
            let last = stamp(self.last);
            Err(ObserveError::OwnStampAhead { remote, last })
        } else {
            Ok(self.drift(remote))
        }
    }

    fn check_drift(&self, remote: Hlc) -> Result<Drift, ObserveError> {
        if remote.timestamp >= CEILING.unsigned_abs() {
            return Err(ObserveError::AboveCeiling { remote });
        }
        let drift = self.drift(remote);
        let (device, now_ms, ahead_by_ms) = (remote.device_id, self.now_ms, drift.ahead_by_ms);
        match self.limits.refuse {
            DriftLimit::AtMostMs(limit_ms) if ahead_by_ms > limit_ms => {
                let exceeded = DriftExceeded {
                    device,
                    remote,
                    now_ms,
                    ahead_by_ms,
                    limit_ms,
                };
                Err(ObserveError::TooFarAhead(exceeded))
            }
            _ => Ok(drift),
        }
    }

    fn drift(&self, remote: Hlc) -> Drift {
        let ahead_by_ms = match remote.timestamp > self.wall() {
            true => remote.timestamp - self.wall(),
            false => 0,
        };
        let warns = match self.limits.warn {
            DriftLimit::AtMostMs(limit_ms) => ahead_by_ms > limit_ms,
            DriftLimit::Unlimited => false,
        };
        Drift { ahead_by_ms, warns }
    }

    fn check_all(&self, remotes: &[Hlc]) -> Result<Option<Drift>, ObserveError> {
        let drifts: Result<Vec<Drift>, _> = remotes.iter().map(|r| self.check(*r)).collect();
        Ok(drifts?.into_iter().max_by_key(|drift| drift.ahead_by_ms))
    }

    fn observe(&mut self, remote: Hlc) -> Result<Hlc, ObserveError> {
        self.check(remote)?;
        Ok(self.advance(after(point(remote))))
    }

    fn observe_all(&mut self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError> {
        self.check_all(remotes)?;
        let above = remotes.iter().map(|remote| after(point(*remote))).max();
        Ok(above.map(|above| self.advance(above)))
    }

    fn resume(&mut self, high_water: Hlc) -> Result<(), ResumeError> {
        let (ms, counter) = point(high_water);
        let position = if counter < FULL {
            (ms, counter)
        } else {
            (ms + 1, 0)
        };
        if position >= (RESUME_END.unsigned_abs().into(), 0) {
            return Err(ResumeError { high_water });
        }
        self.last = self.last.max(position);
        Ok(())
    }
}

fn point(stamp: Hlc) -> Point {
    (stamp.timestamp.into(), stamp.counter.into())
}

fn stamp((ms, counter): Point) -> Hlc {
    let fits = |number: u128| {
        number
            .try_into()
            .expect("the clock ends long before 2^64 ms")
    };
    Hlc::new(fits(ms), fits(counter), OWN)
}

/// The lowest point above `point` that this clock can hold.
fn after((ms, counter): Point) -> Point {
    if counter + 1 < FULL {
        (ms, counter + 1)
    } else {
        (ms + 1, 0)
    }
}

#[derive(Clone, Debug)]
enum Step {
    SetWall(i64),
    MoveWall(i64),
    Tick,
    Check(Remote),
    CheckDrift(Remote),
    CheckAll(Vec<Remote>),
    Observe(Remote),
    ObserveAll(Vec<Remote>),
    Resume(Remote),
    /// The process ends; the next one resumes from the highest stamp issued or observed.
    Restart,
}

/// A stamp to be made when its turn comes, near something interesting at that time.
#[derive(Clone, Debug)]
struct Remote {
    near: Near,
    offset_ms: i64,
    counter: Counter,
    device: Uuid,
}

#[derive(Clone, Debug)]
enum Near {
    Wall,
    Last,
    At(i64),
}

#[derive(Clone, Debug)]
enum Counter {
    Exactly(u64),
    FromLast(i64),
}

impl Remote {
    fn resolve(&self, model: &Model) -> Hlc {
        let last = stamp(model.last);
        let ms = match self.near {
            Near::Wall => model.now_ms,
            Near::Last => last.timestamp.cast_signed(),
            Near::At(ms) => ms,
        };
        let counter = match self.counter {
            Counter::Exactly(counter) => counter,
            Counter::FromLast(offset) => last.counter.saturating_add_signed(offset),
        };
        // Stamps have no sign: what would be before 1970 is at the far end.
        Hlc::new(
            ms.saturating_add(self.offset_ms).cast_unsigned(),
            counter,
            self.device,
        )
    }
}

fn resolve_all(remotes: &[Remote], model: &Model) -> Vec<Hlc> {
    remotes.iter().map(|remote| remote.resolve(model)).collect()
}

/// Everything that was issued, observed or resumed from, reduced to the highest; and the promise
/// that whatever is issued next is above it.
struct Seen(Hlc);

impl Seen {
    fn observed(&mut self, stamps: &[Hlc]) {
        let highest = stamps.iter().copied().max();
        self.0 = self.0.max(highest.unwrap_or(Hlc::ZERO));
    }

    fn issued(&mut self, stamp: Hlc) -> Result<(), TestCaseError> {
        prop_assert!(
            point(stamp) > point(self.0),
            "{} is not above {}",
            stamp,
            self.0
        );
        self.0 = stamp;
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_clock_does_what_the_model_predicts(
        limits in limits(),
        start_ms in walls(),
        steps in vec(steps(), 1..60),
    ) {
        let wall = ManualClock::new(start_ms);
        let start = || Clock::new(OWN, &wall).with_limits(limits);
        let mut clock = start();
        let mut model = Model { now_ms: start_ms, limits, last: (0, 0) };
        let mut seen = Seen(Hlc::ZERO);
        for step in steps {
            match step {
                Step::SetWall(ms) => {
                    wall.set_ms(ms);
                    model.now_ms = ms;
                }
                Step::MoveWall(ms) => {
                    wall.advance_ms(ms);
                    model.now_ms = model.now_ms.saturating_add(ms);
                }
                Step::Tick => {
                    let stamp = clock.tick();
                    prop_assert_eq!(stamp, model.tick());
                    seen.issued(stamp)?;
                }
                Step::Check(remote) => {
                    let remote = remote.resolve(&model);
                    prop_assert_eq!(clock.check(remote), model.check(remote));
                }
                Step::CheckDrift(stamp) => {
                    let stamp = stamp.resolve(&model);
                    prop_assert_eq!(clock.check_drift(stamp), model.check_drift(stamp));
                }
                Step::CheckAll(remotes) => {
                    let remotes = resolve_all(&remotes, &model);
                    prop_assert_eq!(clock.check_all(&remotes), model.check_all(&remotes));
                }
                Step::Observe(remote) => {
                    let remote = remote.resolve(&model);
                    let answer = clock.observe(remote);
                    prop_assert_eq!(answer, model.observe(remote));
                    if let Ok(stamp) = answer {
                        seen.observed(&[remote]);
                        seen.issued(stamp)?;
                    }
                }
                Step::ObserveAll(remotes) => {
                    let remotes = resolve_all(&remotes, &model);
                    let answer = clock.observe_all(&remotes);
                    prop_assert_eq!(answer, model.observe_all(&remotes));
                    if let Ok(Some(stamp)) = answer {
                        seen.observed(&remotes);
                        seen.issued(stamp)?;
                    }
                }
                Step::Resume(high_water) => {
                    let high_water = high_water.resolve(&model);
                    let answer = clock.resume(high_water);
                    prop_assert_eq!(answer, model.resume(high_water));
                    if answer.is_ok() {
                        seen.observed(&[high_water]);
                    }
                }
                Step::Restart => {
                    clock = start();
                    model.last = (0, 0);
                    let answer = clock.resume(seen.0);
                    prop_assert_eq!(answer, model.resume(seen.0));
                    // Only after it was resumed at the very end of what can be: give up.
                    if answer.is_err() {
                        return Ok(());
                    }
                }
            }
            prop_assert_eq!(clock.last(), stamp(model.last));
            prop_assert_eq!(clock.now_ms(), model.now_ms);
        }
    }
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => walls().prop_map(Step::SetWall),
        2 => offsets().prop_map(Step::MoveWall),
        4 => Just(Step::Tick),
        2 => remotes().prop_map(Step::Check),
        1 => remotes().prop_map(Step::CheckDrift),
        1 => vec(remotes(), 0..5).prop_map(Step::CheckAll),
        4 => remotes().prop_map(Step::Observe),
        3 => vec(remotes(), 0..5).prop_map(Step::ObserveAll),
        1 => remotes().prop_map(Step::Resume),
        1 => Just(Step::Restart),
    ]
}

fn walls() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => (-1000..1000_i64).prop_map(|ms| NOW + ms),
        1 => (-3..3_i64).prop_map(|ms| CEILING + ms),
        1 => -3..3_i64,
        1 => any::<i64>(),
    ]
}

fn offsets() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => -2..3_i64,
        1 => (-2..3_i64).prop_map(|ms| 300_000 + ms),
        1 => (-2..3_i64).prop_map(|ms| DAY_MS + ms),
        1 => Just(-3650 * DAY_MS),
    ]
}

fn remotes() -> impl Strategy<Value = Remote> {
    let near = prop_oneof![
        4 => Just(Near::Wall),
        4 => Just(Near::Last),
        1 => prop::sample::select(vec![0, CEILING, RESUME_END, 1 << 48, -1]).prop_map(Near::At),
    ];
    let device = prop_oneof![
        2 => Just(OWN),
        4 => prop::sample::select(vec![Uuid::nil(), Uuid::from_u128(4), Uuid::max()]),
    ];
    (near, offsets(), counters(), device).prop_map(|(near, offset_ms, counter, device)| Remote {
        near,
        offset_ms,
        counter,
        device,
    })
}

fn counters() -> impl Strategy<Value = Counter> {
    let exact = vec![0, 1, 0xfffe, 0xffff, 0x1_0000, 0x1_0001, u64::MAX];
    prop_oneof![
        (-2..3_i64).prop_map(Counter::FromLast),
        prop::sample::select(exact).prop_map(Counter::Exactly),
    ]
}

fn limits() -> impl Strategy<Value = DriftLimits> {
    let limit = || {
        prop::sample::select(vec![
            DriftLimit::AtMostMs(0),
            DriftLimit::AtMostMs(1),
            DriftLimit::AtMostMs(300_000),
            DriftLimit::AtMostMs(DAY_MS.cast_unsigned()),
            DriftLimit::Unlimited,
        ])
    };
    prop_oneof![
        Just(DriftLimits::default()),
        (limit(), limit()).prop_map(|(warn, refuse)| DriftLimits { warn, refuse }),
    ]
}
