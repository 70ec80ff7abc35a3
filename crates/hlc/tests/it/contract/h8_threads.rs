//! `H8`: many threads, one clock, no lock.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread::{self, Scope, ScopedJoinHandle};

use hlc::Clock;

use super::bench::ClockUnderTest;
use super::*;

checks!["H8":
    no_two_threads_draw_the_same_stamp,
    a_call_that_waits_for_the_wall_clock_delays_no_other_call,
    a_source_of_time_that_holds_state_is_asked_once_per_call,
];

const THREADS: usize = 4;

const fn assert_shareable<T: Send + Sync>() {}
const _: () = assert_shareable::<Clock<ManualClock>>();

/// A thread of the same name as this one, which says whose panics they are.
fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> ScopedJoinHandle<'scope, T> {
    let name = thread::current().name().unwrap_or_default().to_owned();
    let thread = thread::Builder::new().name(name);
    thread.spawn_scoped(scope, work).unwrap()
}

/// The stamps that a thread draws once all of them have started.
fn draw(clock: &dyn ClockUnderTest, start: &Barrier, count: u64) -> Vec<Hlc> {
    start.wait();
    let stamps: Vec<Hlc> = (0..count).map(|_| clock.tick()).collect();
    assert!(stamps.is_sorted_by(|a, b| a < b), "they go up");
    stamps
}

// Several times, because the threads of one run may happen to take turns on a busy machine. What
// may come between two calls of other kinds is tried by the package in `tests/loom`, in every interleaving.
fn no_two_threads_draw_the_same_stamp(bench: &Bench) {
    let each = bench.effort(50_000, 2_000);
    for _ in 0..5 {
        // A wall clock that stands still leaves everything to the counter, which has to carry
        // too: more stamps are drawn than it holds.
        let clock = &*bench.clock_within(unlimited());
        let start = &Barrier::new(THREADS);
        let drawn: Vec<Vec<Hlc>> = thread::scope(|scope| {
            let threads = [(); THREADS].map(|()| spawn(scope, || draw(clock, start, each)));
            let joined = threads.into_iter().map(|thread| thread.join());
            joined
                .map(|stamps| stamps.expect("no thread panics"))
                .collect()
        });
        let stamps: HashSet<Hlc> = drawn.into_iter().flatten().collect();
        let before_last = THREADS as u64 * each - 1;
        assert_eq!(stamps.len() as u64, before_last + 1, "each is drawn once");
        assert_eq!(stamps.iter().max(), Some(&clock.last()));
        // The wall clock stood still and no stamp was skipped.
        let last = own(NOW + (before_last >> 16), before_last & 0xffff);
        assert_eq!(clock.last(), last);
    }
}

/// The first reading is held up until another thread releases it.
struct HeldUp {
    is_first: AtomicBool,
    entered: mpsc::Sender<()>,
    released: Mutex<mpsc::Receiver<()>>,
}

impl WallClock for HeldUp {
    fn now_ms(&self) -> i64 {
        if self.is_first.swap(false, Ordering::Relaxed) {
            self.entered.send(()).unwrap();
            // An error means that the other thread has failed, and says so itself.
            let _ = self.released.lock().unwrap().recv();
        }
        NOW.cast_signed()
    }
}

// Where another implementation would hold a lock, or have read where it stands, this puts a whole
// call of another thread, every time.
fn a_call_that_waits_for_the_wall_clock_delays_no_other_call(bench: &Bench) {
    let (entered, is_held_up) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let wall = HeldUp {
        is_first: true.into(),
        entered,
        released: released.into(),
    };
    let clock = &bench.clock_on(&wall);
    thread::scope(move |scope| {
        let held_up = spawn(scope, || clock.tick());
        is_held_up.recv().unwrap();
        assert_eq!(clock.tick(), own(NOW, 0));
        assert_eq!(clock.observe(other(NOW, 4)), Ok(own(NOW, 5)));
        release.send(()).unwrap();
        assert_eq!(held_up.join().unwrap(), own(NOW, 6));
    });
}

fn a_source_of_time_that_holds_state_is_asked_once_per_call(bench: &Bench) {
    struct Steps(AtomicI64);
    impl WallClock for Steps {
        fn now_ms(&self) -> i64 {
            self.0.fetch_add(10, Ordering::Relaxed) + 10
        }
    }
    let wall = Steps(0.into());
    let clock = bench.clock_on(&wall);
    let remote = other(500, 3);
    assert_eq!(clock.tick(), own(10, 0));
    assert_eq!(clock.observe(remote), Ok(own(500, 4)));
    let drift = |ahead_by_ms| Drift {
        ahead_by_ms,
        warns: false,
    };
    assert_eq!(clock.check(remote), Ok(drift(470)));
    assert_eq!(clock.check_drift(remote), Ok(drift(460)));
    assert_eq!(clock.check_all(&[remote; 3]), Ok(Some(drift(450))));
    assert_eq!(clock.observe_all(&[remote; 3]), Ok(Some(own(500, 5))));
    assert_eq!(clock.now_ms(), 70);
}
