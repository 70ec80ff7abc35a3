//! `H1`, `H2`, `H4`: the clock against the rule of the paper, in every small case.
//!
//! The rule is that of Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks"
//! (2014), written down in [`Paper`] as it stands there. The clock does the same, except for what
//! [`PAPER`] adds to it:
//!
//! - **Carry.** The paper's counter has no end. Ours carries into the millisecond after 2^16 - 1.
//! - **Rounding.** A remote counter that does not fit counts as the highest that does, so that the
//!   stamp drawn in answer is the next millisecond.
//! - **No reading.** A wall clock that reads before 1970 or from the ceiling on counts as one that
//!   reads 0, the lowest there is.
//! - **Refusal.** The paper takes every message. Here a stamp from the ceiling on, an own one that
//!   was not issued yet, and one too far ahead change nothing.
//! - **Echo.** In the paper nobody receives from himself. Here an own stamp that was issued is
//!   received like any other, and answered with a stamp of its own.
//! - **Batch.** Many stamps are received as one message, the highest.
//! - **Resume.** A clock may be raised to a point without an event; then no stamp is drawn.
//!
//! Each of these has a fault planted for it in `broken`, which is found here.

use std::collections::BTreeSet;

use super::slow_clock::{Call, FULL, Point, Rules, SlowClock, point, stamp};
use super::together::{Event, Pair};
use super::*;

checks!["H1":
    in_every_state_every_event_does_what_the_paper_says,
    every_short_sequence_does_what_the_paper_says_and_only_goes_up,
];

/// A node of the paper: `l`, the highest physical time it has heard of, and `c`, the counter.
#[derive(Clone, Copy)]
struct Paper {
    l: u128,
    c: u128,
}

impl Paper {
    /// Send or local event, at the physical time `pt`.
    fn local(self, pt: u128) -> Self {
        let l = self.l.max(pt);
        let c = if l == self.l { self.c + 1 } else { 0 };
        Self { l, c }
    }

    /// Receive event of the message `m`, at the physical time `pt`.
    fn receive(self, m: Self, pt: u128) -> Self {
        let l = self.l.max(m.l).max(pt);
        let c = if l == self.l && l == m.l {
            self.c.max(m.c) + 1
        } else if l == self.l {
            self.c + 1
        } else if l == m.l {
            m.c + 1
        } else {
            0
        };
        Self { l, c }
    }

    fn of((l, c): Point) -> Self {
        Self { l, c }
    }
}

/// A clock that moves as the paper says, and refuses and resumes as the slow clock does.
const PAPER: Rules = Rules {
    tick: |call| {
        let node = Paper::of(call.state.last);
        move_to(call, node.local(call.wall_ms()))
    },
    receive: |call, remote| {
        let (ms, counter) = point(remote);
        let rounded = Paper::of((ms, counter.min(FULL - 1)));
        let node = Paper::of(call.state.last);
        move_to(call, node.receive(rounded, call.wall_ms()))
    },
    ..Rules::RIGHT
};

fn move_to(call: &mut Call<'_>, Paper { l, c }: Paper) -> Hlc {
    call.state.last = if c < FULL { (l, c) } else { (l + 1, 0) };
    stamp(call.state.last)
}

/// Where a clock is looked at: around this millisecond, within these limits.
#[derive(Clone, Copy)]
struct World {
    around_ms: u64,
    refuse: DriftLimit,
}

impl World {
    fn clocks<'w>(&self, bench: &Bench, wall: &'w ManualClock) -> Pair<'w> {
        let limits = DriftLimits {
            warn: DriftLimit::AtMostMs(1),
            refuse: self.refuse,
        };
        Pair {
            clock: bench.clock_with(wall, limits),
            reference: Box::new(SlowClock::new(PAPER, wall, limits)),
            highest: Hlc::ZERO,
        }
    }

    /// The milliseconds that matter, and 0, where a clock starts.
    fn times(&self) -> impl Iterator<Item = u64> {
        [0].into_iter().chain(self.around_ms..self.around_ms + 4)
    }

    fn walls(&self) -> impl Iterator<Item = i64> {
        let readings = self.times().map(u64::cast_signed);
        readings.chain([-1, i64::MIN, i64::MAX])
    }

    fn events(&self) -> Vec<Event> {
        let counters = [0, 1, 2, 0xfffe, 0xffff, 0x1_0000, u64::MAX];
        let stamps = |ms| {
            counters.map(|counter| [Uuid::nil(), OWN, OTHER].map(|id| Hlc::new(ms, counter, id)))
        };
        let remotes: Vec<Hlc> = self.times().flat_map(stamps).flatten().collect();
        let mut events = vec![Event::Tick, Event::ObserveAll(vec![])];
        for one in &remotes {
            events.extend([Event::Observe(*one), Event::Resume(*one)]);
        }
        for one in remotes.iter().step_by(8) {
            let pairs = remotes.iter().step_by(8).map(|two| vec![*one, *two]);
            events.extend(pairs.map(Event::ObserveAll));
        }
        events
    }
}

/// At some time within a tight limit, at that time without any, just after 1970 with no
/// drift allowed, at the ceiling, and at the end of the reserve.
const WORLDS: [World; 5] = [
    world(NOW, DriftLimit::AtMostMs(2)),
    world(NOW, DriftLimit::Unlimited),
    world(1, DriftLimit::AtMostMs(0)),
    world(CEILING_MS - 2, DriftLimit::Unlimited),
    world(RESUME_END_MS - 2, DriftLimit::Unlimited),
];

const fn world(around_ms: u64, refuse: DriftLimit) -> World {
    World { around_ms, refuse }
}

/// Every event in every state that a few events lead to. A state is the reading of the wall clock
/// and the point where the clock stands; a clock is brought there as after a restart, by `resume`.
/// That there is no more to a clock than this is for the other test to say.
fn in_every_state_every_event_does_what_the_paper_says(bench: &Bench) {
    for world in WORLDS {
        let events = world.events();
        let mut known = BTreeSet::from([(0, (0, 0))]);
        let mut frontier = known.clone();
        for _ in 0..bench.effort(6, 3) {
            let reached = reached_from(&frontier, &events, bench, world);
            frontier = reached.difference(&known).copied().collect();
            known.extend(&frontier);
        }
    }
}

type State = (i64, Point);

fn reached_from(
    states: &BTreeSet<State>,
    events: &[Event],
    bench: &Bench,
    world: World,
) -> BTreeSet<State> {
    let mut reached = BTreeSet::new();
    for (now_ms, node) in states {
        let wall = ManualClock::new(*now_ms);
        reached.extend(world.walls().map(|ms| (ms, *node)));
        for event in events {
            let mut clocks = world.clocks(bench, &wall);
            // Only its own stamps carry a clock to where it cannot resume from.
            if !clocks.resume(stamp(*node)) {
                break;
            }
            clocks.happen(event);
            reached.insert((*now_ms, point(clocks.reference.last())));
        }
    }
    reached
}

/// Every sequence of a few events, on one clock from its start, which is never put together anew:
/// so nothing that a clock might remember beside its position is left out.
fn every_short_sequence_does_what_the_paper_says_and_only_goes_up(bench: &Bench) {
    let readings = [NOW.cast_signed(), NOW.cast_signed() + 2, -1];
    let events = [
        Event::Tick,
        Event::Observe(own(NOW, 0)),
        Event::Observe(own(NOW + 1, 0x1_0000)),
        Event::Observe(other(NOW, 0)),
        Event::Observe(other(NOW + 1, 0xffff)),
        Event::Observe(other(NOW + 2, 0x1_0000)),
        Event::Observe(other(NOW + 3, 0)),
        Event::ObserveAll(vec![other(NOW + 1, 3), other(NOW, 0xffff)]),
        Event::ObserveAll(vec![other(NOW + 1, 7), other(NOW + 9, 0)]),
        Event::Resume(other(NOW, 0xfffe)),
        Event::Resume(other(NOW + 1, u64::MAX)),
    ];
    let count = events.len() + readings.len();
    let length = bench.effort(5, 4);
    for number in 0..count.pow(length) {
        let wall = ManualClock::new(0);
        let mut clocks = WORLDS[0].clocks(bench, &wall);
        // The digits of the number, in a system with as many digits as there are events.
        for place in 0..length {
            let digit = number / count.pow(place) % count;
            match events.get(digit) {
                Some(event) => clocks.happen(event),
                None => wall.set_ms(readings[digit - events.len()]),
            }
        }
    }
}
