//! Each line of a child becomes a promise, once it tells of an `Ok`.

use sync_log_sqlite::{Hlc, Uuid};

use super::{InFlight, Model, NEWCOMER, acked, rewound};
use crate::check::Violation;
use crate::entry::EntryId;
use crate::fresh::Fresh;
use crate::line::{Gave, Line, Operation};

impl Model {
    /// Takes note of a line of `child`. What it says may itself be wrong.
    pub fn hear(&mut self, child: u32, line: &Line) -> Vec<Violation> {
        match line {
            Line::Begin { number, what } => {
                self.begin(child, *number, what);
                Vec::new()
            }
            Line::Ticked { hlc } => {
                if let Some(in_flight) = &mut self.in_flight {
                    in_flight.ticked = Some(*hlc);
                }
                self.issued(child, *hlc).into_iter().collect()
            }
            Line::Entered { index, hlc } => self.entered(child, *index, *hlc),
            Line::Away | Line::OfOther { .. } | Line::Served { .. } | Line::Found { .. } => {
                self.hear_while_moved(child, line)
            }
            Line::Done { gave } => match self.in_flight.take() {
                Some(in_flight) => self.done(&in_flight, gave),
                None => vec![Violation::Unannounced],
            },
            Line::Finished => Vec::new(),
        }
    }

    fn begin(&mut self, child: u32, number: u32, what: &Operation) {
        if let Operation::Migrate { folder, start } = what {
            self.fresh.push(Fresh::begun(folder, *start));
        }
        self.in_flight = Some(InFlight {
            child,
            number,
            what: what.clone(),
            before: self.last_of(child),
            ticked: None,
            is_away: false,
        });
        self.begin_with_files(what);
    }

    /// One of a burst: the others may still be in flight. They are answered in
    /// any order, but none has a stamp from before the burst.
    pub(super) fn entered(&mut self, child: u32, index: u32, hlc: Hlc) -> Vec<Violation> {
        let Some(in_flight) = &self.in_flight else {
            return vec![Violation::Unannounced];
        };
        let before = in_flight.before;
        let id = EntryId {
            child,
            operation: in_flight.number,
            index,
        };
        let is_away = in_flight.is_away;
        self.enter(hlc, id);
        self.seen(child, hlc);
        let mut faults = fault(hlc <= before, Violation::StampNotAbove { hlc, before });
        faults.extend(fault(is_away, Violation::NotMoved { hlc }));
        faults
    }

    fn done(&mut self, in_flight: &InFlight, gave: &Gave) -> Vec<Violation> {
        let child = in_flight.child;
        match (&in_flight.what, gave) {
            (Operation::Ticked, Gave::Stamps(stamps)) => {
                self.enter_all(in_flight, stamps);
                let as_ticked = stamps.first() == in_flight.ticked.as_ref();
                fault(!as_ticked, Violation::OtherStamp)
            }
            (_, Gave::Stamps(stamps)) => {
                self.enter_all(in_flight, stamps);
                let faults = stamps.iter().filter_map(|hlc| self.issued(child, *hlc));
                faults.collect()
            }
            (Operation::Observe { remote }, Gave::Nothing) => {
                self.seen(child, *remote);
                Vec::new()
            }
            (Operation::Migrate { .. }, Gave::Log { log_id }) => {
                self.counts.migrated += 1;
                if let Some(fresh) = self.fresh.last_mut() {
                    fresh.promised = Some(*log_id);
                }
                Vec::new()
            }
            (Operation::Reopen | Operation::Move { .. }, Gave::Log { log_id }) => {
                let is_move = matches!(in_flight.what, Operation::Move { .. });
                self.counts.moved += u64::from(is_move);
                let known = *self.log_id.get_or_insert(*log_id);
                fault(known != *log_id, Violation::OtherLog)
            }
            (
                Operation::Burst { .. }
                | Operation::Close { .. }
                | Operation::BackUp { .. }
                | Operation::Refuse { .. },
                Gave::Nothing,
            ) => {
                self.done_with_files(&in_flight.what);
                Vec::new()
            }
            (what, gave) => self.done_with_peers(what, gave),
        }
    }

    fn done_with_peers(&mut self, what: &Operation, gave: &Gave) -> Vec<Violation> {
        match (what, gave) {
            (Operation::Register { peer }, Gave::Nothing) => {
                self.peers.entry(*peer).or_insert(NEWCOMER);
                Vec::new()
            }
            (Operation::Ack { peer, through }, Gave::Nothing) => {
                self.acked(*peer, *through);
                Vec::new()
            }
            (Operation::Rewind { peer, at }, Gave::Nothing) => {
                if let Some(row) = self.peers.get_mut(peer) {
                    *row = rewound(*row, *at);
                }
                Vec::new()
            }
            (Operation::OnAck { peer, through }, Gave::Pruned(pruned)) => {
                let is_known = self.peers.contains_key(peer);
                self.acked(*peer, *through);
                let expected = if is_known { self.pruned() } else { 0 };
                count_fault(*pruned, expected)
            }
            (Operation::Prune, Gave::Pruned(pruned)) => {
                let expected = self.pruned();
                count_fault(*pruned, expected)
            }
            (_, Gave::Overtaken) => Vec::new(),
            _ => vec![Violation::Unannounced],
        }
    }

    fn acked(&mut self, peer: Uuid, through: Hlc) {
        let row = self.peers.entry(peer).or_insert(NEWCOMER);
        *row = acked(*row, through);
        self.counts.acks += 1;
    }

    /// Everything went that all peers have; how many that were.
    fn pruned(&mut self) -> usize {
        let gone = self.gone(Self::watermark(&self.peers));
        self.counts.pruned += gone.len() as u64;
        if let Some(last) = gone.last() {
            self.raise_floor(*last);
        }
        gone.len()
    }

    fn enter_all(&mut self, in_flight: &InFlight, stamps: &[Hlc]) {
        for (index, hlc) in (0..).zip(stamps) {
            let id = EntryId {
                child: in_flight.child,
                operation: in_flight.number,
                index,
            };
            self.enter(*hlc, id);
        }
    }

    fn enter(&mut self, hlc: Hlc, id: EntryId) {
        self.entries.insert(hlc, id);
        self.head = self.head.max(hlc);
        self.counts.entries += 1;
    }

    /// A stamp was given out: it is above all that this child gave out or
    /// observed, and above all that was there before it.
    fn issued(&mut self, child: u32, hlc: Hlc) -> Option<Violation> {
        let before = self.last_of(child);
        self.seen(child, hlc);
        (hlc <= before).then_some(Violation::StampNotAbove { hlc, before })
    }

    fn last_of(&self, child: u32) -> Hlc {
        self.last.get(&child).copied().unwrap_or(self.base)
    }

    fn seen(&mut self, child: u32, hlc: Hlc) {
        let last = self.last_of(child).max(hlc);
        self.last.insert(child, last);
        self.high_water = self.high_water.max(hlc);
    }
}

fn fault(is_one: bool, violation: Violation) -> Vec<Violation> {
    is_one.then_some(violation).into_iter().collect()
}

fn count_fault(said: usize, expected: usize) -> Vec<Violation> {
    fault(said != expected, Violation::PrunedCount { said, expected })
}
