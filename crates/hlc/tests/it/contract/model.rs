//! `H1` to `H5` and `H7`: the clock against the slow one, under any interleaving of what can happen.
//!
//! The slow one has to predict every answer exactly, errors included.

use proptest::collection::vec;
use proptest::prelude::*;

use super::bench::ClockUnderTest;
use super::slow_clock::{Rules, SlowClock, point};
use super::*;

checks!["H1": the_clock_does_what_the_model_predicts];

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
    fn resolve(&self, model: &dyn ClockUnderTest) -> Hlc {
        let last = model.last();
        let ms = match self.near {
            Near::Wall => model.now_ms(),
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

fn resolve_all(remotes: &[Remote], model: &dyn ClockUnderTest) -> Vec<Hlc> {
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

fn the_clock_does_what_the_model_predicts(bench: &Bench) {
    let histories = (limits(), walls(), vec(steps(), 1..60));
    bench.for_all(
        bench.effort(1_000, 3_000),
        histories,
        |(limits, start_ms, steps)| {
            let wall = ManualClock::new(start_ms);
            let start = || {
                let model = SlowClock::new(Rules::RIGHT, &wall, limits);
                (bench.clock_with(&wall, limits), model)
            };
            let (mut clock, mut model) = start();
            let mut seen = Seen(Hlc::ZERO);
            for step in steps {
                match step {
                    Step::SetWall(ms) => wall.set_ms(ms),
                    Step::MoveWall(ms) => wall.advance_ms(ms),
                    Step::Restart => {
                        (clock, model) = start();
                        let answer = clock.resume(seen.0);
                        prop_assert_eq!(answer, model.resume(seen.0));
                        // Only after it was resumed at the very end of what can be: give up.
                        if answer.is_err() {
                            return Ok(());
                        }
                    }
                    step => call_both(step, &*clock, &model, &mut seen)?,
                }
                prop_assert_eq!(clock.last(), model.last());
                prop_assert_eq!(clock.now_ms(), wall.now_ms());
            }
            Ok(())
        },
    );
}

fn call_both(
    step: Step,
    clock: &dyn ClockUnderTest,
    model: &dyn ClockUnderTest,
    seen: &mut Seen,
) -> Result<(), TestCaseError> {
    match step {
        Step::Tick => {
            let stamp = clock.tick();
            prop_assert_eq!(stamp, model.tick());
            seen.issued(stamp)?;
        }
        Step::Check(remote) => {
            let remote = remote.resolve(model);
            prop_assert_eq!(clock.check(remote), model.check(remote));
        }
        Step::CheckDrift(stamp) => {
            let stamp = stamp.resolve(model);
            prop_assert_eq!(clock.check_drift(stamp), model.check_drift(stamp));
        }
        Step::CheckAll(remotes) => {
            let remotes = resolve_all(&remotes, model);
            prop_assert_eq!(clock.check_all(&remotes), model.check_all(&remotes));
        }
        Step::Observe(remote) => {
            let remote = remote.resolve(model);
            let answer = clock.observe(remote);
            prop_assert_eq!(answer, model.observe(remote));
            if let Ok(stamp) = answer {
                seen.observed(&[remote]);
                seen.issued(stamp)?;
            }
        }
        Step::ObserveAll(remotes) => {
            let remotes = resolve_all(&remotes, model);
            let answer = clock.observe_all(&remotes);
            prop_assert_eq!(answer, model.observe_all(&remotes));
            if let Ok(Some(stamp)) = answer {
                seen.observed(&remotes);
                seen.issued(stamp)?;
            }
        }
        Step::Resume(high_water) => {
            let high_water = high_water.resolve(model);
            let answer = clock.resume(high_water);
            prop_assert_eq!(answer, model.resume(high_water));
            if answer.is_ok() {
                seen.observed(&[high_water]);
            }
        }
        Step::SetWall(_) | Step::MoveWall(_) | Step::Restart => unreachable!("no call"),
    }
    Ok(())
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => walls().prop_map(Step::SetWall),
        12 => offsets().prop_map(Step::MoveWall),
        24 => Just(Step::Tick),
        12 => remotes().prop_map(Step::Check),
        6 => remotes().prop_map(Step::CheckDrift),
        6 => vec(remotes(), 0..5).prop_map(Step::CheckAll),
        24 => remotes().prop_map(Step::Observe),
        18 => vec(remotes(), 0..5).prop_map(Step::ObserveAll),
        6 => remotes().prop_map(Step::Resume),
        1 => high_ends().prop_map(Step::Resume),
        6 => Just(Step::Restart),
    ]
}

fn walls() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => (-1000..1000_i64).prop_map(|ms| NOW.cast_signed() + ms),
        1 => (-3..3_i64).prop_map(|ms| CEILING_MS.cast_signed() + ms),
        1 => -3..3_i64,
        1 => any::<i64>(),
    ]
}

fn offsets() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => -2..3_i64,
        1 => (-2..3_i64).prop_map(|ms| 300_000 + ms),
        1 => (-2..3_i64).prop_map(|ms| DAY_MS.cast_signed() + ms),
        1 => Just(-TEN_YEARS_MS.cast_signed()),
    ]
}

fn remotes() -> impl Strategy<Value = Remote> {
    let near = prop_oneof![
        4 => Just(Near::Wall),
        4 => Just(Near::Last),
        1 => prop::sample::select([0, CEILING_MS, RESUME_END_MS, 1 << 48, u64::MAX].map(u64::cast_signed).to_vec()).prop_map(Near::At),
    ];
    let device = prop_oneof![
        2 => Just(OWN),
        4 => prop::sample::select(vec![Uuid::nil(), OTHER, Uuid::max()]),
    ];
    (near, offsets(), counters(), device).prop_map(|(near, offset_ms, counter, device)| Remote {
        near,
        offset_ms,
        counter,
        device,
    })
}

/// Around the end of what a clock resumes from.
fn high_ends() -> impl Strategy<Value = Remote> {
    remotes().prop_map(|remote| Remote {
        near: Near::At(RESUME_END_MS.cast_signed()),
        ..remote
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
            DriftLimit::AtMostMs(DAY_MS),
            DriftLimit::Unlimited,
        ])
    };
    prop_oneof![
        Just(DriftLimits::default()),
        (limit(), limit()).prop_map(|(warn, refuse)| DriftLimits { warn, refuse }),
    ]
}
