//! `H8`: the clock with a source of time of one's own, in a crate that has neither std nor alloc.
#![no_std]

use core::cell::Cell;

use hlc::{Clock, Hlc, Uuid, WallClock};

/// Holds state, and is not even shareable between threads.
struct Steps(Cell<i64>);

impl WallClock for Steps {
    fn now_ms(&self) -> i64 {
        self.0.set(self.0.get() + 10);
        self.0.get()
    }
}

#[test]
fn a_clock_works_without_std_on_a_source_of_time_that_holds_state() {
    let device = Uuid::from_u128(1);
    let clock = Clock::new(device, Steps(Cell::new(0)));
    assert_eq!(clock.tick(), Hlc::new(10, 0, device));
    assert_eq!(clock.tick(), Hlc::new(20, 0, device));
    let remote = Hlc::new(500, 3, Uuid::from_u128(2));
    assert_eq!(clock.observe(remote), Ok(Hlc::new(500, 4, device)));
    assert_eq!(clock.last().to_text().parse(), Ok(clock.last()));
    assert_eq!(clock.now_ms(), 40);
}
