//! How one sample is taken.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const BURSTS: u32 = 16;

/// Nanoseconds per call in the fastest of some bursts: whatever else the machine does at the same
/// time only ever adds. `work` is told how many calls came before.
pub(crate) fn fastest<const CALLS: u32, T>(work: impl Fn(u32) -> T + Copy) -> f64 {
    let bursts = (0..BURSTS).map(|_| burst::<CALLS, T>(work));
    bursts.fold(f64::INFINITY, f64::min)
}

/// Nanoseconds per call on each of two threads that do the same at the same time.
pub(crate) fn on_two_threads<const CALLS: u32, T>(work: impl Fn(u32) -> T + Copy + Send) -> f64 {
    let both_are_there = Barrier::new(2);
    let both_are_there = &both_are_there;
    let run = move || {
        both_are_there.wait();
        burst::<CALLS, T>(work)
    };
    thread::scope(|scope| {
        let other = scope.spawn(run);
        let own = run();
        f64::midpoint(own, other.join().unwrap())
    })
}

/// Nanoseconds of the fastest of some single calls, a millisecond or more apart, each with what it
/// takes to read an `Instant`.
pub(crate) fn fastest_alone<T>(work: impl Fn() -> T) -> f64 {
    let calls = (0..BURSTS).map(|_| {
        let last = Instant::now();
        while last.elapsed() < Duration::from_millis(1) {}
        let start = Instant::now();
        black_box(work());
        nanos(start.elapsed())
    });
    calls.fold(f64::INFINITY, f64::min)
}

/// One loop for all, of a length that the compiler knows, never a part of another function, so that
/// each piece of work is called alike.
#[inline(never)]
fn burst<const CALLS: u32, T>(work: impl Fn(u32) -> T) -> f64 {
    let start = Instant::now();
    for call in 0..CALLS {
        black_box(work(call));
    }
    nanos(start.elapsed()) / f64::from(CALLS)
}

fn nanos(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}
