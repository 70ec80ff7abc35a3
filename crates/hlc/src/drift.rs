//! How far ahead of the wall clock a remote stamp may be.

/// How far a remote stamp may be ahead of the wall clock.
///
/// Exhaustive: there is a bound or there is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DriftLimit {
    /// At most this many milliseconds. 0 allows no drift at all.
    AtMostMs(u64),
    /// No bound. The ceiling ([`CEILING_MS`](crate::CEILING_MS)) still holds.
    Unlimited,
}

impl DriftLimit {
    /// Whether a stamp that is ahead by `ahead_by_ms` is within the limit.
    #[must_use]
    pub const fn allows(self, ahead_by_ms: u64) -> bool {
        match self {
            Self::AtMostMs(limit_ms) => ahead_by_ms <= limit_ms,
            Self::Unlimited => true,
        }
    }
}

/// The two bounds on drift of a [`Clock`](crate::Clock): beyond one the clock warns, beyond the
/// other it refuses.
///
/// Both bounds are one-sided: a stamp from the past is always accepted. A `warn` above `refuse` has
/// no effect.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DriftLimits {
    /// Beyond this, [`Drift::warns`] is set. 5 minutes by default.
    pub warn: DriftLimit,
    /// Beyond this, the stamp is refused. 24 hours by default.
    pub refuse: DriftLimit,
}

impl Default for DriftLimits {
    fn default() -> Self {
        const MINUTE_MS: u64 = 60 * 1000;
        Self {
            warn: DriftLimit::AtMostMs(5 * MINUTE_MS),
            refuse: DriftLimit::AtMostMs(24 * 60 * MINUTE_MS),
        }
    }
}

/// How far ahead of the wall clock an acceptable remote stamp is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Drift {
    /// Milliseconds by which the stamp is ahead; 0 if it is not.
    pub ahead_by_ms: u64,
    /// Whether that is beyond [`DriftLimits::warn`]: a clock is wrong somewhere, so report it.
    pub warns: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_zero_allows_no_drift_at_all() {
        assert!(DriftLimit::AtMostMs(0).allows(0));
        assert!(!DriftLimit::AtMostMs(0).allows(1));
    }

    #[test]
    fn a_limit_includes_itself_and_unlimited_has_none() {
        assert!(DriftLimit::AtMostMs(10).allows(10));
        assert!(!DriftLimit::AtMostMs(10).allows(11));
        assert!(DriftLimit::Unlimited.allows(u64::MAX));
    }

    #[test]
    fn by_default_five_minutes_warn_and_a_day_refuses() {
        let limits = DriftLimits::default();
        assert_eq!(limits.warn, DriftLimit::AtMostMs(300_000));
        assert_eq!(limits.refuse, DriftLimit::AtMostMs(86_400_000));
    }
}
