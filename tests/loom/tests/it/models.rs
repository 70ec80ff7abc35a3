//! What threads do at once, and what has to hold however their steps fall.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use hlc::{ManualClock, WallClock};
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use super::*;

/// What happens in one interleaving.
pub(crate) type Model = fn(Make<'_>);

/// Each model as a test of the clock, and all of them for the planted faults.
macro_rules! models {
    ($($model:ident),* $(,)?) => {
        pub(crate) const MODELS: &[(&str, Model)] = &[$((stringify!($model), $model)),*];

        mod the_clock {
            $(
                #[test]
                fn $model() {
                    loom::model(|| super::$model(&super::super::the_clock));
                }
            )*
        }
    };
}

models![
    two_threads_draw_two_stamps_each,
    three_threads_draw_a_stamp_each,
    two_threads_draw_while_the_wall_clock_jumps,
    one_draws_and_one_observes,
    two_observe,
    one_observes_a_batch_and_one_draws,
    one_resumes_and_one_draws,
    two_resume,
    a_resume_below_never_lowers_the_clock,
    a_refused_stamp_leaves_no_trace,
    a_check_moves_nothing,
    a_stamp_handed_over_is_below_all_that_comes_after_it,
];

fn two_threads_draw_two_stamps_each(make: Make<'_>) {
    let clock = make(still());
    let two = |shared: &dyn SharedClock| [shared.tick(), shared.tick()];
    let (first, second) = at_once(&clock, two, two);
    assert!(first[0] < first[1] && second[0] < second[1]);
    assert_drawn(&*clock, [first, second].concat(), 4);
}

fn three_threads_draw_a_stamp_each(make: Make<'_>) {
    let clock = make(still());
    let third = clock.clone();
    let third = thread::spawn(move || third.tick());
    let (first, second) = at_once(&clock, |clock| clock.tick(), |clock| clock.tick());
    assert_drawn(&*clock, vec![first, second, third.join().unwrap()], 3);
}

fn two_threads_draw_while_the_wall_clock_jumps(make: Make<'_>) {
    let clock = make(Box::<Jumping>::default());
    let two = |shared: &dyn SharedClock| [shared.tick(), shared.tick()];
    let (first, second) = at_once(&clock, two, two);
    assert!(first[0] < first[1] && second[0] < second[1]);
    assert_distinct_up_to_last(&*clock, &[first, second].concat());
}

fn one_draws_and_one_observes(make: Make<'_>) {
    let clock = make(still());
    let earlier = clock.tick();
    let remote = other(NOW, 2);
    let (drawn, observed) = at_once(
        &clock,
        |clock| [clock.tick(), clock.tick()],
        move |clock| clock.observe(remote).unwrap(),
    );
    assert!(earlier < drawn[0] && drawn[0] < drawn[1]);
    assert!(observed > remote && observed > earlier);
    assert_distinct_up_to_last(&*clock, &[earlier, drawn[0], drawn[1], observed]);
}

fn two_observe(make: Make<'_>) {
    let clock = make(still());
    let remotes = [other(NOW + 1, 0), other(NOW + 1, 1)];
    let (first, second) = at_once(
        &clock,
        move |clock| clock.observe(remotes[0]).unwrap(),
        move |clock| clock.observe(remotes[1]).unwrap(),
    );
    assert!(first > remotes[0] && second > remotes[1]);
    assert_distinct_up_to_last(&*clock, &[first, second]);
    assert!(clock.tick() > first.max(second));
}

fn one_observes_a_batch_and_one_draws(make: Make<'_>) {
    let clock = make(still());
    let remotes = [other(NOW, 0), other(NOW + 1, 0), other(NOW, 7)];
    let (observed, drawn) = at_once(
        &clock,
        move |clock| clock.observe_all(&remotes).unwrap().unwrap(),
        |clock| [clock.tick(), clock.tick()],
    );
    assert!(remotes.iter().all(|remote| *remote < observed));
    assert!(drawn[0] < drawn[1]);
    assert_distinct_up_to_last(&*clock, &[observed, drawn[0], drawn[1]]);
}

fn one_resumes_and_one_draws(make: Make<'_>) {
    let clock = make(still());
    let high_water = other(NOW, 1);
    let (after, drawn) = at_once(
        &clock,
        move |clock| {
            clock.resume(high_water);
            clock.tick()
        },
        |clock| [clock.tick(), clock.tick()],
    );
    assert!(after > high_water);
    assert!(drawn[0] < drawn[1]);
    assert_distinct_up_to_last(&*clock, &[after, drawn[0], drawn[1]]);
}

fn two_resume(make: Make<'_>) {
    let clock = make(still());
    at_once(
        &clock,
        |clock| clock.resume(other(NOW, 1)),
        |clock| clock.resume(other(NOW, 2)),
    );
    assert_eq!(clock.last(), own(NOW, 2));
}

fn a_resume_below_never_lowers_the_clock(make: Make<'_>) {
    let clock = make(still());
    let (seen, drawn) = at_once(
        &clock,
        |clock| {
            let before = clock.last();
            clock.resume(other(NOW - 1, 0));
            (before, clock.last())
        },
        |clock| [clock.tick(), clock.tick()],
    );
    assert!(seen.0 <= seen.1 && seen.1 >= own(NOW - 1, 0));
    assert_drawn(&*clock, drawn.to_vec(), 2);
}

fn a_refused_stamp_leaves_no_trace(make: Make<'_>) {
    let clock = make(still());
    let far = other(NOW + 25 * 3_600_000, 0);
    let (_, (drawn, last)) = at_once(
        &clock,
        move |clock| {
            clock.observe(far).unwrap_err();
            clock.observe_all(&[other(NOW + 1, 0), far]).unwrap_err();
        },
        |clock| (clock.tick(), clock.last()),
    );
    assert_eq!(last, drawn);
    assert_drawn(&*clock, vec![drawn], 1);
}

fn a_check_moves_nothing(make: Make<'_>) {
    let clock = make(still());
    let (_, drawn) = at_once(
        &clock,
        |clock| clock.check(other(NOW + 1, 0)).unwrap(),
        |clock| [clock.tick(), clock.tick()],
    );
    assert_drawn(&*clock, drawn.to_vec(), 2);
}

/// What one thread has done before it hands a stamp to another, through something that
/// synchronises, is in the past of the other: it cannot see the clock from before, draw a stamp
/// at or below, or take the stamp for that of a clone.
fn a_stamp_handed_over_is_below_all_that_comes_after_it(make: Make<'_>) {
    let clock = make(still());
    let mailbox = Arc::new(AtomicU64::new(NONE));
    let sender = mailbox.clone();
    at_once(
        &clock,
        move |clock| {
            clock.tick();
            sender.store(clock.tick().counter, Ordering::Release);
        },
        move |clock| {
            clock.tick();
            let counter = mailbox.load(Ordering::Acquire);
            if counter == NONE {
                return;
            }
            let handed_over = own(NOW, counter);
            assert!(clock.last() >= handed_over);
            clock.check(handed_over).unwrap();
            assert!(clock.tick() > handed_over);
            assert!(clock.observe(handed_over).unwrap() > handed_over);
        },
    );
}

/// The mailbox is empty.
const NONE: u64 = u64::MAX;

fn still() -> Wall {
    Box::new(ManualClock::new(NOW.cast_signed()))
}

/// Reads differently each time, forwards and back. Its own atomic is not loom's: a reading is one
/// step with what follows it, and which thread gets which is left to the steps of the clock.
#[derive(Default)]
struct Jumping(AtomicUsize);

impl WallClock for Jumping {
    fn now_ms(&self) -> i64 {
        let reading = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        [6, 4, -1, 7][reading % 4]
    }
}

/// The wall clock stood still, so the first `count` stamps of its millisecond were drawn, each
/// once, and the clock stands at the last of them.
fn assert_drawn(clock: &dyn SharedClock, mut stamps: Vec<Hlc>, count: u64) {
    stamps.sort();
    let expected: Vec<Hlc> = (0..count).map(|counter| own(NOW, counter)).collect();
    assert_eq!(stamps, expected);
    assert_eq!(clock.last(), expected[expected.len() - 1]);
}

fn assert_distinct_up_to_last(clock: &dyn SharedClock, stamps: &[Hlc]) {
    let mut sorted = stamps.to_vec();
    sorted.sort();
    assert!(sorted.is_sorted_by(|a, b| a < b), "{sorted:?}");
    assert_eq!(sorted.last(), Some(&clock.last()));
}
