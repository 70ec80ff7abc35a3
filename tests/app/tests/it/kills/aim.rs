//! When to kill, so that every kind of call is hit while it runs, and at each of its steps.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

use super::line::Kind;

/// How many calls of a kind are remembered.
const REMEMBERED: usize = 32;

/// What children do when they are killed, in turn.
const TARGETS: [Kind; 14] = [
    Kind::Open,
    Kind::Write,
    Kind::Pull,
    Kind::RecordIn,
    Kind::Drain,
    Kind::Pull,
    Kind::Burst,
    Kind::Reopen,
    Kind::Write,
    Kind::Pull,
    Kind::RecordInAlone,
    Kind::Open,
    Kind::Forget,
    Kind::RollBack,
];

/// What is known of the calls of children.
pub(super) struct Aim {
    rng: Rng,
    calls: BTreeMap<Kind, Vec<Call>>,
    next: usize,
}

/// How long a call took, and how many statements of the product it had.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) duration: Duration,
    pub(super) statements: u64,
}

impl Aim {
    /// Nothing is known yet.
    pub(super) const fn new(rng: Rng) -> Self {
        Self {
            rng,
            calls: BTreeMap::new(),
            next: 0,
        }
    }

    /// During which call the next child is killed.
    pub(super) fn target(&mut self) -> Kind {
        let target = TARGETS[self.next];
        self.next = (self.next + 1) % TARGETS.len();
        target
    }

    /// How long a child lives after it has begun its target: about as long as the call takes.
    pub(super) fn delay(&mut self, target: Kind) -> Duration {
        let whole = self.call(target).duration;
        whole.mul_f64(1.2 * self.rng.f64())
    }

    /// Before which statement of its target a child aborts.
    pub(super) fn statement(&mut self, target: Kind) -> u64 {
        let statements = self.call(target).statements;
        self.rng.u64(1..=statements.max(1))
    }

    /// A child has returned from a call.
    pub(super) fn learn(&mut self, kind: Kind, call: Call) {
        let known = self.calls.entry(kind).or_default();
        if known.len() < REMEMBERED {
            known.push(call);
        } else {
            known[self.rng.usize(0..REMEMBERED)] = call;
        }
    }

    /// A call of this kind: one that is known, or a guess.
    fn call(&mut self, kind: Kind) -> Call {
        let known = self.calls.get(&kind).into_iter().flatten();
        let known: Vec<_> = known.copied().collect();
        let guess = match kind {
            Kind::Make => Call {
                duration: Duration::from_millis(100),
                statements: 150,
            },
            _ => Call {
                duration: Duration::from_millis(5),
                statements: 20,
            },
        };
        self.rng.choice(known).unwrap_or(guess)
    }
}
