//! The targets, and which of them are excused.

use paired_bench::Goal;

/// A row of the table of targets.
#[derive(Debug)]
pub(crate) struct Target {
    /// What an excuse names.
    pub(crate) key: &'static str,
    pub(crate) work: &'static str,
    pub(crate) wanted: &'static str,
    /// What the benches have to report for it.
    pub(crate) expected: &'static [Expected],
}

/// What a bench has to report, and by which target it has to be judged.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) id: &'static str,
    pub(crate) goal: Goal,
    pub(crate) target: By,
}

/// What a row is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum By {
    /// This number.
    Number(f64),
    /// This number of milliseconds, or more on a machine whose disk is slow to sync.
    Sync {
        least_ms: f64,
        /// The row with the longest time that an undisturbed commit took in the same run.
        idle: &'static str,
    },
    /// Growth, whose target the bench explains.
    Growth,
}

/// A target of which some rows may fall short, and the decision that says why.
#[derive(Debug)]
pub(crate) struct Excuse {
    pub(crate) key: &'static str,
    /// The rows that may.
    pub(crate) ids: &'static [&'static str],
    /// From the root; it names the key and the rows, and holds a measured breakdown of the gap.
    pub(crate) adr: &'static str,
}

/// How many may be excused.
const EXCUSES_MAX: usize = 2;

/// Those that are.
pub(crate) const EXCUSES: &[Excuse] = &[
    Excuse {
        key: "clock",
        ids: &["clock_tick"],
        adr: "docs/adr/0013-where-a-tick-goes.md",
    },
    Excuse {
        key: "append_1",
        ids: &["append_1"],
        adr: "docs/adr/0027-where-an-append-goes.md",
    },
];

const fn at_most(id: &'static str, target: f64) -> Expected {
    Expected {
        id,
        goal: Goal::AtMost,
        target: By::Number(target),
    }
}

const fn at_most_by_sync(id: &'static str, least_ms: f64, idle: &'static str) -> Expected {
    Expected {
        id,
        goal: Goal::AtMost,
        target: By::Sync { least_ms, idle },
    }
}

/// What [`By::Sync`] allows where an undisturbed commit took this long at worst.
pub(crate) fn most_ms(least_ms: f64, idle_ms: f64) -> f64 {
    if idle_ms > 10.0 {
        least_ms.max(4.0 * idle_ms)
    } else {
        least_ms
    }
}

const fn faster(id: &'static str, target: f64) -> Expected {
    Expected {
        id,
        goal: Goal::Faster,
        target: By::Number(target),
    }
}

const fn growth(id: &'static str) -> Expected {
    Expected {
        id,
        goal: Goal::AtMost,
        target: By::Growth,
    }
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        key: "append_1",
        work: "append, one task",
        wanted: "≤ 1.20× rusqlite behind one thread hop",
        expected: &[at_most("append_1", 1.2)],
    },
    Target {
        key: "append_64",
        work: "append, 64 tasks",
        wanted: "≤ 1.20× a rusqlite writer thread with group commit",
        expected: &[at_most("append_64", 1.2)],
    },
    Target {
        key: "bulk",
        work: "100,000 rows in one step, tags included",
        wanted: "≤ 1.5× a rusqlite loop in one transaction, without tags",
        expected: &[at_most("bulk_100k", 1.5)],
    },
    Target {
        key: "page",
        work: "page of 100 / 1000, chain proven",
        wanted: "≤ 4× / ≤ 2.8× rusqlite on the same thread, without tags",
        expected: &[at_most("page_100", 4.0), at_most("page_1000", 2.8)],
    },
    Target {
        key: "record_ack",
        work: "ack, committed",
        wanted: "≤ 1.5× rusqlite committing the same behind one thread hop",
        expected: &[at_most("record_ack", 1.5)],
    },
    Target {
        key: "prune",
        work: "prune of 1,000 / 100,000",
        wanted: "≤ 1.4× rusqlite in the same steps; longest write lock ≤ 50 ms whatever the size; \
                 where an idle append takes longer than 10 ms at worst, ≤ 4× that",
        expected: &[
            at_most("prune_1k", 1.4),
            at_most("prune_100k", 1.4),
            at_most_by_sync("prune_lock", 50.0, "prune_lock_idle"),
        ],
    },
    Target {
        key: "explain_peers",
        work: "explain, 1000 peers × 20,000 entries",
        wanted: "≤ 3× explain with 1 peer, and a page meanwhile ≤ 2× its time alone",
        expected: &[
            at_most("explain_peers", 3.0),
            at_most("page_beside_explain", 2.0),
        ],
    },
    Target {
        key: "wal",
        work: "the -wal under 8 readers that pull without pause",
        wanted: "≤ 64 MB",
        expected: &[at_most("wal_readers", 64.0)],
    },
    Target {
        key: "memory",
        work: "1 M entries read through pages",
        wanted: "≤ 16 MB above base",
        expected: &[at_most("memory_1m", 16.0)],
    },
    Target {
        key: "clock",
        work: "clock: tick / observe with its check",
        wanted: "≤ 1.30× / ≤ 1.40× `SystemTime::now()`; faster than uhlc on 1 and 2 threads",
        expected: &[
            at_most("clock_tick", 1.3),
            at_most("clock_observe", 1.4),
            faster("clock_tick_vs_uhlc", 1.0),
            faster("clock_observe_vs_uhlc", 1.0),
            faster("clock_tick_vs_uhlc_2_threads", 1.0),
            faster("clock_observe_vs_uhlc_2_threads", 1.0),
        ],
    },
    Target {
        key: "text",
        work: "stamp to text / from text",
        wanted: "≥ 17× faster than `format!` / ≥ 3× faster than split + `from_str_radix` + \
                 `Uuid::parse_str`",
        expected: &[faster("text_encode", 17.0), faster("text_parse", 3.0)],
    },
    Target {
        key: "growth",
        work: "cost against size, to 1,000,000 entries",
        wanted: "page O(page), append O(log n), ack O(log peers), prune O(pruned), open O(1)",
        expected: &[
            growth("growth_page"),
            growth("growth_append"),
            growth("growth_ack"),
            growth("growth_prune"),
            growth("growth_open"),
        ],
    },
    Target {
        key: "apply",
        work: "page of 1000 applied in the app's database",
        wanted: "≤ 1.5× the same rows and versions written with SeaORM in one transaction",
        expected: &[at_most("apply_1000", 1.5)],
    },
    Target {
        key: "record_in",
        work: "own change, log in the app's database",
        wanted: "≤ 1.3× the app's transaction with 5 rows",
        expected: &[at_most("record_in", 1.3)],
    },
    Target {
        key: "history",
        work: "real history, devices on line daily",
        wanted: "longest log ≤ 1000 entries, median ≤ 100",
        expected: &[
            at_most("history_peak", 1000.0),
            at_most("history_median", 100.0),
        ],
    },
];

/// What is wrong with a list of excuses. `read` gives the text of a file, from the root.
pub(crate) fn faults_of(excuses: &[Excuse], read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut faults = Vec::new();
    if excuses.len() > EXCUSES_MAX {
        let count = excuses.len();
        faults.push(format!(
            "{count} targets are excused, at most {EXCUSES_MAX}"
        ));
    }
    for Excuse { key, ids, adr } in excuses {
        let mut targets = TARGETS.iter().filter(|target| target.key == *key);
        let rows = targets.next().map_or(&[][..], |target| target.expected);
        let is_row = |id: &&str| rows.iter().any(|row| row.id == *id);
        if ids.is_empty() || !ids.iter().all(is_row) {
            faults.push(format!(
                "`{key}` with {ids:?} is excused, which is no target"
            ));
        }
        let is_named = |text: &String| {
            let mut names = ids.iter().chain([key]);
            names.all(|name| text.contains(&format!("`{name}`")))
        };
        if !(adr.starts_with("docs/adr/") && read(adr).as_ref().is_some_and(is_named)) {
            faults.push(format!(
                "`{key}` is excused by {adr}, which does not name it"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_excuse_is_a_decision_that_names_its_target() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
        assert_eq!(faults_of(EXCUSES, read), [""; 0]);
    }

    #[test]
    fn an_excuse_too_many_or_for_no_target_or_without_a_decision_is_caught() {
        let named = "`page` `pages` `page_100` `append_1`";
        let adr = "docs/adr/0099-slow-pages.md";
        let excuse = |key, ids, file| Excuse {
            key,
            ids,
            adr: file,
        };
        let faults =
            |excuses: &[Excuse], text: &str| faults_of(excuses, |_| Some(text.to_owned())).len();
        let good = || excuse("page", &["page_100"], adr);
        assert_eq!(faults(&[good(), good()], named), 0);
        assert_eq!(faults(&[good(), good(), good()], named), 1);
        for wrong in [
            excuse("page", &["page_100", "page_1000"], adr),
            excuse("pages", &["page_100"], adr),
            excuse("page", &["append_1"], adr),
            excuse("page", &[], adr),
            excuse("page", &["page_100"], "README.md"),
        ] {
            assert_eq!(faults(&[wrong], named), 1);
        }
        for half in ["why `page_100` is slow", "why `page` is slow"] {
            assert_eq!(faults(&[good()], half), 1, "{half}");
        }
        assert_eq!(faults_of(&[good()], |_| None).len(), 1);
    }
}
