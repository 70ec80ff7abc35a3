//! Faults in what is refused: `H3`, `H7`.

use hlc::DriftLimit;

use super::super::slow_clock::{self, FULL, Rules, point, stamp};
use super::*;

pub(crate) const FAULTS: &[Fault] = &[
    fault("H3", "refuses nothing", |bench| {
        bench.rules.allows = |_, _| true;
    }),
    fault("H3", "refuses at the limit", |bench| {
        bench.rules.allows = |limit, ahead_by_ms| match limit {
            DriftLimit::AtMostMs(limit_ms) => ahead_by_ms < limit_ms,
            DriftLimit::Unlimited => true,
        };
    }),
    fault("H3", "tells of another device", |bench| {
        bench.rules.too_far = |exceeded| {
            ObserveError::TooFarAhead(DriftExceeded {
                device: OWN,
                ..exceeded
            })
        };
    }),
    fault("H3", "tells of the excess instead of the drift", |bench| {
        bench.rules.too_far = |exceeded| {
            ObserveError::TooFarAhead(DriftExceeded {
                ahead_by_ms: exceeded.ahead_by_ms - exceeded.limit_ms,
                ..exceeded
            })
        };
    }),
    fault("H3", "tells of no reading as of one in 1970", |bench| {
        bench.rules.too_far = |exceeded| {
            let read = 0..CEILING_MS.cast_signed();
            let now_ms = if read.contains(&exceeded.now_ms) {
                exceeded.now_ms
            } else {
                0
            };
            ObserveError::TooFarAhead(DriftExceeded { now_ms, ..exceeded })
        };
    }),
    fault("H3", "never warns", |bench| {
        bench.rules.warns = |_, _| false;
    }),
    fault("H3", "warns at the limit", |bench| {
        bench.rules.warns = |limit, ahead_by_ms| match limit {
            DriftLimit::AtMostMs(limit_ms) => ahead_by_ms >= limit_ms,
            DriftLimit::Unlimited => false,
        };
    }),
    fault("H3", "refuses the past", |bench| {
        bench.rules.ahead_by_ms = |call, stamp| {
            let ahead = u128::from(stamp.timestamp).abs_diff(call.wall_ms());
            ahead.try_into().unwrap()
        };
    }),
    fault("H3", "takes a limit of zero for none", |bench| {
        bench.rules.allows = |limit, ahead_by_ms| match limit {
            DriftLimit::AtMostMs(limit_ms) => limit_ms == 0 || ahead_by_ms <= limit_ms,
            DriftLimit::Unlimited => true,
        };
    }),
    fault("H3", "takes no limit for the usual one", |bench| {
        bench.rules.allows = |limit, ahead_by_ms| match limit {
            DriftLimit::AtMostMs(limit_ms) => ahead_by_ms <= limit_ms,
            DriftLimit::Unlimited => ahead_by_ms <= DAY_MS,
        };
    }),
    fault("H3", "measures drift from where it stands", |bench| {
        bench.rules.ahead_by_ms = |call, stamp| {
            let from = call.wall_ms().max(call.state.last.0);
            let ahead = u128::from(stamp.timestamp).saturating_sub(from);
            ahead.try_into().unwrap()
        };
    }),
    fault(
        "H3",
        "trusts everyone without a reading of its own",
        |bench| {
            bench.rules.ahead_by_ms = |call, stamp| match call.wall_ms() {
                0 => 0,
                wall_ms => stamp.timestamp.saturating_sub(wall_ms.try_into().unwrap()),
            };
        },
    ),
    fault("H3", "moves when it is asked", |bench| {
        bench.rules.check = |call, remote| {
            let verdict = (Rules::RIGHT.check)(call, remote);
            call.advance((0, 0));
            verdict
        };
    }),
    fault(
        "H3",
        "observes what it is asked about in a batch",
        |bench| {
            bench.rules.check_all = |call, remotes| {
                let verdict = (Rules::RIGHT.check_all)(call, remotes);
                for remote in remotes {
                    (call.rules.receive)(call, *remote);
                }
                verdict
            };
        },
    ),
    fault(
        "H3",
        "tells of the last drift of a batch, not the worst",
        |bench| {
            bench.rules.check_all = |call, remotes| {
                let mut last = None;
                for remote in remotes {
                    last = Some((call.rules.check)(call, *remote)?);
                }
                Ok(last)
            };
        },
    ),
    fault("H3", "measures no drift of its own device", |bench| {
        bench.rules.check_drift = |call, stamp| match stamp.device_id {
            OWN => Ok(call.drift(stamp)),
            _ => slow_clock::check_drift(call, stamp),
        };
    }),
    fault("H7", "refuses every stamp of its own", |bench| {
        bench.rules.is_own_ahead = |_, _| true;
    }),
    fault("H7", "refuses an echo of its last stamp", |bench| {
        bench.rules.is_own_ahead = |call, stamp| point(stamp) >= call.state.last;
    }),
    fault("H7", "answers an echo with the echo", |bench| {
        bench.rules.observe = |call, remote| match remote.device_id {
            OWN => (call.rules.check)(call, remote).map(|_| remote),
            _ => slow_clock::observe(call, remote),
        };
    }),
    fault("H7", "takes a clone for an echo", |bench| {
        bench.rules.is_own_ahead = |_, _| false;
    }),
    fault(
        "H7",
        "takes a clone within the limits for an echo",
        |bench| {
            bench.rules.is_own_ahead = |call, stamp| {
                let ahead_by_ms = (call.rules.ahead_by_ms)(call, stamp);
                point(stamp) > call.state.last
                    && !(call.rules.allows)(call.limits.refuse, ahead_by_ms)
            };
        },
    ),
    fault(
        "H7",
        "refuses a clone silently: as nothing but drift",
        |bench| {
            bench.rules.check = |call, remote| {
                slow_clock::check_drift(call, remote)?;
                (Rules::RIGHT.check)(call, remote)
            };
        },
    ),
    fault(
        "H7",
        "compares only the counter that it can hold",
        |bench| {
            bench.rules.is_own_ahead = |call, stamp| {
                let (ms, counter) = point(stamp);
                (ms, counter.min(FULL - 1)) > call.state.last
            };
        },
    ),
    fault(
        "H7",
        "resumes below a counter that it cannot hold",
        |bench| {
            bench.rules.resume_from = |high_water| {
                let (ms, counter) = point(high_water);
                Some((ms, counter.min(FULL - 1)))
            };
        },
    ),
    fault(
        "H7",
        "takes any own stamp until it has drawn one",
        |bench| {
            bench.rules.is_own_ahead =
                |call, remote| call.state.last != (0, 0) && remote > stamp(call.state.last);
        },
    ),
    fault("H7", "holds an echo to the limits", |bench| {
        bench.rules.check = |call, remote| {
            let verdict = (Rules::RIGHT.check)(call, remote)?;
            slow_clock::check_drift(call, remote).map(|_| verdict)
        };
    }),
    fault("H7", "does not warn of an echo", |bench| {
        bench.rules.check = |call, remote| {
            let drift = (Rules::RIGHT.check)(call, remote)?;
            Ok(Drift {
                warns: drift.warns && remote.device_id != OWN,
                ..drift
            })
        };
    }),
];
