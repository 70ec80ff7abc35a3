//! The targets for the SQLite store, and whether they are met.

use super::costs::Costs;

/// How many crates may be compiled for a user of the store, the store among them.
const CRATES_MAX: usize = 140;

/// The same without the feature `migrator`.
const CRATES_WITHOUT_MIGRATOR_MAX: usize = 115;

/// How long the store may build, in times of the app's tree.
const BUILD_RATIO_MAX: f64 = 0.85;

/// The driver of SeaORM. An app may bring it, the store must not.
const DRIVER: &str = "sqlx";

/// A target and what was measured for it.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) target: &'static str,
    pub(crate) limit: String,
    pub(crate) measured: String,
    pub(crate) met: bool,
}

/// Judges every target.
pub(crate) fn judge(costs: &Costs) -> [Verdict; 4] {
    [
        crates(
            "crates of `sync-log-sqlite`",
            costs.sqlite.crates(),
            CRATES_MAX,
        ),
        crates(
            "crates without `migrator`",
            costs.without_migrator.crates(),
            CRATES_WITHOUT_MIGRATOR_MAX,
        ),
        build(costs),
        driver(costs),
    ]
}

/// The targets that are not met, in words.
pub(crate) fn faults(verdicts: &[Verdict]) -> Vec<String> {
    let missed = verdicts.iter().filter(|verdict| !verdict.met);
    missed
        .map(
            |Verdict {
                 target,
                 limit,
                 measured,
                 ..
             }| { format!("{target}: {measured}, the target is {limit}") },
        )
        .collect()
}

fn crates(target: &'static str, measured: usize, limit: usize) -> Verdict {
    Verdict {
        target,
        limit: format!("≤ {limit}"),
        measured: measured.to_string(),
        met: measured <= limit,
    }
}

/// The sums rather than each pair: a slow minute then weighs no more than it lasted.
fn build(costs: &Costs) -> Verdict {
    let ours = costs.sqlite.total_build().as_secs_f64();
    let ratio = ours / costs.app.total_build().as_secs_f64();
    Verdict {
        target: "build of `sync-log-sqlite` / build of the app",
        limit: format!("≤ {BUILD_RATIO_MAX}×"),
        // A digit more than the limit has, so that a near miss does not read like the limit.
        measured: format!("{ratio:.3}×"),
        met: ratio <= BUILD_RATIO_MAX,
    }
}

fn driver(costs: &Costs) -> Verdict {
    let found = costs.sqlite.tree.named_like(DRIVER);
    let measured = if found.is_empty() {
        "none".to_owned()
    } else {
        found.join(", ")
    };
    Verdict {
        target: "crates of `sync-log-sqlite` named `sqlx…`",
        limit: "none".to_owned(),
        measured,
        met: found.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cost::costs::planted::costs;

    #[test]
    fn each_limit_is_met_up_to_it_and_named_above_it() {
        let mut costs = costs();
        assert_eq!(faults(&judge(&costs)), [""; 0]);
        costs.sqlite.tree.plant("sqlx-core v0.9.0");
        costs.without_migrator.tree.plant("another v1.0.0");
        costs.app.tree.plant("sqlx-core v0.9.0");
        costs.sqlite.builds[0] += Duration::from_millis(200);
        let expected = [
            "crates of `sync-log-sqlite`: 141, the target is ≤ 140",
            "crates without `migrator`: 116, the target is ≤ 115",
            "build of `sync-log-sqlite` / build of the app: 0.851×, the target is ≤ 0.85×",
            "crates of `sync-log-sqlite` named `sqlx…`: sqlx-core, the target is none",
        ];
        assert_eq!(faults(&judge(&costs)), expected);
    }

    #[test]
    fn a_ratio_without_builds_is_not_met() {
        let mut costs = costs();
        costs.sqlite.builds.clear();
        costs.app.builds.clear();
        assert_eq!(faults(&judge(&costs)).len(), 1);
    }
}
