//! Kills of a child at moments spread over all that it does.

use std::process::Command;
use std::time::{Duration, Instant};

/// How many moments a run is divided into.
const MOMENTS: u32 = 60;

/// A sweep goes on until as many children have ended before their kill.
const ENDED: u32 = 3;

/// Kills one child after another, each at a later moment than the one before.
///
/// How long a run takes differs from one to the next on a busy machine, so the
/// sweep does not stop at a moment measured beforehand. It stops when children
/// end before they are killed, which is when every moment has been tried.
pub(crate) struct Kills {
    between: Duration,
    tried: u32,
    ended: u32,
}

impl Kills {
    /// Runs `command` once to its end, to learn how far apart the kills are.
    pub(crate) fn spread_over(mut command: Command) -> Self {
        let began = Instant::now();
        let done = command.output().expect("a child can be started");
        assert!(done.status.success(), "{done:?}");
        Self {
            between: began.elapsed() / MOMENTS,
            tried: 0,
            ended: 0,
        }
    }

    /// Whether there are moments left to try.
    pub(crate) fn are_left(&self) -> bool {
        let all = MOMENTS * 20;
        assert!(self.tried < all, "no child ended before {all} kills");
        self.ended < ENDED
    }

    /// Runs `command` and kills it at the next moment.
    pub(crate) fn next(&mut self, mut command: Command) {
        let mut child = command.spawn().expect("a child can be started");
        std::thread::sleep(self.between * self.tried);
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            assert!(status.success(), "{status}");
            self.ended += 1;
        }
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
        self.tried += 1;
    }
}
