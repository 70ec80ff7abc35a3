//! What a child does next.

use std::collections::VecDeque;

use super::args::{Fault, Role};
use crate::entry::PEERS;
use crate::line::How;

/// Entries of a batch that is more than one statement and many pages.
const LARGE_BATCH: std::ops::Range<u32> = 501..1100;

/// One in so many victims begins with more entries than a prune deletes at once.
const HOARD_ONE_IN: u32 = 6;

/// A step. Which entries and which stamps it is about shows when it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Batch { count: u32 },
    Burst { count: u32 },
    Ticked,
    Observe,
    Register { peer: usize },
    Ack { peer: usize, page: usize },
    OnAck { peer: usize, page: usize },
    Rewind { peer: usize },
    Prune,
    Migrate,
    Reopen,
    Move { how: How },
    Close,
    BackUp,
    Refuse,
}

/// Steps, drawn by weight, after a beginning that may be fixed.
pub(super) struct Script {
    beginning: VecDeque<Step>,
    weights: Vec<(u32, Draw)>,
    appends: Appends,
}

/// How entries enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Appends {
    AnySize,
    Small,
    /// Only where the stamp is known before, so that it can be told too early.
    Ticked,
}

/// A peer, and how much it reads, which are drawn for every step.
#[derive(Clone, Copy)]
struct Reads {
    peer: usize,
    page: usize,
}

/// How a step is drawn.
type Draw = fn(&Script, Reads, &mut fastrand::Rng) -> Step;

const ALL: &[(u32, Draw)] = &[
    (36, Script::append),
    (6, |_, _, _| Step::Ticked),
    (5, |_, _, _| Step::Observe),
    (3, |_, Reads { peer, .. }, _| Step::Register { peer }),
    (20, |_, Reads { peer, page }, _| Step::Ack { peer, page }),
    (3, |_, Reads { peer, page }, _| Step::OnAck { peer, page }),
    (3, |_, Reads { peer, .. }, _| Step::Rewind { peer }),
    (11, |_, _, _| Step::Prune),
    (8, |_, _, _| Step::Migrate),
    (8, |_, _, _| Step::Reopen),
];

/// What happens to files, where no other process has them open.
const FILES: &[(u32, Draw)] = &[
    (4, |_, _, rng| Step::Move {
        how: How::ALL[rng.usize(0..How::ALL.len())],
    }),
    (3, |_, _, _| Step::Close),
    (3, |_, _, _| Step::BackUp),
    (2, |_, _, _| Step::Refuse),
];

/// For two processes at once: the one that is not killed. It opens nothing
/// again, because it has to go on.
const COMPANION: &[(u32, Draw)] = &[
    (6, Script::append),
    (1, |_, _, _| Step::Ticked),
    (1, |_, _, _| Step::Observe),
];

impl Script {
    pub(super) fn new(role: Role, fault: Option<Fault>, rng: &mut fastrand::Rng) -> Self {
        let weights = match role {
            Role::Companion => COMPANION.to_vec(),
            Role::Victim => [ALL, FILES].concat(),
            _ => ALL.to_vec(),
        };
        let appends = match (role, fault) {
            (_, Some(Fault::AnnounceBeforeCommit)) => Appends::Ticked,
            (Role::Victim | Role::Accompanied, _) => Appends::AnySize,
            _ => Appends::Small,
        };
        let is_one_of_many = fault.is_none() && rng.u32(0..HOARD_ONE_IN) == 0;
        Self {
            beginning: match role {
                Role::Hoarder => hoard(&[600, 500]),
                Role::Victim | Role::Accompanied if is_one_of_many => hoard(&[900, 1000, 600]),
                _ => VecDeque::new(),
            },
            weights,
            appends,
        }
    }

    pub(super) fn next(&mut self, rng: &mut fastrand::Rng) -> Step {
        if let Some(step) = self.beginning.pop_front() {
            return step;
        }
        let total = self.weights.iter().map(|(weight, _)| weight).sum();
        let mut ticket = rng.u32(0..total);
        for (weight, draw) in &self.weights {
            if ticket < *weight {
                let peer = rng.usize(0..PEERS.len());
                let page = [1, 10, 100, 1000][rng.usize(0..4)];
                return draw(self, Reads { peer, page }, rng);
            }
            ticket -= weight;
        }
        Step::Ticked
    }

    fn append(&self, _: Reads, rng: &mut fastrand::Rng) -> Step {
        let count = match rng.u32(0..40) {
            _ if self.appends == Appends::Ticked => return Step::Ticked,
            0..16 => 1,
            16..31 => rng.u32(2..40),
            39 if self.appends == Appends::AnySize => rng.u32(LARGE_BATCH),
            _ => {
                let count = rng.u32(2..12);
                return Step::Burst { count };
            }
        };
        Step::Batch { count }
    }
}

/// So many entries, acknowledged by all, that the prune has several chunks.
fn hoard(batches: &[u32]) -> VecDeque<Step> {
    let peers = 0..PEERS.len();
    let register = peers.clone().map(|peer| Step::Register { peer });
    let batches = batches.iter().map(|count| Step::Batch { count: *count });
    let acks = peers.flat_map(|peer| [Step::Ack { peer, page: 1000 }; 4]);
    register
        .chain(batches)
        .chain(acks)
        .chain([Step::Prune])
        .collect()
}
