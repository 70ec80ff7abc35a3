//! How long logs get under a real history: what the demo says.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use xshell::{Shell, cmd};

use crate::table::grouped;
use paired_bench::{Measured, Row};

/// What a history reports.
pub(crate) const IDS: [&str; 2] = ["history_peak", "history_median"];

/// A part of the history, for runs that only look whether something is reported.
const EXCERPT: [&str; 4] = [
    "--input",
    "tests/demo/tests/data/excerpt.ndjson",
    "--away",
    "1:2",
];

/// The report of the demo, as far as it is about the length of logs.
#[derive(Debug, Deserialize)]
pub(crate) struct History {
    verdict: String,
    changes: u64,
    devices: Vec<Device>,
    /// For each device, in the order of `devices`.
    weekly_lengths: Vec<Vec<u32>>,
}

#[derive(Debug, Deserialize)]
struct Device {
    device: u8,
    /// 0 for a device that comes on line daily.
    away_weeks: u16,
    peak_length: f64,
    median_length: f64,
}

/// The log of a device over the weeks of the history.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    pub(crate) device: u8,
    pub(crate) away_weeks: u16,
    pub(crate) lengths: &'a [u32],
}

impl History {
    /// Runs the demo, on an excerpt if the run is `quick`.
    pub(crate) fn replay(shell: &Shell, quick: bool) -> Result<Self> {
        let excerpt = if quick { &EXCERPT[..] } else { &[] };
        let demo = ["-p", "demo", "--", "--json"];
        let json = cmd!(shell, "cargo run --release {demo...} {excerpt...}").read()?;
        Self::parse(&json)
    }

    fn parse(json: &str) -> Result<Self> {
        let history: Self =
            serde_json::from_str(json).context("failed to read the demo's report")?;
        ensure!(history.verdict == "yes", "the demo's verdict is not yes");
        Ok(history)
    }

    /// The longest log, and the highest median, of the devices that come on line daily.
    pub(crate) fn rows(&self) -> [Row; 2] {
        let daily = || self.devices.iter().filter(|device| device.away_weeks == 0);
        let highest = |lengths: &mut dyn Iterator<Item = f64>| lengths.fold(f64::NAN, f64::max);
        let peak = highest(&mut daily().map(|device| device.peak_length));
        let median = highest(&mut daily().map(|device| device.median_length));
        let [peak_id, median_id] = IDS;
        [
            self.row(peak_id, "longest log", peak, 1000.0),
            self.row(median_id, "highest median length of a log", median, 100.0),
        ]
    }

    fn row(&self, id: &str, what: &str, value: f64, target: f64) -> Row {
        Row {
            id: id.to_owned(),
            work: format!("{} real changes: {what}", grouped(self.changes)),
            measured: Measured::Bound {
                unit: "entries".to_owned(),
                value,
            },
            target: Some(target),
            // No device at all is no number, which is not within anything.
            met: value <= target,
        }
    }

    pub(crate) fn series(&self) -> impl Iterator<Item = Series<'_>> {
        let devices = self.devices.iter().zip(&self.weekly_lengths);
        devices.map(|(device, lengths)| Series {
            device: device.device,
            away_weeks: device.away_weeks,
            lengths,
        })
    }
}

#[cfg(test)]
pub(crate) mod planted {
    use super::*;

    pub(super) const JSON: &str = r#"{"verdict": "yes", "seed": "1", "changes": 300, "devices": [
        {"device": 0, "away_weeks": 0, "peak_length": 367, "median_length": 30.5},
        {"device": 2, "away_weeks": 4, "peak_length": 2000, "median_length": 500},
        {"device": 3, "away_weeks": 0, "peak_length": 14, "median_length": 31.0}],
        "weekly_lengths": [[0, 30, 367], [0, 500, 2000], [0, 3, 14]]}"#;

    pub(crate) fn history() -> History {
        History::parse(JSON).expect("it is what the demo prints")
    }
}

#[cfg(test)]
mod tests {
    use super::planted::history;
    use super::*;

    #[test]
    fn the_highest_of_the_devices_that_come_daily_is_judged() {
        let values = |history: &History| {
            history.rows().map(|row| match row.measured {
                Measured::Bound { value, .. } => (value, row.met),
                other => panic!("{other:?}"),
            })
        };
        let mut history = history();
        assert_eq!(values(&history), [(367.0, true), (31.0, true)]);
        history.devices[0].peak_length = 1001.0;
        history.devices[2].median_length = 100.5;
        assert_eq!(values(&history), [(1001.0, false), (100.5, false)]);
        history.devices.retain(|device| device.away_weeks > 0);
        assert!(history.rows().iter().all(|row| !row.met));
    }

    #[test]
    fn a_history_whose_verdict_is_no_is_refused() {
        assert!(History::parse(&planted::JSON.replace("yes", "no")).is_err());
    }
}
