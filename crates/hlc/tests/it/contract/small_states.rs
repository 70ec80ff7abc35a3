//! `H1`, `H2`, `H4`: the clock against the rule of the paper, in every small case.
//!
//! The rule is that of Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks"
//! (2014), written down in [`Paper`] as it stands there. The clock does the same, except for what
//! [`Expected`] adds to it:
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

use std::collections::{BTreeMap, BTreeSet};

use super::bench::ClockUnderTest;
use super::*;

checks!["H1":
    in_every_state_every_event_does_what_the_paper_says,
    every_short_sequence_does_what_the_paper_says_and_only_goes_up,
];

const COUNTER_MAX: u128 = 0xffff;

/// A node of the paper: `l`, the highest physical time it has heard of, and `c`, the counter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
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

    fn of(stamp: Hlc) -> Self {
        Self {
            l: stamp.timestamp.into(),
            c: stamp.counter.into(),
        }
    }

    fn stamp(self) -> Hlc {
        Hlc::new(self.l.try_into().unwrap(), self.c.try_into().unwrap(), OWN)
    }

    /// Carry.
    fn carried(self) -> Self {
        match self.c {
            0..=COUNTER_MAX => self,
            _ => Self {
                l: self.l + 1,
                c: 0,
            },
        }
    }

    /// Rounding, of what was received.
    fn rounded(self) -> Self {
        Self {
            c: self.c.min(COUNTER_MAX),
            ..self
        }
    }
}

/// What has to come out, and how often each difference from the paper played a part.
struct Expected {
    node: Paper,
    now_ms: i64,
    limits: DriftLimits,
    seen: BTreeMap<&'static str, u64>,
}

impl Expected {
    fn note(&mut self, difference: &'static str, is_one: bool) {
        *self.seen.entry(difference).or_default() += u64::from(is_one);
    }

    /// The physical time.
    fn pt(&self) -> u128 {
        match u64::try_from(self.now_ms) {
            Ok(now_ms) if now_ms < CEILING_MS => now_ms.into(),
            _ => 0,
        }
    }

    fn tick(&mut self) -> Hlc {
        self.move_to(self.node.local(self.pt()))
    }

    fn receive(&mut self, remote: Hlc) -> Hlc {
        let message = Paper::of(remote).rounded();
        self.note("rounding", message != Paper::of(remote));
        self.note("echo", remote.device_id == OWN);
        self.move_to(self.node.receive(message, self.pt()))
    }

    fn move_to(&mut self, ruled: Paper) -> Hlc {
        self.node = ruled.carried();
        self.note("carry", self.node != ruled);
        self.note(
            "no reading",
            i128::from(self.now_ms) != self.pt().cast_signed(),
        );
        self.node.stamp()
    }

    fn check(&self, remote: Hlc) -> Result<Drift, ObserveError> {
        let last = self.node.stamp();
        match remote.device_id {
            OWN if remote.timestamp >= CEILING_MS => Err(ObserveError::AboveCeiling { remote }),
            OWN if remote > last => Err(ObserveError::OwnStampAhead { remote, last }),
            OWN => Ok(self.drift(remote)),
            _ => self.check_drift(remote),
        }
    }

    fn check_drift(&self, stamp: Hlc) -> Result<Drift, ObserveError> {
        let drift = self.drift(stamp);
        match self.limits.refuse {
            _ if stamp.timestamp >= CEILING_MS => Err(ObserveError::AboveCeiling { remote: stamp }),
            DriftLimit::AtMostMs(limit_ms) if drift.ahead_by_ms > limit_ms => {
                Err(ObserveError::TooFarAhead(DriftExceeded {
                    device: stamp.device_id,
                    remote: stamp,
                    now_ms: self.now_ms,
                    ahead_by_ms: drift.ahead_by_ms,
                    limit_ms,
                }))
            }
            _ => Ok(drift),
        }
    }

    fn drift(&self, stamp: Hlc) -> Drift {
        let ahead_by_ms = u128::from(stamp.timestamp).saturating_sub(self.pt());
        let ahead_by_ms = ahead_by_ms.try_into().unwrap();
        let warns = !self.limits.warn.allows(ahead_by_ms);
        Drift { ahead_by_ms, warns }
    }

    /// The first refusal, or the worst drift.
    fn check_all(&self, remotes: &[Hlc]) -> Result<Option<Drift>, ObserveError> {
        let verdicts: Result<Vec<_>, _> =
            remotes.iter().map(|remote| self.check(*remote)).collect();
        Ok(verdicts?.into_iter().max_by_key(|drift| drift.ahead_by_ms))
    }

    fn observe(&mut self, remote: Hlc) -> Result<Hlc, ObserveError> {
        let verdict = self.check(remote);
        self.note("refusal", verdict.is_err());
        verdict.map(|_| self.receive(remote))
    }

    fn observe_all(&mut self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError> {
        self.check_all(remotes)?;
        let highest = remotes.iter().copied().max();
        Ok(highest.map(|remote| self.receive(remote)))
    }

    fn resume(&mut self, high_water: Hlc) -> Result<(), ResumeError> {
        let point = Paper::of(high_water);
        let point = match point.c {
            0..=COUNTER_MAX => point,
            _ => point.carried(),
        };
        if point.l >= RESUME_END_MS.into() {
            return Err(ResumeError { high_water });
        }
        self.node = self.node.max(point);
        Ok(())
    }
}

/// What can happen to a clock.
#[derive(Clone, Copy, Debug)]
enum Event<'e> {
    Wall(i64),
    Tick,
    Observe(Hlc),
    ObserveAll(&'e [Hlc]),
    Resume(Hlc),
}

/// Lets it happen to the clock and to the rule, and compares all that can be seen. Returns the
/// stamps that the later ones have to be above: those taken in, and the one that was drawn.
fn happen(
    event: Event<'_>,
    wall: &ManualClock,
    clock: &dyn ClockUnderTest,
    expected: &mut Expected,
) -> (Vec<Hlc>, Option<Hlc>) {
    let (taken, drawn) = match event {
        Event::Wall(ms) => {
            wall.set_ms(ms);
            expected.now_ms = ms;
            (vec![], None)
        }
        Event::Tick => {
            let stamp = clock.tick();
            assert_eq!(stamp, expected.tick());
            (vec![], Some(stamp))
        }
        Event::Observe(remote) => {
            assert_eq!(clock.check(remote), expected.check(remote));
            assert_eq!(clock.check_drift(remote), expected.check_drift(remote));
            assert_eq!(clock.last(), expected.node.stamp(), "a check moves nothing");
            let answer = clock.observe(remote);
            assert_eq!(answer, expected.observe(remote));
            match answer {
                Ok(stamp) => (vec![remote], Some(stamp)),
                Err(_) => (vec![], None),
            }
        }
        Event::ObserveAll(remotes) => {
            assert_eq!(clock.check_all(remotes), expected.check_all(remotes));
            assert_eq!(clock.last(), expected.node.stamp(), "a check moves nothing");
            let answer = clock.observe_all(remotes);
            assert_eq!(answer, expected.observe_all(remotes));
            match answer {
                Ok(stamp) => (remotes.to_vec(), stamp),
                Err(_) => (vec![], None),
            }
        }
        Event::Resume(high_water) => {
            let answer = clock.resume(high_water);
            assert_eq!(answer, expected.resume(high_water));
            match answer {
                Ok(()) => (vec![high_water], None),
                Err(_) => (vec![], None),
            }
        }
    };
    assert_eq!(clock.last(), expected.node.stamp());
    (taken, drawn)
}

/// Where a clock is looked at: around this millisecond, within these limits.
#[derive(Clone, Copy)]
struct World {
    around_ms: u64,
    limits: DriftLimits,
}

impl World {
    fn expected(&self) -> Expected {
        Expected {
            node: Paper::default(),
            now_ms: 0,
            limits: self.limits,
            seen: BTreeMap::new(),
        }
    }

    /// The milliseconds that matter, and 0, where a clock starts.
    fn times(&self) -> impl Iterator<Item = u64> {
        [0].into_iter().chain(self.around_ms..self.around_ms + 4)
    }

    fn walls(&self) -> Vec<i64> {
        let readings = self.times().map(u64::cast_signed);
        readings.chain([-1, i64::MIN, i64::MAX]).collect()
    }

    fn remotes(&self) -> Vec<Hlc> {
        let counters = [0, 1, 2, 0xfffe, 0xffff, 0x1_0000, u64::MAX];
        let stamps = |ms| {
            counters.map(|counter| [Uuid::nil(), OWN, OTHER].map(|id| Hlc::new(ms, counter, id)))
        };
        self.times().flat_map(stamps).flatten().collect()
    }

    fn batches(&self) -> Vec<[Hlc; 2]> {
        let few: Vec<Hlc> = self.remotes().into_iter().step_by(8).collect();
        let pairs = few
            .iter()
            .flat_map(|one| few.iter().map(|two| [*one, *two]));
        pairs.collect()
    }
}

const fn limits(refuse: DriftLimit) -> DriftLimits {
    DriftLimits {
        warn: DriftLimit::AtMostMs(1),
        refuse,
    }
}

/// At some time within a tight limit, at that time without any, just after 1970 with no
/// drift allowed, at the ceiling, and at the end of the reserve.
const WORLDS: [World; 5] = [
    World {
        around_ms: NOW,
        limits: limits(DriftLimit::AtMostMs(2)),
    },
    World {
        around_ms: NOW,
        limits: limits(DriftLimit::Unlimited),
    },
    World {
        around_ms: 1,
        limits: limits(DriftLimit::AtMostMs(0)),
    },
    World {
        around_ms: CEILING_MS - 2,
        limits: limits(DriftLimit::Unlimited),
    },
    World {
        around_ms: RESUME_END_MS - 2,
        limits: limits(DriftLimit::Unlimited),
    },
];

/// Every event in every state that a few events lead to. A state is the reading of the wall clock
/// and the point where the clock stands; a clock is brought there as after a restart, by `resume`.
/// That there is no more to a clock than this is for the other test to say.
fn in_every_state_every_event_does_what_the_paper_says(bench: &Bench) {
    let mut seen = BTreeMap::new();
    for world in WORLDS {
        let (remotes, batches) = (world.remotes(), world.batches());
        let mut events: Vec<Event<'_>> = world.walls().into_iter().map(Event::Wall).collect();
        events.push(Event::Tick);
        events.push(Event::ObserveAll(&[]));
        events.extend(batches.iter().map(|batch| Event::ObserveAll(batch)));
        events.extend(
            remotes
                .iter()
                .flat_map(|r| [Event::Observe(*r), Event::Resume(*r)]),
        );

        let mut known = BTreeSet::from([(0, Paper::default())]);
        let mut frontier = known.clone();
        for _ in 0..bench.effort(6, 3) {
            let reached = reached_from(&frontier, &events, bench, &world, &mut seen);
            frontier = reached.difference(&known).copied().collect();
            known.extend(&frontier);
        }
        *seen.entry("states").or_default() += known.len() as u64;
    }
    println!("{seen:?}");
    let differences = ["carry", "rounding", "no reading", "refusal", "echo"];
    for difference in differences {
        assert!(seen[difference] > 0, "{difference} never played a part");
    }
}

type State = (i64, Paper);

fn reached_from(
    states: &BTreeSet<State>,
    events: &[Event<'_>],
    bench: &Bench,
    world: &World,
    seen: &mut BTreeMap<&'static str, u64>,
) -> BTreeSet<State> {
    let mut reached = BTreeSet::new();
    for (now_ms, node) in states {
        let wall = ManualClock::new(*now_ms);
        for event in events {
            let clock = bench.clock_with(&wall, world.limits);
            // Only its own stamps carry a clock to where it cannot resume from.
            if clock.resume(node.stamp()).is_err() {
                break;
            }
            let mut expected = world.expected();
            (expected.node, expected.now_ms) = (*node, *now_ms);
            happen(*event, &wall, &*clock, &mut expected);
            reached.insert((expected.now_ms, expected.node));
            wall.set_ms(*now_ms);
            for (difference, times) in expected.seen {
                *seen.entry(difference).or_default() += times;
            }
            *seen.entry("events").or_default() += 1;
        }
    }
    reached
}

/// Every sequence of a few events, on one clock from its start, which is never put together anew:
/// so nothing that a clock might remember beside its position is left out. Whatever the sequence,
/// each stamp is above everything that was issued or taken before.
fn every_short_sequence_does_what_the_paper_says_and_only_goes_up(bench: &Bench) {
    let batch = [other(NOW + 1, 3), other(NOW, 0xffff)];
    let refused = [other(NOW + 1, 7), other(NOW + 9, 0)];
    let events = [
        Event::Wall(NOW.cast_signed()),
        Event::Wall(NOW.cast_signed() + 2),
        Event::Wall(-1),
        Event::Tick,
        Event::Observe(own(NOW, 0)),
        Event::Observe(own(NOW + 1, 0x1_0000)),
        Event::Observe(other(NOW, 0)),
        Event::Observe(other(NOW + 1, 0xffff)),
        Event::Observe(other(NOW + 2, 0x1_0000)),
        Event::Observe(other(NOW + 3, 0)),
        Event::ObserveAll(&batch),
        Event::ObserveAll(&refused),
        Event::Resume(other(NOW, 0xfffe)),
        Event::Resume(other(NOW + 1, u64::MAX)),
    ];
    let world = WORLDS[0];
    let mut digits = vec![0; bench.effort(5, 4)];
    loop {
        let sequence: Vec<Event<'_>> = digits.iter().map(|digit| events[*digit]).collect();
        follow(&sequence, bench, &world);
        // Counts up, in a number system with as many digits as there are events.
        let Some(place) = digits.iter().rposition(|digit| digit + 1 < events.len()) else {
            break;
        };
        digits[place] += 1;
        digits[place + 1..].fill(0);
    }
}

fn follow(sequence: &[Event<'_>], bench: &Bench, world: &World) {
    let wall = ManualClock::new(0);
    let clock = bench.clock_with(&wall, world.limits);
    let mut expected = world.expected();
    let mut highest = Paper::default();
    for event in sequence {
        let (taken, drawn) = happen(*event, &wall, &*clock, &mut expected);
        let taken = taken.into_iter().map(Paper::of);
        highest = taken.fold(highest, Paper::max);
        if let Some(stamp) = drawn {
            assert!(Paper::of(stamp) > highest, "{sequence:?}");
            highest = Paper::of(stamp);
        }
    }
}
