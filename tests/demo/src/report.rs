//! What is printed at the end: a row per device, and the verdict.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::to_raw_value;

use crate::args::DemoArgs;
use crate::clocks::Leads;
use crate::driver::Outcome;
use crate::duration::duration;
use crate::failure::Exit;
use crate::format::Format;
use crate::history::History;
use crate::oracle::Findings;
use crate::sheet::Sheet;
use crate::tally::Tally;

/// The result of a demo. Numbers that may need 64 bits are strings, because
/// many readers of JSON keep 53 of them.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    verdict: Verdict,
    clocks: &'static str,
    layout: &'static str,
    seed: String,
    away: String,
    changes: usize,
    drift: Leads,
    findings: Vec<Found>,
    devices: Vec<Row>,
    /// How long the log of each device was as each week began.
    #[serde(serialize_with = "a_line_each")]
    weekly_lengths: Vec<Vec<u32>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Yes,
    No,
}

/// What was found, by name.
#[derive(Debug, Serialize)]
struct Found {
    name: &'static str,
    count: u32,
    examples: Vec<String>,
}

/// One device. The order of the fields is the order of the columns.
#[derive(Debug, Serialize)]
struct Row {
    device: u8,
    away_weeks: u16,
    syncs: u32,
    restarts: u32,
    appended: u32,
    served: u32,
    acked: u32,
    pruned: usize,
    peak_length: u32,
    median_length: f64,
    final_length: u32,
}

const COLUMNS: [&str; 11] = [
    "device",
    "away_weeks",
    "syncs",
    "restarts",
    "appended",
    "served",
    "acked",
    "pruned",
    "peak_length",
    "median_length",
    "final_length",
];

impl Row {
    fn cells(&self) -> [String; COLUMNS.len()] {
        [
            self.device.to_string(),
            self.away_weeks.to_string(),
            self.syncs.to_string(),
            self.restarts.to_string(),
            self.appended.to_string(),
            self.served.to_string(),
            self.acked.to_string(),
            self.pruned.to_string(),
            self.peak_length.to_string(),
            self.median_length.to_string(),
            self.final_length.to_string(),
        ]
    }
}

impl Report {
    /// The report of what came of `args`.
    pub(crate) fn new(history: &History, args: &DemoArgs, outcome: Outcome) -> Self {
        Self {
            verdict: if outcome.findings.is_empty() {
                Verdict::Yes
            } else {
                Verdict::No
            },
            clocks: args.clocks.name(),
            layout: args.layout.name(),
            seed: args.seed.to_string(),
            away: args.away.to_string(),
            changes: history.changes.len(),
            drift: outcome.leads,
            findings: found(&outcome.findings),
            devices: rows(history, args, &outcome),
            weekly_lengths: weekly_lengths(outcome.tallies),
        }
    }

    /// What the verdict makes of the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self.verdict {
            Verdict::Yes => Exit::Fine,
            Verdict::No => Exit::Finding,
        }
    }

    /// The text to print.
    pub(crate) fn render(&self, format: Format) -> serde_json::Result<String> {
        Ok(match format {
            Format::Table => self.text(std::io::stdout().is_terminal()),
            Format::Json => serde_json::to_string_pretty(self)? + "\n",
            Format::Ndjson => self.lines()?,
            Format::Csv => self.sheet().csv(),
        })
    }

    fn text(&self, terminal: bool) -> String {
        let away = match self.away.split_once(':') {
            Some((device, weeks)) => {
                format!("device {device} away for {weeks} weeks at a time")
            }
            None => "no device away".to_owned(),
        };
        let mut text = format!(
            "{} changes by {} devices, {} logs, {} clocks, seed {}, {away}\n\n",
            self.changes,
            self.devices.len(),
            self.layout,
            self.clocks,
            self.seed,
        );
        text += &self.sheet().draw(terminal);
        let _ = write!(
            text,
            "\n{}\n{}",
            drift_text(&self.drift),
            self.verdict_text()
        );
        text
    }

    fn sheet(&self) -> Sheet {
        Sheet::new(&COLUMNS, self.devices.iter().map(Row::cells))
    }

    fn verdict_text(&self) -> String {
        let others = self.devices.len() - 1;
        if self.verdict == Verdict::Yes {
            return format!(
                "verdict: yes: all {} changes were applied exactly once on each of the {others} \
                 other devices,\nno entry was pruned before that, all databases are equal and hold \
                 the newest version\nof every record, and all logs are empty\n",
                self.changes
            );
        }
        let mut text = "verdict: no\n".to_owned();
        for found in &self.findings {
            let _ = writeln!(text, "  {}, {} in all:", found.name, found.count);
            for example in &found.examples {
                let _ = writeln!(text, "    {example}");
            }
        }
        text
    }

    fn lines(&self) -> serde_json::Result<String> {
        let mut text = String::new();
        for row in &self.devices {
            text += &serde_json::to_string(row)?;
            text.push('\n');
        }
        let mut summary = serde_json::to_value(self)?;
        if let Some(fields) = summary.as_object_mut() {
            fields.remove("devices");
        }
        Ok(text + &serde_json::to_string(&summary)? + "\n")
    }
}

fn drift_text(leads: &Leads) -> String {
    let worst = match &leads.worst {
        None => "none was ahead of its receiver's clock".to_owned(),
        Some(worst) => format!(
            "the furthest was {} ahead of the clock of device {}",
            duration(worst.ahead_by_ms),
            worst.receiver
        ),
    };
    format!(
        "{} stamps received: {worst};\nthe default drift limit of 24 h would have refused {} of them",
        leads.received, leads.refused_by_default
    )
}

fn found(findings: &Findings) -> Vec<Found> {
    let groups = findings.groups();
    groups
        .map(|(name, group)| Found {
            name,
            count: group.count,
            examples: group.examples.clone(),
        })
        .collect()
}

fn rows(history: &History, args: &DemoArgs, outcome: &Outcome) -> Vec<Row> {
    let away_weeks = |number| {
        let away = args.away.0.filter(|away| away.device == number);
        away.map_or(0, |away| away.weeks)
    };
    let devices = history.devices.iter();
    let counted = outcome.tallies.iter().zip(&outcome.final_lengths);
    devices
        .zip(counted)
        .map(|(number, (tally, final_length))| Row {
            device: *number,
            away_weeks: away_weeks(*number),
            syncs: tally.syncs,
            restarts: tally.restarts,
            appended: tally.appended,
            served: tally.served,
            acked: tally.acked,
            pruned: tally.pruned,
            peak_length: tally.peak_length(),
            median_length: tally.median_length(),
            final_length: *final_length,
        })
        .collect()
}

fn weekly_lengths(tallies: Vec<Tally>) -> Vec<Vec<u32>> {
    let tallies = tallies.into_iter();
    tallies.map(|tally| tally.weekly_lengths).collect()
}

/// A line per number would be hundreds of them.
fn a_line_each<S: Serializer>(series: &[Vec<u32>], serializer: S) -> Result<S::Ok, S::Error> {
    let lines = series.iter().map(to_raw_value);
    let lines = lines.collect::<Result<Vec<_>, _>>();
    lines.map_err(S::Error::custom)?.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: Findings) -> Report {
        let row = |device| Row {
            device,
            away_weeks: 0,
            syncs: 9,
            restarts: 2,
            appended: 1234,
            served: 2468,
            acked: 7,
            pruned: 1234,
            peak_length: 39,
            median_length: 27.5,
            final_length: 0,
        };
        Report {
            verdict: if findings.is_empty() {
                Verdict::Yes
            } else {
                Verdict::No
            },
            clocks: "wild",
            layout: "attached",
            seed: u64::MAX.to_string(),
            away: "1:4".to_owned(),
            changes: 2468,
            drift: Leads::default(),
            findings: found(&findings),
            devices: vec![row(0), row(7)],
            weekly_lengths: vec![vec![0, 39], vec![0, 8]],
        }
    }

    fn no() -> Findings {
        let mut findings = Findings::default();
        let what = "the log of device 3 still holds 12 entries";
        findings.add("log-not-empty", what.to_owned());
        findings
    }

    #[test]
    fn the_plain_table_has_the_columns_of_the_drawn_one() {
        let report = report(Findings::default());
        for terminal in [false, true] {
            let text = report.text(terminal);
            let words = COLUMNS.iter().flat_map(|name| name.split('_'));
            assert!(words.into_iter().all(|word| text.contains(word)), "{text}");
            assert_eq!(text.contains('│'), terminal);
        }
    }

    #[test]
    fn json_has_a_string_for_every_number_of_64_bits() {
        let text = report(Findings::default()).render(Format::Json).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["verdict"], "yes");
        assert_eq!(value["seed"], u64::MAX.to_string());
        assert_eq!(value["devices"][1]["median_length"], 27.5);
    }

    #[test]
    fn ndjson_has_a_line_per_device_and_one_for_the_verdict() {
        let text = report(no()).render(Format::Ndjson).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1]["device"], 7);
        assert_eq!(lines[2]["verdict"], "no");
        assert_eq!(lines[2]["findings"][0]["name"], "log-not-empty");
    }

    #[test]
    fn the_exit_code_is_the_verdict() {
        assert_eq!(report(Findings::default()).exit(), Exit::Fine);
        assert_eq!(report(no()).exit(), Exit::Finding);
    }

    #[test]
    fn a_no_names_what_was_found() {
        let text = report(no()).text(false);
        assert!(text.contains("log-not-empty, 1 in all:"), "{text}");
        assert!(text.contains("device 3 still holds 12 entries"), "{text}");
    }

    #[test]
    fn columns_are_the_fields_in_their_order() {
        let text = serde_json::to_string(&report(no()).devices[0]).unwrap();
        let places: Vec<_> = COLUMNS
            .iter()
            .map(|name| text.find(name).unwrap())
            .collect();
        assert!(places.is_sorted());
        assert_eq!(text.matches(':').count(), COLUMNS.len());
    }
}
