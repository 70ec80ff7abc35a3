//! Another program at work on a log, and what goes on around that.

use super::{Generator, call};
use crate::step::{Call, Damage, ForeignWrite, Step};

impl Generator {
    pub(super) fn foreign(&mut self) -> Step {
        let (on, peer) = self.pair();
        let foreign = Step::Foreign {
            on,
            what: self.foreign_write(peer),
            prunes_first: self.rng.bool(),
        };
        match self.rng.u32(0..4) {
            0 => self.while_the_other_process_serves(on, peer, foreign),
            1 => self.once_everybody_has_all(on, foreign),
            _ => foreign,
        }
    }

    fn foreign_write(&mut self, peer: u8) -> ForeignWrite {
        match self.rng.u32(0..14) {
            0 => ForeignWrite::Append,
            1 | 2 => ForeignWrite::Insert,
            3 => ForeignWrite::Strange,
            4 => ForeignWrite::DeleteOldest,
            5 => ForeignWrite::DeleteNewest,
            6..10 => ForeignWrite::Ack { peer },
            _ => ForeignWrite::Rebuild(Damage::ALL[self.rng.usize(0..Damage::ALL.len())]),
        }
    }

    /// The other process goes on serving, as far as it is not told.
    fn while_the_other_process_serves(&mut self, on: u8, peer: u8, foreign: Step) -> Step {
        self.queue.extend([arrives(1), pull(peer, on), foreign]);
        call(on, 1, Call::Explain, None)
    }

    /// The next prune would delete what is damaged.
    fn once_everybody_has_all(&mut self, on: u8, foreign: Step) -> Step {
        self.queue.push(foreign);
        let readers: Vec<u8> = self
            .live
            .iter()
            .copied()
            .filter(|name| *name != on)
            .collect();
        for reader in readers {
            // It asks, is served, learns, and acknowledges.
            self.queue
                .extend([arrives(0), arrives(0), arrives(0), pull(reader, on)]);
        }
        call(on, 0, Call::Record { changes: 2 }, None)
    }
}

/// The newest message arrives.
const fn arrives(process: u8) -> Step {
    Step::Deliver {
        pick: -1,
        process,
        struck: None,
    }
}

const fn pull(reader: u8, origin: u8) -> Step {
    Step::Pull {
        reader,
        origin,
        limit: 1000,
    }
}
