//! What the checks are run on.

use std::fmt::Debug;

use hlc::{
    Clock, Drift, DriftLimits, Hlc, ManualClock, ObserveError, ParseHlcError, ResumeError,
    WallClock,
};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::slow_clock::{Rules, SlowClock};
use super::{NOW, OWN};

/// One thing that has to hold of what is on the bench; it panics if it does not.
pub(crate) struct Check {
    pub(crate) clause: &'static str,
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Bench),
}

/// Makes each check a test of what the crate ships, and a list of them for the planted faults.
/// A check that is left out is dead code, which the compiler reports.
macro_rules! checks {
    ($clause:literal: $($check:ident),* $(,)?) => {
        pub(crate) const CHECKS: &[$crate::contract::bench::Check] = &[$($crate::contract::bench::Check {
            clause: $clause,
            name: stringify!($check),
            run: $check,
        }),*];

        mod as_shipped {
            $(
                #[test]
                fn $check() {
                    super::$check(&$crate::contract::bench::Bench::shipped());
                }
            )*
        }
    };
}
pub(crate) use checks;

/// What is under test.
pub(crate) struct Bench {
    /// Whether the clock is the one that the crate ships, or one that follows `rules`.
    shipped: bool,
    pub(crate) rules: Rules,
    pub(crate) codec: Codec,
    /// The source text of the root of the crate.
    pub(crate) crate_root: String,
}

impl Bench {
    /// What the crate ships.
    pub(crate) fn shipped() -> Self {
        Self {
            shipped: true,
            ..Self::slow()
        }
    }

    /// A clock that is made in another way, for faults to be planted in.
    pub(crate) fn slow() -> Self {
        Self {
            shipped: false,
            rules: Rules::RIGHT,
            codec: Codec::RIGHT,
            crate_root: include_str!("../../../src/lib.rs").to_owned(),
        }
    }

    /// A clock whose wall clock reads [`NOW`].
    pub(crate) fn clock(&self) -> Box<dyn ClockUnderTest> {
        self.clock_at(NOW.cast_signed())
    }

    pub(crate) fn clock_at(&self, ms: i64) -> Box<dyn ClockUnderTest> {
        self.clock_on(ManualClock::new(ms))
    }

    /// A clock whose wall clock reads [`NOW`], with these limits.
    pub(crate) fn clock_within(&self, limits: DriftLimits) -> Box<dyn ClockUnderTest> {
        self.clock_with(ManualClock::new(NOW.cast_signed()), limits)
    }

    pub(crate) fn clock_on<'w>(
        &self,
        wall: impl WallClock + Send + Sync + 'w,
    ) -> Box<dyn ClockUnderTest + 'w> {
        self.clock_with(wall, DriftLimits::default())
    }

    pub(crate) fn clock_with<'w>(
        &self,
        wall: impl WallClock + Send + Sync + 'w,
        limits: DriftLimits,
    ) -> Box<dyn ClockUnderTest + 'w> {
        if self.shipped {
            Box::new(Clock::new(OWN, wall).with_limits(limits))
        } else {
            Box::new(SlowClock::new(self.rules, wall, limits))
        }
    }

    /// How much to try: more of what is shipped, and no more than it takes to find a planted fault
    /// in the clock that is slow.
    pub(crate) fn effort<N>(&self, shipped: N, slow: N) -> N {
        if self.shipped { shipped } else { slow }
    }

    /// Checks that something holds of many random values: other ones each time for what is
    /// shipped, the same ones each time for a planted fault.
    pub(crate) fn for_all<S: Strategy<Value: Debug>>(
        &self,
        cases: u32,
        values: S,
        holds: impl Fn(S::Value) -> Result<(), TestCaseError>,
    ) {
        let config = Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner = if self.shipped {
            TestRunner::new(config)
        } else {
            TestRunner::new_with_rng(
                Config {
                    max_shrink_iters: 0,
                    ..config
                },
                TestRng::deterministic_rng(RngAlgorithm::XorShift),
            )
        };
        match runner.run(&values, holds) {
            Ok(()) => {}
            Err(TestError::Abort(reason)) => panic!("gave up: {reason}"),
            Err(TestError::Fail(reason, value)) => panic!("{reason}\nfor {value:#?}"),
        }
    }
}

/// The clock as the checks see it.
pub(crate) trait ClockUnderTest: Send + Sync {
    fn now_ms(&self) -> i64;
    fn limits(&self) -> DriftLimits;
    fn last(&self) -> Hlc;
    fn tick(&self) -> Hlc;
    fn check(&self, remote: Hlc) -> Result<Drift, ObserveError>;
    fn check_all(&self, remotes: &[Hlc]) -> Result<Option<Drift>, ObserveError>;
    fn check_drift(&self, stamp: Hlc) -> Result<Drift, ObserveError>;
    fn observe(&self, remote: Hlc) -> Result<Hlc, ObserveError>;
    fn observe_all(&self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError>;
    fn resume(&self, high_water: Hlc) -> Result<(), ResumeError>;
}

impl<W: WallClock + Send + Sync> ClockUnderTest for Clock<W> {
    fn now_ms(&self) -> i64 {
        self.now_ms()
    }

    fn limits(&self) -> DriftLimits {
        self.limits()
    }

    fn last(&self) -> Hlc {
        self.last()
    }

    fn tick(&self) -> Hlc {
        self.tick()
    }

    fn check(&self, remote: Hlc) -> Result<Drift, ObserveError> {
        self.check(remote)
    }

    fn check_all(&self, remotes: &[Hlc]) -> Result<Option<Drift>, ObserveError> {
        self.check_all(remotes)
    }

    fn check_drift(&self, stamp: Hlc) -> Result<Drift, ObserveError> {
        self.check_drift(stamp)
    }

    fn observe(&self, remote: Hlc) -> Result<Hlc, ObserveError> {
        self.observe(remote)
    }

    fn observe_all(&self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError> {
        self.observe_all(remotes)
    }

    fn resume(&self, high_water: Hlc) -> Result<(), ResumeError> {
        self.resume(high_water)
    }
}

/// How a stamp is written and read.
pub(crate) struct Codec {
    /// By [`Hlc::to_text`].
    pub(crate) to_text: fn(Hlc) -> String,
    /// By `Display`.
    pub(crate) display: fn(Hlc) -> String,
    pub(crate) parse: fn(&str) -> Result<Hlc, ParseHlcError>,
    pub(crate) to_bytes: fn(Hlc) -> [u8; Hlc::BYTES_LEN],
    pub(crate) from_bytes: fn([u8; Hlc::BYTES_LEN]) -> Hlc,
}

impl Codec {
    pub(crate) const RIGHT: Self = Self {
        to_text: |stamp| stamp.to_text().as_str().to_owned(),
        display: |stamp| stamp.to_string(),
        parse: |text| text.parse(),
        to_bytes: |stamp| stamp.to_bytes(),
        from_bytes: Hlc::from_bytes,
    };
}
