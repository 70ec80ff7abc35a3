//! Files that are backed up, put back, cloned and lost.

use super::{Generator, call};
use crate::step::{Call, Files, Step};

impl Generator {
    pub(super) fn back_up(&mut self) -> Step {
        let on = self.device();
        Step::BackUp { on }
    }

    pub(super) fn restore(&mut self) -> Step {
        let (on, pick) = (self.device(), self.rng.u8(..));
        let files = [Files::Both, Files::Both, Files::Log, Files::Received];
        let files = files[self.rng.usize(0..files.len())];
        // What it does first is to read on from where it is now.
        for _ in 0..2 {
            let (other, process) = (self.device(), self.process());
            if other != on {
                let struck = self.struck();
                self.queue.push(call(other, process, Call::Prune, None));
                self.queue.push(Step::Deliver {
                    pick: -1,
                    process,
                    struck,
                });
                self.queue.push(Step::Pull {
                    reader: on,
                    origin: other,
                    limit: 2,
                });
            }
        }
        self.comes_back(on);
        Step::Restore { on, pick, files }
    }

    pub(super) fn clone_device(&mut self) -> Step {
        let of = self.device();
        match self.newcomer() {
            Some(copy) => Step::Clone { of, copy },
            None => self.record(),
        }
    }

    pub(super) fn lose_file(&mut self) -> Step {
        let on = self.device();
        self.comes_back(on);
        Step::LoseFile { on }
    }

    /// What others have of a device comes back to it, with a copy of their records.
    fn comes_back(&mut self, on: u8) {
        let readers = self.live.iter().filter(|reader| **reader != on);
        let echoes = readers.map(|reader| {
            let reader = *reader;
            call(on, 0, Call::Echo { reader }, None)
        });
        self.queue.extend(echoes);
    }
}
