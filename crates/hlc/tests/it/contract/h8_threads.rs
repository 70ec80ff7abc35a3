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
    what_a_thread_observes_is_below_its_next_stamp_whatever_the_others_do,
    the_wall_clock_may_jump_and_another_process_may_raise_the_clock_meanwhile,
    an_echo_of_what_another_thread_has_just_drawn_is_never_taken_for_a_clone,
    a_call_that_waits_for_the_wall_clock_delays_no_other_call,
    a_source_of_time_that_holds_state_is_asked_once_per_call,
];

const THREADS: usize = 4;

const fn assert_shareable<T: Send + Sync>() {}
const _: () = assert_shareable::<Clock<ManualClock>>();

/// How often each thread does something.
fn rounds(bench: &Bench) -> u64 {
    bench.effort(50_000, 2_000)
}

/// A wall clock that stands still leaves everything to the counter, which has to carry too:
/// more stamps are drawn than it holds.
fn clock(bench: &Bench) -> Box<dyn ClockUnderTest> {
    bench.clock_within(unlimited())
}

/// A thread of the same name as this one, which says whose panics they are.
fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> ScopedJoinHandle<'scope, T> {
    let name = thread::current().name().unwrap_or_default().to_owned();
    let thread = thread::Builder::new().name(name);
    thread.spawn_scoped(scope, work).unwrap()
}

/// Runs `work` on several threads, all started at once, and returns all the stamps they drew.
fn on_threads(work: impl Fn(u64) -> Vec<Hlc> + Sync) -> Vec<Hlc> {
    let start = Barrier::new(THREADS);
    let drawn: Vec<Vec<Hlc>> = thread::scope(|scope| {
        let (work, start) = (&work, &start);
        let threads: Vec<_> = (0..THREADS as u64)
            .map(|thread| {
                spawn(scope, move || {
                    start.wait();
                    work(thread)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect()
    });
    for stamps in &drawn {
        assert!(
            stamps.is_sorted_by(|a, b| a < b),
            "the stamps of a thread go up"
        );
    }
    drawn.concat()
}

fn assert_unique(stamps: &[Hlc]) {
    assert_eq!(stamps.iter().collect::<HashSet<_>>().len(), stamps.len());
}

// Several times, because the threads of one run may happen to take turns on a busy machine.
fn no_two_threads_draw_the_same_stamp(bench: &Bench) {
    for _ in 0..5 {
        let clock = clock(bench);
        let stamps = on_threads(|_| (0..rounds(bench)).map(|_| clock.tick()).collect());
        assert_unique(&stamps);
        assert_eq!(stamps.iter().max(), Some(&clock.last()));
        // The wall clock stood still and no stamp was skipped.
        let before_last = stamps.len() as u64 - 1;
        let last = own(NOW + (before_last >> 16), before_last & 0xffff);
        assert_eq!(clock.last(), last);
    }
}

fn what_a_thread_observes_is_below_its_next_stamp_whatever_the_others_do(bench: &Bench) {
    let clock = clock(bench);
    let start = clock.now_ms().cast_unsigned();
    let stamps = on_threads(|thread| {
        let remote = |round: u64| {
            let device_id = Uuid::from_u128(u128::from(thread) + 10);
            Hlc::new(start + round / 7 * thread, round % 5 * 0x4000, device_id)
        };
        let observe = |round: u64| {
            let remotes = [remote(round), remote(round / 2)];
            let stamp = match round % 3 {
                0 => clock.observe(remotes[0]).unwrap(),
                1 => clock.observe_all(&remotes).unwrap().unwrap(),
                _ => clock.tick(),
            };
            assert!(round % 3 == 2 || remotes.iter().all(|observed| *observed < stamp));
            stamp
        };
        (0..rounds(bench)).map(observe).collect()
    });
    assert_unique(&stamps);
}

fn the_wall_clock_may_jump_and_another_process_may_raise_the_clock_meanwhile(bench: &Bench) {
    let wall = ManualClock::new(NOW.cast_signed());
    let clock = bench.clock_on(&wall);
    let stamps = on_threads(|thread| {
        let tick = |round: u64| {
            let jump = (thread * 31 + round * 17) % 101;
            wall.advance_ms(jump.cast_signed() - 50);
            if round.is_multiple_of(10) {
                let last = clock.last();
                let high_water = Hlc::new(last.timestamp + thread, last.counter, Uuid::max());
                clock.resume(high_water).unwrap();
                let stamp = clock.tick();
                assert!(stamp > high_water || stamp.timestamp > high_water.timestamp);
                return stamp;
            }
            clock.tick()
        };
        (0..rounds(bench)).map(tick).collect()
    });
    assert_unique(&stamps);
}

fn an_echo_of_what_another_thread_has_just_drawn_is_never_taken_for_a_clone(bench: &Bench) {
    let clock = clock(bench);
    let (sender, receiver) = mpsc::sync_channel::<Hlc>(64);
    thread::scope(|scope| {
        let clock = &clock;
        spawn(scope, move || {
            for _ in 0..rounds(bench) {
                sender.send(clock.tick()).unwrap();
            }
        });
        spawn(scope, move || {
            for echo in receiver {
                clock.check(echo).unwrap();
                assert!(clock.observe(echo).unwrap() > echo);
            }
        });
    });
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
