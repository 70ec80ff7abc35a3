//! Takes one step, whatever it is.

use super::step::Step;
use super::world::World;
use crate::invariants::Violation;

impl World {
    /// Takes a step, and checks the devices that it concerns.
    pub(crate) fn take(&mut self, step: &Step) -> Result<(), Violation> {
        match step {
            Step::Write {
                on,
                edits,
                references,
                struck,
            } => return self.write(self.meant(*on), edits, *references, *struck),
            Step::Drain { on, struck } => return self.drain(self.meant(*on), *struck),
            Step::Deliver { pick, struck } => return self.deliver(*pick, *struck),
            Step::Crash { on } => return self.crash(self.meant(*on)),
            Step::Prune { on } => return self.prune(self.meant(*on)),
            Step::Forget { on } => return self.forget(self.meant(*on)),
            Step::Snapshot { reader, donor } => {
                return self.snapshot(self.meant(*reader), self.meant(*donor));
            }
            Step::Upgrade { on } => return self.upgrade(self.meant(*on)),
            Step::Pull {
                reader,
                origin,
                back,
                limit,
            } => return self.pull(self.meant(*reader), self.meant(*origin), *back, *limit),
            Step::PullAhead { pick } => self.pull_ahead(*pick),
            Step::Lose { pick } => self.lose(*pick),
            Step::Duplicate { pick } => self.duplicate(*pick),
            Step::Forge { pick, how } => self.forge(*pick, *how),
            Step::Wait { ms } => self.wait(*ms),
            Step::Jump { on, off_ms } => self.jump(self.meant(*on), *off_ms),
        }
        Ok(())
    }
}
