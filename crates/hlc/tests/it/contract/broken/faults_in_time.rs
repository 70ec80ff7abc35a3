//! Faults in what a stamp is above of: `H1`, `H2`, `H4`, `H5`.

use hlc::DriftLimit;

use super::super::slow_clock::{self, CEILING, FULL, Rules, after, point, stamp};
use super::*;

pub(crate) const FAULTS: &[Fault] = &[
    fault(
        "H1",
        "repeats its stamp while the wall clock stands still",
        |bench| bench.rules.next = |last| last,
    ),
    fault("H1", "follows the wall clock back", |bench| {
        bench.rules.tick = |call| {
            let wall = (call.wall_ms(), 0);
            if wall.0 != call.state.last.0 {
                call.state.last = wall;
                return stamp(wall);
            }
            call.advance(wall)
        };
    }),
    fault("H1", "goes on counting in a new millisecond", |bench| {
        bench.rules.tick = |call| {
            let counter = call.state.last.1 + 1;
            call.advance((call.wall_ms(), counter))
        };
    }),
    fault(
        "H1",
        "takes a reading before 1970 for one far ahead",
        |bench| {
            bench.rules.wall_ms = |reading| (reading.cast_unsigned() & 0x7fff_ffff_ffff).into();
        },
    ),
    fault("H1", "issues the zero point as its first stamp", |bench| {
        bench.rules.tick = |call| match call.wall_ms() {
            0 if call.state.last == (0, 0) => stamp((0, 0)),
            _ => call.advance((0, 0)),
        };
    }),
    fault("H1", "forgets what it observed", |bench| {
        bench.rules.observe = |call, remote| {
            let before = call.state;
            let answer = slow_clock::observe(call, remote);
            call.state = before;
            answer
        };
    }),
    fault(
        "H1",
        "says that its last stamp is the last it drew",
        |bench| {
            bench.rules.last = |call| call.state.ticked;
        },
    ),
    fault("H2", "takes no notice of the remote stamp", |bench| {
        bench.rules.receive = |call, _| call.advance((0, 0));
    }),
    fault("H2", "answers with the remote point itself", |bench| {
        bench.rules.above = |remote| remote;
    }),
    fault(
        "H2",
        "forgets its own last stamp over the remote one",
        |bench| {
            bench.rules.receive = |call, remote| {
                call.state.last = after(point(remote)).max((call.wall_ms(), 0));
                stamp(call.state.last)
            };
        },
    ),
    fault("H2", "takes no notice of the wall clock", |bench| {
        bench.rules.receive = |call, remote| {
            let last = call.state.last;
            call.state.last = after(last).max(after(point(remote)));
            stamp(call.state.last)
        };
    }),
    fault("H2", "moves before it refuses", |bench| {
        bench.rules.observe = |call, remote| {
            let stamp = (call.rules.receive)(call, remote);
            (call.rules.check)(call, remote).map(|_| stamp)
        };
    }),
    fault("H2", "moves to the wall clock when it refuses", |bench| {
        bench.rules.observe = |call, remote| {
            let answer = slow_clock::observe(call, remote);
            if answer.is_err() {
                call.advance((0, 0));
            }
            answer
        };
    }),
    fault(
        "H2",
        "takes a batch up to the stamp that is refused",
        |bench| {
            bench.rules.observe_all = |call, remotes| {
                let mut stamp = None;
                for remote in remotes {
                    stamp = Some((call.rules.observe)(call, *remote)?);
                }
                Ok(stamp)
            };
        },
    ),
    fault("H2", "skips the refused stamps of a batch", |bench| {
        bench.rules.observe_all = |call, remotes| {
            let check = call.rules.check;
            let taken = remotes
                .iter()
                .filter(|remote| check(call, **remote).is_ok());
            let highest = taken.copied().max();
            Ok(highest.map(|remote| (call.rules.receive)(call, remote)))
        };
    }),
    fault("H2", "takes a step for each stamp of a batch", |bench| {
        bench.rules.observe_all = |call, remotes| {
            (call.rules.check_all)(call, remotes)?;
            let stamps = remotes
                .iter()
                .map(|remote| (call.rules.receive)(call, *remote));
            Ok(stamps.last())
        };
    }),
    fault(
        "H2",
        "takes the last stamp of a batch for the highest",
        |bench| {
            bench.rules.observe_all = |call, remotes| {
                (call.rules.check_all)(call, remotes)?;
                let last = remotes.last();
                Ok(last.map(|remote| (call.rules.receive)(call, *remote)))
            };
        },
    ),
    fault("H2", "moves for a batch of nothing", |bench| {
        bench.rules.observe_all = |call, remotes| match remotes {
            [] => Ok(Some(call.advance((0, 0)))),
            _ => slow_clock::observe_all(call, remotes),
        };
    }),
    fault("H2", "tells of the last refusal in a batch", |bench| {
        bench.rules.check_all = |call, remotes| {
            let check = call.rules.check;
            let refused = remotes
                .iter()
                .rev()
                .find_map(|remote| check(call, *remote).err());
            refused.map_or_else(|| (Rules::RIGHT.check_all)(call, remotes), Err)
        };
    }),
    fault(
        "H2",
        "reads the wall clock for each stamp of a batch",
        |bench| {
            bench.rules.observe_all = |call, remotes| {
                for remote in remotes {
                    (call.rules.check)(call, *remote)?;
                    call.now_ms = call.wall.now_ms();
                }
                let highest = remotes.iter().copied().max();
                Ok(highest.map(|remote| (call.rules.receive)(call, remote)))
            };
        },
    ),
    fault(
        "H4",
        "starts a full counter again in the same millisecond",
        |bench| {
            bench.rules.next = |(ms, counter)| (ms, (counter + 1) % FULL);
        },
    ),
    fault("H4", "panics when its counter is full", |bench| {
        bench.rules.next = |(ms, counter)| {
            let next = u16::try_from(counter + 1).expect("a millisecond has room");
            (ms, next.into())
        };
    }),
    fault("H4", "starts a foreign full counter again", |bench| {
        bench.rules.above = |(ms, counter)| (ms, (counter + 1) % FULL);
    }),
    fault("H4", "takes the low bits of a foreign counter", |bench| {
        bench.rules.above = |(ms, counter)| after((ms, counter % FULL));
    }),
    fault(
        "H4",
        "rounds a foreign counter down to the highest",
        |bench| {
            bench.rules.above = |(ms, counter)| (ms, (counter + 1).min(FULL - 1));
        },
    ),
    fault("H4", "has no ceiling where nothing is limited", |bench| {
        bench.rules.is_too_high =
            |call, stamp| stamp.timestamp >= CEILING && call.limits.refuse != DriftLimit::Unlimited;
    }),
    fault("H4", "takes a stamp right at the ceiling", |bench| {
        bench.rules.is_too_high = |_, stamp| stamp.timestamp > CEILING;
    }),
    fault("H4", "takes an own stamp above the ceiling", |bench| {
        bench.rules.is_too_high = |_, stamp| stamp.timestamp >= CEILING && stamp.device_id != OWN;
    }),
    fault("H4", "follows the wall clock above the ceiling", |bench| {
        bench.rules.wall_ms = |reading| u128::try_from(reading).unwrap_or(0);
    }),
    fault(
        "H4",
        "cannot resume from what it issued above the ceiling",
        |bench| {
            bench.rules.resume_from =
                |high_water| (high_water.timestamp < CEILING).then(|| point(high_water));
        },
    ),
    fault("H5", "does not resume", |bench| {
        bench.rules.resume = |_, _| Ok(());
    }),
    fault("H5", "resumes from its own stamps only", |bench| {
        bench.rules.resume = |call, high_water| match high_water.device_id {
            OWN => (Rules::RIGHT.resume)(call, high_water),
            _ => Ok(()),
        };
    }),
    fault("H5", "resumes no further than the wall clock", |bench| {
        bench.rules.resume = |call, high_water| {
            let wall = (call.rules.wall_ms)(call.wall.now_ms());
            call.state.last = point(high_water).min((wall, 0)).max(call.state.last);
            Ok(())
        };
    }),
    fault(
        "H5",
        "panics when the wall clock reads before 1970",
        |bench| {
            bench.rules.wall_ms = |reading| match u64::try_from(reading).expect("it is later") {
                ms @ 0..CEILING => ms.into(),
                _ => 0,
            };
        },
    ),
    fault("H5", "has only what it issued in its high-water", |bench| {
        bench.rules.last = |call| call.state.ticked;
    }),
    fault("H5", "resumes below where it stands", |bench| {
        bench.rules.resume = |call, high_water| {
            call.state.last = point(high_water);
            Ok(())
        };
    }),
    fault(
        "H5",
        "does not resume from what is too far ahead",
        |bench| {
            bench.rules.resume = |call, high_water| {
                call.now_ms = call.wall.now_ms();
                match slow_clock::check_drift(call, high_water) {
                    Ok(_) => (Rules::RIGHT.resume)(call, high_water),
                    Err(_) => Err(ResumeError { high_water }),
                }
            };
        },
    ),
    fault("H5", "resumes from anything", |bench| {
        bench.rules.resume_from = |high_water| Some(point(high_water));
    }),
    fault("H5", "moves when it does not resume", |bench| {
        bench.rules.resume = |call, high_water| {
            call.advance((0, 0));
            (Rules::RIGHT.resume)(call, high_water)
        };
    }),
    fault(
        "H5",
        "resumes from what rounds up to where it must not",
        |bench| {
            bench.rules.resume_from = |high_water| {
                let (ms, counter) = point(high_water);
                (high_water.timestamp < RESUME_END_MS).then(|| {
                    if counter < FULL {
                        (ms, counter)
                    } else {
                        (ms + 1, 0)
                    }
                })
            };
        },
    ),
];
