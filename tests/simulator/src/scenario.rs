//! From a seed to a scenario: who takes part, and every step, drawn up front.

mod files;
mod foreign;

use fastrand::Rng;
use sync_log_core::{PrunePolicy, UnknownPeers};

use crate::gate::{Incident, Struck};
use crate::step::{Call, Step, WildAck};

/// Most devices that ever take part, clones included.
pub const DEVICES_MAX: u8 = 7;

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 3600 * SECOND_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const YEAR_MS: i64 = 365 * DAY_MS;

/// So far ahead of the others that they refuse the stamps.
const FAR_AHEAD_MS: [i64; 3] = [25 * HOUR_MS, 3 * DAY_MS, 56 * YEAR_MS];

/// Everything that a run depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What stays in the logs after everybody has it.
    pub policy: PrunePolicy,
    /// What an ack from an unknown peer does.
    pub unknown_peers: UnknownPeers,
    /// How far the wall clock of each device is off at first, in ms.
    pub skews_ms: Vec<i64>,
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The scenario of `seed`: `steps` steps, after those in which the first
    /// devices meet.
    pub fn generate(seed: u64, steps: usize) -> Self {
        let mut generator = Generator::new(seed);
        let mut all = generator.setup();
        all.extend((0..steps).map(|_| generator.step()));
        Self {
            policy: generator.policy,
            unknown_peers: generator.unknown_peers,
            skews_ms: generator.skews_ms,
            steps: all,
        }
    }
}

/// Draws a place in `weights`, each as often as its weight is of their sum.
pub(crate) fn place_of(rng: &mut Rng, weights: &[u32]) -> usize {
    let mut left = rng.u32(0..weights.iter().sum());
    for (place, weight) in weights.iter().enumerate() {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return place,
        }
    }
    unreachable!("a number below the sum of the weights falls to one of them")
}

type Draw = fn(&mut Generator) -> Step;

/// How often what happens, in parts of the sum. `false`: part of every run;
/// `true`: a run has it or not, so that some runs are calm and some go deep.
const WEIGHTS: &[(u32, bool, Draw)] = &[
    (200, false, Generator::deliver),
    (50, false, Generator::pull),
    (50, false, Generator::record),
    (25, false, Generator::prune),
    (20, false, Generator::bootstrap),
    (15, false, Generator::ack),
    (12, false, Generator::wait),
    (6, false, Generator::review),
    (25, true, Generator::resume),
    (12, true, Generator::append),
    (14, true, Generator::register),
    (10, true, Generator::lose),
    (10, true, Generator::duplicate),
    (10, true, Generator::cut),
    (8, true, Generator::jump),
    (12, true, Generator::crash),
    (10, true, Generator::back_up),
    (20, true, Generator::restore),
    (4, true, Generator::clone_device),
    (2, true, Generator::lose_file),
    (5, true, Generator::join),
    (3, true, Generator::leave),
    (10, true, Generator::retire),
    (6, true, Generator::wild_ack),
    (3, true, Generator::solo),
    (8, true, Generator::admit),
    (10, true, Generator::watch),
    (5, true, Generator::foreign),
    (8, true, Generator::declare),
    (12, true, Generator::echo),
    (6, true, Generator::dismiss),
];

struct Generator {
    rng: Rng,
    policy: PrunePolicy,
    unknown_peers: UnknownPeers,
    skews_ms: Vec<i64>,
    live: Vec<u8>,
    /// Devices that are not, and that others may know.
    gone: Vec<u8>,
    /// Devices that ever were.
    known: u8,
    weights: Vec<u32>,
    /// Of how many operations one is struck; 0 for none.
    struck_in: u32,
    /// Batches of more than one chunk of a prune that are still to come.
    large_batches_left: u8,
    /// Steps that belong to one that was drawn.
    queue: Vec<Step>,
}

impl Generator {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let policy = match rng.u32(0..10) {
            0 => PrunePolicy::KeepEntries {
                count: rng.usize(1..4),
            },
            1 => PrunePolicy::KeepFor {
                age_ms: rng.u64(1..=7_200_000),
            },
            _ => PrunePolicy::AckedByAll,
        };
        let unknown_peers = if rng.bool() {
            UnknownPeers::Refuse
        } else {
            UnknownPeers::Register
        };
        let skews_ms = (0..DEVICES_MAX).map(|_| skew_ms(&mut rng)).collect();
        let weights = WEIGHTS
            .iter()
            .map(|(weight, sometimes, _)| match sometimes {
                true if rng.bool() => 0,
                _ => *weight,
            })
            .collect();
        let struck_in = [0, 3, 6, 15][rng.usize(0..4)];
        let large_batches_left = if rng.u32(0..20) == 0 { 2 } else { 0 };
        Self {
            rng,
            policy,
            unknown_peers,
            skews_ms,
            live: Vec::new(),
            gone: Vec::new(),
            known: 0,
            weights,
            struck_in,
            large_batches_left,
            queue: Vec::new(),
        }
    }

    /// The first devices, and that they know each other, mostly.
    fn setup(&mut self) -> Vec<Step> {
        let devices = self.rng.u8(1..=4);
        let mut steps: Vec<Step> = (0..devices).map(|on| self.joining(on)).collect();
        self.live = (0..devices).collect();
        self.known = devices;
        for on in 0..devices {
            for peer in (0..devices).filter(|peer| *peer != on) {
                if self.rng.u32(0..4) > 0 {
                    steps.push(call(on, 0, Call::Register { peer }, None));
                }
            }
        }
        steps
    }

    /// Some come from an earlier program, or have records that are in no log.
    fn joining(&mut self, on: u8) -> Step {
        match self.rng.u32(0..10) {
            0..=1 => Step::JoinWithEarlierFile {
                on,
                entries: self.rng.u8(0..6),
            },
            2 => Step::JoinWithRecords { on },
            _ => Step::Join { on },
        }
    }

    fn step(&mut self) -> Step {
        if let Some(step) = self.queue.pop() {
            return step;
        }
        let (.., draw) = WEIGHTS[place_of(&mut self.rng, &self.weights)];
        draw(self)
    }

    fn device(&mut self) -> u8 {
        let place = self.rng.usize(0..self.live.len());
        self.live[place]
    }

    /// Two devices, different if there are two.
    fn pair(&mut self) -> (u8, u8) {
        let one = self.rng.usize(0..self.live.len());
        let step = match self.live.len() {
            1 => 0,
            devices => self.rng.usize(1..devices),
        };
        (self.live[one], self.live[(one + step) % self.live.len()])
    }

    fn process(&mut self) -> u8 {
        u8::from(self.rng.u32(0..4) == 0)
    }

    fn struck(&mut self) -> Option<Struck> {
        if self.struck_in == 0 || self.rng.u32(0..self.struck_in) > 0 {
            return None;
        }
        // Most are held up, because that is where races begin.
        let incident = match self.rng.u32(0..3) {
            0..=1 => Incident::ParkBefore,
            _ => Incident::ALL[self.rng.usize(0..Incident::ALL.len())],
        };
        let call = self.rng.u8(0..3);
        Some(Struck { incident, call })
    }

    fn call(&mut self, what: Call) -> Step {
        let on = self.device();
        self.call_on(on, what)
    }

    fn call_on(&mut self, on: u8, what: Call) -> Step {
        let (process, struck) = (self.process(), self.struck());
        if is_held_up(struck) && self.rng.u32(0..4) > 0 {
            self.race(on, 1 - process);
        }
        call(on, process, what, struck)
    }

    /// A call is held up: others overtake it, and it goes on, perhaps only to
    /// its next step, and so on.
    fn race(&mut self, on: u8, process: u8) {
        let stops = self.rng.u32(0..3);
        for stop in 0..=stops {
            let again = Struck {
                incident: Incident::ParkBefore,
                call: 0,
            };
            let struck = (stop > 0).then_some(again);
            // The queue is taken from its end: the last resumption goes in first.
            self.queue.push(Step::Resume { pick: 0, struck });
            for _ in 0..self.rng.u32(1..=2) {
                let overtaking = self.overtake(on, process);
                self.queue.push(overtaking);
            }
        }
    }

    /// What the other process of a device does while a call is held up.
    fn overtake(&mut self, on: u8, process: u8) -> Step {
        let what = match self.rng.u32(0..6) {
            0 => Call::Record { changes: 1 },
            1 => Call::Prune,
            2 => Call::Tick,
            3..=4 => {
                // Also a device that has not joined yet, or never will.
                let peer = self.rng.u8(0..DEVICES_MAX + 4);
                if !self.live.contains(&peer) && !self.gone.contains(&peer) {
                    self.gone.push(peer);
                }
                Call::Register { peer }
            }
            _ => {
                let pick = self.rng.i16(..);
                return Step::Deliver {
                    pick,
                    process,
                    struck: None,
                };
            }
        };
        call(on, process, what, None)
    }

    fn deliver(&mut self) -> Step {
        // Mostly in order.
        let pick = match self.rng.u32(0..3) {
            0 => self.rng.i16(..),
            _ => 0,
        };
        let (process, struck) = (self.process(), self.struck());
        Step::Deliver {
            pick,
            process,
            struck,
        }
    }

    fn pull(&mut self) -> Step {
        let (reader, origin) = self.pair();
        let limit = [1, 2, 3, 5, 1000][self.rng.usize(0..5)];
        Step::Pull {
            reader,
            origin,
            limit,
        }
    }

    fn ack(&mut self) -> Step {
        let (reader, origin) = self.pair();
        Step::Ack { reader, origin }
    }

    fn bootstrap(&mut self) -> Step {
        let (reader, origin) = self.pair();
        let struck = self.struck();
        Step::Bootstrap {
            reader,
            origin,
            struck,
        }
    }

    fn record(&mut self) -> Step {
        let changes = match self.rng.u32(0..10) {
            0..=2 if self.large_batches_left > 0 => {
                self.large_batches_left -= 1;
                self.rng.u16(990..1100)
            }
            0..=2 => self.rng.u16(2..6),
            _ => 1,
        };
        self.call(Call::Record { changes })
    }

    fn append(&mut self) -> Step {
        let (on, process) = (self.device(), self.process());
        let struck = self.struck();
        match self.rng.u32(0..4) {
            0 => self.call_on(on, Call::Tick),
            1 => self.call_on(on, Call::Append),
            2 => self.ahead_and_right_again(on, process),
            _ => {
                self.queue.push(call(on, process, Call::Append, struck));
                call(on, process, Call::Tick, None)
            }
        }
    }

    /// A clock goes wrong, a stamp is given out, and the clock is set right before that is used.
    fn ahead_and_right_again(&mut self, on: u8, process: u8) -> Step {
        let ms = FAR_AHEAD_MS[self.rng.usize(0..FAR_AHEAD_MS.len())];
        let append = call(on, process, Call::Append, None);
        let right = Step::Jump { on, ms: 0 };
        let tick = call(on, process, Call::Tick, None);
        let explain = call(on, process, Call::Explain, None);
        self.queue.extend([append, explain, right, tick]);
        Step::Jump { on, ms }
    }

    fn prune(&mut self) -> Step {
        if self.struck_in == 0 || self.rng.u32(0..4) > 0 {
            return self.call(Call::Prune);
        }
        // What is planned must still be right when it is carried out.
        let (on, process) = (self.device(), self.process());
        self.race(on, 1 - process);
        let struck = Struck {
            incident: Incident::ParkBefore,
            call: self.rng.u8(0..3),
        };
        call(on, process, Call::Prune, Some(struck))
    }

    fn review(&mut self) -> Step {
        match self.rng.u32(0..3) {
            0 => self.call(Call::Explain),
            _ => self.call(Call::Review),
        }
    }

    fn register(&mut self) -> Step {
        let (on, peer) = self.pair();
        self.call_on(on, Call::Register { peer })
    }

    fn retire(&mut self) -> Step {
        let (on, mut peer) = self.pair();
        // Mostly one that is not there: it would block pruning for ever.
        if !self.gone.is_empty() && self.rng.u32(0..6) > 0 {
            peer = self.gone[self.rng.usize(0..self.gone.len())];
        }
        self.call_on(on, Call::Retire { peer })
    }

    fn solo(&mut self) -> Step {
        self.call(Call::Solo)
    }

    /// A device acknowledges, is retired before that arrives, and is admitted again.
    fn admit(&mut self) -> Step {
        let (on, peer) = self.pair();
        let is_fresh = self.rng.u32(0..3) > 0;
        let admit = self.call_on(on, Call::Admit { peer, is_fresh });
        if self.rng.u32(0..3) == 0 {
            return admit;
        }
        let (process, struck) = (self.process(), self.struck());
        let arrives = Step::Deliver {
            pick: -1,
            process,
            struck,
        };
        self.queue.push(call(on, process, Call::Prune, None));
        self.queue.push(arrives);
        self.queue.push(admit);
        self.queue.push(call(on, 0, Call::Retire { peer }, None));
        Step::Ack {
            reader: peer,
            origin: on,
        }
    }

    fn watch(&mut self) -> Step {
        let (on, process) = (self.device(), self.process());
        Step::Watch { on, process }
    }

    fn declare(&mut self) -> Step {
        match self.rng.u32(0..3) {
            0 => self.call(Call::Trust),
            _ => self.call(Call::Declare),
        }
    }

    /// What a device has of another comes back, as with a copy of its records.
    fn echo(&mut self) -> Step {
        let (on, reader) = self.pair();
        self.call_on(on, Call::Echo { reader })
    }

    /// The signs are looked at after they were dismissed, or after a restart.
    fn dismiss(&mut self) -> Step {
        let on = self.device();
        self.queue.push(call(on, 0, Call::Explain, None));
        if self.rng.bool() {
            self.call_on(on, Call::DismissVerdicts)
        } else {
            Step::Close { on }
        }
    }

    fn wild_ack(&mut self) -> Step {
        let (on, peer) = self.pair();
        let acks = [WildAck::BeyondHead, WildAck::Unused, WildAck::Foreign];
        let ack = acks[self.rng.usize(0..3)];
        call(on, 0, Call::WildAck { peer, ack }, None)
    }

    fn lose(&mut self) -> Step {
        let pick = self.rng.u16(..);
        Step::Lose { pick }
    }

    fn duplicate(&mut self) -> Step {
        let pick = self.rng.u16(..);
        Step::Duplicate { pick }
    }

    fn cut(&mut self) -> Step {
        let (one, other) = self.pair();
        match self.rng.u32(0..3) {
            0 => Step::Cut { one, other },
            _ => Step::Mend { one, other },
        }
    }

    fn resume(&mut self) -> Step {
        let pick = self.rng.u8(..);
        match self.rng.u32(0..8) {
            0 => Step::Cancel { pick },
            _ => {
                let struck = self.struck();
                Step::Resume { pick, struck }
            }
        }
    }

    fn wait(&mut self) -> Step {
        let most = [2, SECOND_MS, HOUR_MS][self.rng.usize(0..3)];
        let ms = self.rng.i64(1..=most);
        Step::Wait { ms }
    }

    fn jump(&mut self) -> Step {
        let (on, ms) = (self.device(), skew_ms(&mut self.rng));
        Step::Jump { on, ms }
    }

    fn crash(&mut self) -> Step {
        let (on, process) = (self.device(), self.process());
        match self.rng.u32(0..3) {
            0 => Step::Close { on },
            _ => Step::Crash { on, process },
        }
    }

    fn join(&mut self) -> Step {
        let others = self.live.clone();
        let Some(on) = self.newcomer() else {
            return self.record();
        };
        for peer in others {
            self.queue.push(call(on, 0, Call::Register { peer }, None));
            let here = call(peer, 0, Call::Register { peer: on }, None);
            self.queue.push(here);
        }
        self.joining(on)
    }

    fn newcomer(&mut self) -> Option<u8> {
        let on = (self.known < DEVICES_MAX).then_some(self.known)?;
        self.known += 1;
        self.live.push(on);
        self.gone.retain(|gone| *gone != on);
        Some(on)
    }

    fn leave(&mut self) -> Step {
        if self.live.len() < 3 {
            return self.record();
        }
        let place = self.rng.usize(0..self.live.len());
        let on = self.live.remove(place);
        self.gone.push(on);
        Step::Leave { on }
    }
}

fn is_held_up(struck: Option<Struck>) -> bool {
    use Incident::{ParkAfter, ParkBefore};
    struck.is_some_and(|struck| matches!(struck.incident, ParkBefore | ParkAfter))
}

fn call(on: u8, process: u8, call: Call, struck: Option<Struck>) -> Step {
    Step::Call {
        on,
        process,
        call,
        struck,
    }
}

/// How wrong a wall clock is: mostly a little, sometimes by days or decades, or
/// it reads nonsense.
fn skew_ms(rng: &mut Rng) -> i64 {
    let most = match rng.u32(0..10) {
        0..=1 => return 0,
        2..=3 => 3,
        4..=5 => 20 * SECOND_MS,
        6 => 10 * 60 * SECOND_MS,
        7 => 5 * HOUR_MS,
        8 => 3 * DAY_MS,
        _ => {
            let wrong = [-60 * YEAR_MS, i64::MAX / 4];
            let far = rng.usize(0..FAR_AHEAD_MS.len() + wrong.len());
            return [&FAR_AHEAD_MS[..], &wrong[..]].concat()[far];
        }
    };
    rng.i64(-most..=most)
}
