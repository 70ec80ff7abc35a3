//! `H1` to `H5` and `H7`: the clock against the slow one, under any interleaving of what can happen.
//!
//! The slow one has to predict every answer exactly, errors included.

use proptest::collection::vec;
use proptest::prelude::*;

use super::bench::ClockUnderTest;
use super::slow_clock::{Rules, SlowClock};
use super::together::{Event, Pair};
use super::*;

checks!["H1": the_clock_does_what_the_model_predicts];

#[derive(Clone, Debug)]
enum Step {
    SetWall(i64),
    MoveWall(i64),
    Tick,
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

fn the_clock_does_what_the_model_predicts(bench: &Bench) {
    let cases = bench.effort(1_000, 3_000);
    let histories = (limits(), walls(), vec(steps(), 1..60));
    bench.for_all(cases, histories, |(limits, start_ms, steps)| {
        let wall = ManualClock::new(start_ms);
        let start = || Pair {
            clock: bench.clock_with(&wall, limits),
            reference: Box::new(SlowClock::new(Rules::RIGHT, &wall, limits)),
            highest: Hlc::ZERO,
        };
        let mut clocks = start();
        for step in steps {
            let model = &*clocks.reference;
            let event = match step {
                Step::Tick => Event::Tick,
                Step::Observe(remote) => Event::Observe(remote.resolve(model)),
                Step::ObserveAll(remotes) => {
                    let remotes = remotes.iter().map(|remote| remote.resolve(model));
                    Event::ObserveAll(remotes.collect())
                }
                Step::Resume(remote) => Event::Resume(remote.resolve(model)),
                Step::SetWall(ms) => {
                    wall.set_ms(ms);
                    continue;
                }
                Step::MoveWall(ms) => {
                    wall.advance_ms(ms);
                    continue;
                }
                Step::Restart => {
                    let before = clocks.highest;
                    clocks = start();
                    Event::Resume(before)
                }
            };
            clocks.happen(&event);
            prop_assert_eq!(clocks.clock.now_ms(), wall.now_ms());
        }
        Ok(())
    });
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => walls().prop_map(Step::SetWall),
        12 => offsets().prop_map(Step::MoveWall),
        24 => Just(Step::Tick),
        36 => remotes().prop_map(Step::Observe),
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
