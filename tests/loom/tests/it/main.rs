//! `H8`, and the other clauses under it: every interleaving of two or three threads on one clock,
//! and every value that an atomic read may give in each.
//!
//! Needs the clock built on the atomics of loom, in a target folder of its own, because the flag
//! would make cargo compile everything else again. For the same reason these tests are a package
//! of their own: the other tests of the clock have dependencies that are not used here.
//!
//! ```console
//! RUSTFLAGS="--cfg loom" cargo test -p loom-models --release --target-dir target/loom
//! ```
#![cfg(loom)]
// Everything here is test code: a panic is how a test fails.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod models;
mod planted;

use std::sync::Arc;

use hlc::{Clock, Hlc, ObserveError, Uuid, WallClock};
use loom::thread;

const OWN: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// What the wall clock reads, as long as it stands still.
const NOW: u64 = 5;

/// A clock as threads share it.
trait SharedClock: Send + Sync {
    fn tick(&self) -> Hlc;
    fn last(&self) -> Hlc;
    fn check(&self, remote: Hlc) -> Result<(), ObserveError>;
    fn observe(&self, remote: Hlc) -> Result<Hlc, ObserveError>;
    fn observe_all(&self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError>;
    fn resume(&self, high_water: Hlc);
}

impl<W: WallClock + Send + Sync> SharedClock for Clock<W> {
    fn tick(&self) -> Hlc {
        self.tick()
    }

    fn last(&self) -> Hlc {
        self.last()
    }

    fn check(&self, remote: Hlc) -> Result<(), ObserveError> {
        self.check(remote).map(drop)
    }

    fn observe(&self, remote: Hlc) -> Result<Hlc, ObserveError> {
        self.observe(remote)
    }

    fn observe_all(&self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError> {
        self.observe_all(remotes)
    }

    fn resume(&self, high_water: Hlc) {
        self.resume(high_water).unwrap();
    }
}

type Wall = Box<dyn WallClock + Send + Sync>;

/// Makes the clock that a model is run on, anew for each interleaving.
type Make<'a> = &'a dyn Fn(Wall) -> Arc<dyn SharedClock>;

fn the_clock(wall: Wall) -> Arc<dyn SharedClock> {
    Arc::new(Clock::new(OWN, wall))
}

fn own(timestamp: u64, counter: u64) -> Hlc {
    Hlc::new(timestamp, counter, OWN)
}

fn other(timestamp: u64, counter: u64) -> Hlc {
    Hlc::new(timestamp, counter, OTHER)
}

/// Runs both pieces of work on threads of their own and returns what they returned.
fn at_once<A: 'static, B: 'static>(
    clock: &Arc<dyn SharedClock>,
    first: impl FnOnce(&dyn SharedClock) -> A + 'static,
    second: impl FnOnce(&dyn SharedClock) -> B + 'static,
) -> (A, B) {
    let (one, two) = (clock.clone(), clock.clone());
    let first = thread::spawn(move || first(&*one));
    let second = thread::spawn(move || second(&*two));
    (first.join().unwrap(), second.join().unwrap())
}
