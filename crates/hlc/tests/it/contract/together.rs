//! One event on two clocks, which have to answer alike, errors included.

use super::bench::ClockUnderTest;
use super::slow_clock::point;
use super::*;

/// What can happen to a clock.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Tick,
    Observe(Hlc),
    ObserveAll(Vec<Hlc>),
    Resume(Hlc),
}

/// A clock beside its reference, both on one wall clock.
pub(crate) struct Pair<'w> {
    pub(crate) clock: Box<dyn ClockUnderTest + 'w>,
    pub(crate) reference: Box<dyn ClockUnderTest + 'w>,
    /// The highest stamp that was issued, observed or resumed from. Each stamp is above it.
    pub(crate) highest: Hlc,
}

impl Pair<'_> {
    /// Lets the event happen to both, and compares all that can be seen.
    pub(crate) fn happen(&mut self, event: &Event) {
        match event {
            Event::Tick => {
                let stamp = self.clock.tick();
                assert_eq!(stamp, self.reference.tick());
                self.issued(stamp);
            }
            Event::Observe(remote) => {
                let drift = self.clock.check_drift(*remote);
                assert_eq!(drift, self.reference.check_drift(*remote));
                let verdict = self.clock.check(*remote);
                assert_eq!(verdict, self.reference.check(*remote));
                self.same_position("a check moves nothing");
                let answer = self.clock.observe(*remote);
                assert_eq!(answer, self.reference.observe(*remote));
                if let Ok(stamp) = answer {
                    self.taken(&[*remote]);
                    self.issued(stamp);
                }
            }
            Event::ObserveAll(remotes) => {
                let verdict = self.clock.check_all(remotes);
                assert_eq!(verdict, self.reference.check_all(remotes));
                self.same_position("a check moves nothing");
                let answer = self.clock.observe_all(remotes);
                assert_eq!(answer, self.reference.observe_all(remotes));
                if let Ok(Some(stamp)) = answer {
                    self.taken(remotes);
                    self.issued(stamp);
                }
            }
            Event::Resume(high_water) => {
                self.resume(*high_water);
            }
        }
        self.same_position("after the event");
    }

    /// Whether both can resume.
    pub(crate) fn resume(&mut self, high_water: Hlc) -> bool {
        let answer = self.clock.resume(high_water);
        assert_eq!(answer, self.reference.resume(high_water));
        if answer.is_ok() {
            self.taken(&[high_water]);
        }
        answer.is_ok()
    }

    fn taken(&mut self, stamps: &[Hlc]) {
        self.highest = stamps.iter().copied().fold(self.highest, Hlc::max);
    }

    fn issued(&mut self, stamp: Hlc) {
        let highest = self.highest;
        assert!(point(stamp) > point(highest), "{stamp} above {highest}");
        self.highest = stamp;
    }

    fn same_position(&self, when: &str) {
        assert_eq!(self.clock.last(), self.reference.last(), "{when}");
    }
}
