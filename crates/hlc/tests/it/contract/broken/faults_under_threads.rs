//! Faults that threads, and those who bring a clock source or no std, would notice: `H8`. Races
//! that depend on how two threads meet are planted in the package `tests/loom`, where all meetings are tried.

use super::super::slow_clock::Access;
use super::*;

pub(crate) const FAULTS: &[Fault] = &[
    fault(
        "H8",
        "reads and writes where it stands in two steps",
        |bench| {
            bench.rules.access = Access::TwoSteps;
        },
    ),
    fault(
        "H8",
        "holds a lock while it reads the wall clock",
        |bench| {
            bench.rules.access = Access::HeldLock;
        },
    ),
    fault("H8", "asks its source of time twice", |bench| {
        bench.rules.reading = |wall| {
            wall.now_ms();
            wall.now_ms()
        };
    }),
    fault("H8", "needs an allocator", |bench| {
        bench.crate_root.push_str("extern crate alloc;\n");
    }),
    fault("H8", "needs std", |bench| {
        bench.crate_root = bench.crate_root.replace("#![no_std]\n", "");
    }),
    fault("H8", "needs std without its feature", |bench| {
        let gated = "#[cfg(feature = \"std\")]\nextern crate std;";
        bench.crate_root = bench.crate_root.replace(gated, "extern crate std;");
    }),
];
