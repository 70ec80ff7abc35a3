//! `H8`: many threads, one clock, no lock.

use std::collections::HashSet;
use std::sync::{Barrier, mpsc};
use std::thread;

use hlc::{Clock, DriftLimit, DriftLimits, Hlc, ManualClock, Uuid};

const THREADS: usize = 4;
const ROUNDS: u64 = 50_000;

const fn assert_shareable<T: Send + Sync>() {}
const _: () = assert_shareable::<Clock<ManualClock>>();

/// A wall clock that stands still leaves everything to the counter, which has to carry too:
/// more stamps are drawn than it holds.
fn clock() -> Clock<ManualClock> {
    let unlimited = DriftLimits {
        refuse: DriftLimit::Unlimited,
        ..DriftLimits::default()
    };
    Clock::new(Uuid::from_u128(1), ManualClock::new(1_700_000_000_000)).with_limits(unlimited)
}

/// Runs `work` on several threads, all started at once, and returns all the stamps they drew.
fn on_threads(work: impl Fn(u64) -> Vec<Hlc> + Sync) -> Vec<Hlc> {
    let start = Barrier::new(THREADS);
    let drawn: Vec<Vec<Hlc>> = thread::scope(|scope| {
        let (work, start) = (&work, &start);
        let threads: Vec<_> = (0..THREADS as u64)
            .map(|thread| {
                scope.spawn(move || {
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
#[test]
fn no_two_threads_draw_the_same_stamp() {
    for _ in 0..5 {
        let clock = clock();
        let stamps = on_threads(|_| (0..ROUNDS).map(|_| clock.tick()).collect());
        assert_unique(&stamps);
        assert_eq!(stamps.iter().max(), Some(&clock.last()));
        // The wall clock stood still and no stamp was skipped.
        let before_last = stamps.len() as u64 - 1;
        let timestamp = 1_700_000_000_000 + (before_last >> 16);
        let last = Hlc::new(timestamp, before_last & 0xffff, clock.device_id());
        assert_eq!(clock.last(), last);
    }
}

#[test]
fn what_a_thread_observes_is_below_its_next_stamp_whatever_the_others_do() {
    let clock = clock();
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
            assert!(round % 3 == 2 || remotes.iter().all(|remote| *remote < stamp));
            stamp
        };
        (0..ROUNDS).map(observe).collect()
    });
    assert_unique(&stamps);
}

#[test]
fn the_wall_clock_may_jump_and_another_process_may_raise_the_clock_meanwhile() {
    let wall = ManualClock::new(1_700_000_000_000);
    let clock = Clock::new(Uuid::from_u128(1), &wall);
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
        (0..ROUNDS).map(tick).collect()
    });
    assert_unique(&stamps);
}

#[test]
fn an_echo_of_what_another_thread_has_just_drawn_is_never_taken_for_a_clone() {
    let clock = clock();
    let (sender, receiver) = mpsc::sync_channel::<Hlc>(64);
    thread::scope(|scope| {
        let clock = &clock;
        scope.spawn(move || {
            for _ in 0..ROUNDS {
                sender.send(clock.tick()).unwrap();
            }
        });
        scope.spawn(move || {
            for echo in receiver {
                clock.check(echo).unwrap();
                assert!(clock.observe(echo).unwrap() > echo);
            }
        });
    });
}
