//! From a seed to a scenario: how the devices begin, and every step, drawn up front.

use fastrand::Rng;

use super::past::{LOGGED_MS, Past, Start};
use super::release::Release;
use super::step::{Edit, Forgery, How, Model, References, Step, Struck};
use crate::scenario::place_of;
use crate::shrink::Shrinks;
use crate::trace::START_MS;

const HOUR_MS: i64 = 3_600_000;

/// How far a wall clock may be off. The last one is more than others take.
const OFFS_MS: [i64; 7] = [0, 0, 1, -HOUR_MS, 9 * HOUR_MS, -9 * HOUR_MS, 30 * HOUR_MS];

/// Everything that a run depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// How each device begins.
    pub starts: Vec<Start>,
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The scenario of `seed`.
    pub fn generate(seed: u64, steps: usize) -> Self {
        let mut generator = Generator::new(seed);
        let starts = generator.starts();
        Self {
            steps: (0..steps).map(|_| generator.step()).collect(),
            starts,
        }
    }
}

impl Shrinks for Scenario {
    type Step = Step;

    fn steps_mut(&mut self) -> &mut Vec<Step> {
        &mut self.steps
    }

    /// Without what a device has from before, and with a half of it.
    fn simpler_starts(&self) -> Vec<Self> {
        let mut simpler = Vec::new();
        for (device, start) in self.starts.iter().enumerate() {
            let edits = &start.past.edits;
            let (first, second) = edits.split_at(edits.len() / 2);
            for half in [first, second] {
                if !half.is_empty() && half.len() < edits.len() {
                    let past = Past {
                        edits: half.to_vec(),
                        ..start.past.clone()
                    };
                    simpler.push(self.beginning_with(device, past));
                }
            }
            if !edits.is_empty() {
                simpler.push(self.beginning_with(device, Past::default()));
            }
        }
        simpler
    }

    /// Without what strikes it, and without one of its edits.
    fn simpler(step: &Step) -> Vec<Step> {
        let mut simpler = Vec::new();
        let mut undisturbed = step.clone();
        if let Step::Write { struck, .. }
        | Step::Drain { struck, .. }
        | Step::Deliver { struck, .. } = &mut undisturbed
            && struck.take().is_some()
        {
            simpler.push(undisturbed);
        }
        if let Step::Write { edits, .. } = step {
            for place in 0..edits.len() {
                let mut shorter = step.clone();
                if let Step::Write { edits: left, .. } = &mut shorter {
                    left.remove(place);
                    simpler.push(shorter);
                }
            }
        }
        simpler
    }
}

impl Scenario {
    /// The same, in which a device begins with less.
    fn beginning_with(&self, device: usize, past: Past) -> Self {
        let mut simpler = self.clone();
        simpler.starts[device].past = past;
        simpler
    }
}

type Draw = fn(&mut Generator) -> Step;

/// How often what happens, in parts of the sum. `true`: some runs are without it.
const WEIGHTS: &[(u32, bool, Draw)] = &[
    (100, false, Generator::deliver),
    (45, false, Generator::write),
    (40, false, Generator::pull),
    (12, false, Generator::pull_ahead),
    (6, false, Generator::wait),
    (5, false, Generator::prune),
    (4, false, Generator::drain),
    (10, true, Generator::forget),
    (4, true, Generator::crash),
    (6, true, Generator::lose),
    (8, true, Generator::duplicate),
    (6, true, Generator::forge),
    (4, true, Generator::jump),
    (2, true, Generator::upgrade),
    (12, true, Generator::snapshot),
];

struct Generator {
    rng: Rng,
    devices: u8,
    /// The weight of each line of [`WEIGHTS`] in this run.
    weights: Vec<u32>,
    /// Of how many operations one is struck; 0 for none.
    struck_in: u32,
    /// How many entries a page has at most.
    page_max: u8,
}

impl Generator {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let weights = WEIGHTS.iter().map(|(weight, sometimes, _)| {
            if *sometimes && rng.u32(0..3) == 0 {
                0
            } else {
                *weight
            }
        });
        Self {
            weights: weights.collect(),
            devices: rng.u8(2..=4),
            struck_in: [0, 4, 8, 16][rng.usize(0..4)],
            page_max: [1, 3, 9][rng.usize(0..3)],
            rng,
        }
    }

    /// In one run of three, half of the devices have a past.
    fn starts(&mut self) -> Vec<Start> {
        let has_pasts = self.rng.u32(0..3) == 0;
        let all = 0..self.devices;
        all.map(|_| Start {
            release: if self.rng.bool() {
                Release::First
            } else {
                Release::Second
            },
            past: if has_pasts && self.rng.bool() {
                self.past()
            } else {
                Past::default()
            },
        })
        .collect()
    }

    /// The time that an app knows of its rows may be before or after the time of its log, or ahead of now.
    fn past(&mut self) -> Past {
        let edits = self.rng.u8(1..=12);
        let changed_ms = [
            None,
            Some(LOGGED_MS - HOUR_MS),
            Some(LOGGED_MS + HOUR_MS),
            Some(START_MS + HOUR_MS),
        ];
        Past {
            edits: (0..edits).map(|_| self.edit()).collect(),
            is_logged: self.rng.bool(),
            changed_ms: changed_ms[self.rng.usize(0..changed_ms.len())],
        }
    }

    fn step(&mut self) -> Step {
        let (.., draw) = WEIGHTS[place_of(&mut self.rng, &self.weights)];
        draw(self)
    }

    fn device(&mut self) -> u8 {
        self.rng.u8(0..self.devices)
    }

    /// Most messages arrive soon after they were sent.
    fn pick(&mut self) -> u8 {
        if self.rng.bool() {
            0
        } else {
            self.rng.u8(0..16)
        }
    }

    fn struck(&mut self) -> Option<Struck> {
        if self.struck_in == 0 || self.rng.u32(0..self.struck_in) > 0 {
            return None;
        }
        Some(match self.rng.u32(0..6) {
            0..=1 => Struck::Busy {
                call: self.rng.u8(0..10),
            },
            2 => Struck::BeforeCommit,
            3 => Struck::AfterCommit,
            4 => Struck::AfterAppend,
            _ => Struck::PowerCut,
        })
    }

    fn write(&mut self) -> Step {
        let edits = [1, 1, 1, 2, 3, 4][self.rng.usize(0..6)];
        Step::Write {
            on: self.device(),
            edits: (0..edits).map(|_| self.edit()).collect(),
            references: if self.rng.u32(0..6) == 0 {
                References::Unchecked
            } else {
                References::Checked
            },
            struck: self.struck(),
        }
    }

    fn edit(&mut self) -> Edit {
        let model = match self.rng.u32(0..10) {
            0..=2 => Model::Tag,
            3..=4 => Model::Album,
            5..=6 => Model::Link,
            7..=8 => Model::Note,
            _ => Model::Memo,
        };
        let how = match self.rng.u32(0..14) {
            0..=4 => How::Save,
            5..=6 => How::Insert,
            7..=8 => How::Update,
            9..=11 => How::Delete,
            12 => How::SaveUnchanged,
            _ => How::Swap,
        };
        Edit {
            model: if how == How::Swap { Model::Tag } else { model },
            record: self.rng.u8(0..4),
            how,
            values: [(); 3].map(|()| self.rng.u8(0..16)),
        }
    }

    fn drain(&mut self) -> Step {
        Step::Drain {
            on: self.device(),
            struck: self.struck(),
        }
    }

    fn pull(&mut self) -> Step {
        let back = if self.rng.u32(0..4) == 0 {
            self.rng.u8(1..4)
        } else {
            0
        };
        Step::Pull {
            reader: self.device(),
            origin: self.device(),
            back,
            limit: self.rng.u8(1..=self.page_max),
        }
    }

    fn deliver(&mut self) -> Step {
        Step::Deliver {
            pick: self.pick(),
            struck: self.struck(),
        }
    }

    fn pull_ahead(&mut self) -> Step {
        Step::PullAhead { pick: self.pick() }
    }

    fn lose(&mut self) -> Step {
        Step::Lose { pick: self.pick() }
    }

    fn duplicate(&mut self) -> Step {
        Step::Duplicate { pick: self.pick() }
    }

    fn forge(&mut self) -> Step {
        let all = [
            Forgery::OtherLog,
            Forgery::OtherPast,
            Forgery::OtherPast,
            Forgery::OtherEntry,
        ];
        Step::Forge {
            pick: self.pick(),
            how: all[self.rng.usize(0..all.len())],
        }
    }

    fn crash(&mut self) -> Step {
        Step::Crash { on: self.device() }
    }

    fn prune(&mut self) -> Step {
        Step::Prune { on: self.device() }
    }

    fn forget(&mut self) -> Step {
        Step::Forget { on: self.device() }
    }

    fn upgrade(&mut self) -> Step {
        Step::Upgrade { on: self.device() }
    }

    fn snapshot(&mut self) -> Step {
        Step::Snapshot {
            reader: self.device(),
            donor: self.device(),
        }
    }

    fn wait(&mut self) -> Step {
        let ms = [1, 1000, HOUR_MS, 10 * HOUR_MS][self.rng.usize(0..4)];
        Step::Wait { ms }
    }

    fn jump(&mut self) -> Step {
        Step::Jump {
            on: self.device(),
            off_ms: OFFS_MS[self.rng.usize(0..OFFS_MS.len())],
        }
    }
}
