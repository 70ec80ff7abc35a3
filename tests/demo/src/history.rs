//! The history that is replayed: changes with the time they landed, read and
//! checked line by line.

use std::collections::BTreeSet;
use std::io::{BufRead, Read};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;
use sync_log_core::{ChangeType, JsonText, MAX_DATA_BYTES};

use crate::{ids, record};

/// The real changes that the program brings along.
const BUILT_IN: &str = include_str!("../data/history.ndjson");

/// Most devices, numbered from 0.
pub(crate) const DEVICES_MAX: usize = 64;
/// Longest name of a model.
const MODEL_BYTES_MAX: usize = 128;
/// Longest name of a record.
const RECORD_BYTES_MAX: usize = 1024;
/// Longest line: the largest data and ample room for the rest.
const LINE_BYTES_MAX: usize = MAX_DATA_BYTES + 64 * 1024;
/// Most changes, so that an endless input ends.
const CHANGES_MAX: usize = 1_000_000;
/// Longest history: every day of it is replayed, whether it has changes or not.
const SPAN_MS_MAX: i64 = 100 * 366 * 24 * 60 * 60 * 1000;
/// The end of the year 9999. Stamps reach further, but not by much.
const T_MAX: i64 = 253_402_300_799_999;

/// One change: who made it when, and what it is.
#[derive(Debug)]
pub(crate) struct PastChange {
    /// When it landed, in ms since the Unix epoch: the time of the replay.
    pub(crate) t: i64,
    /// What its device's own clock said.
    pub(crate) wall: i64,
    /// Who made it: an index into [`History::devices`].
    pub(crate) device: usize,
    pub(crate) op: ChangeType,
    /// The whole record after the change, or before it if it is deleted.
    pub(crate) row: record::Model,
}

/// All changes, in the order they landed.
#[derive(Debug)]
pub(crate) struct History {
    /// Never empty.
    pub(crate) changes: Vec<PastChange>,
    /// The devices' numbers in the file, ascending; at least two.
    pub(crate) devices: Vec<u8>,
}

/// A line as it is written. Fields that are not known are left alone.
#[derive(Deserialize)]
struct Line<'a> {
    t: i64,
    wall: i64,
    device: u64,
    op: ChangeType,
    model: String,
    record: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl History {
    /// The history that the program brings along.
    pub(crate) fn built_in() -> Result<Self> {
        Self::read(BUILT_IN.as_bytes())
    }

    /// Reads a history. Nothing of it is used before all of it is read. An error names the line,
    /// counted from 1.
    pub(crate) fn read(mut input: impl BufRead) -> Result<Self> {
        let mut reading = Reading::default();
        let mut bytes = Vec::new();
        for line in 1.. {
            let at_line = || format!("line {line}");
            if !next_line(&mut input, &mut bytes).with_context(at_line)? {
                return reading.finish().with_context(at_line);
            }
            reading.push(&bytes).with_context(at_line)?;
        }
        unreachable!("lines are counted until the input ends")
    }

    /// When the first change landed.
    pub(crate) fn first_t(&self) -> i64 {
        self.changes.first().map_or(0, |change| change.t)
    }

    /// When the last change landed.
    pub(crate) fn last_t(&self) -> i64 {
        self.changes.last().map_or(0, |change| change.t)
    }
}

/// Reads one line without its end; `false` at the end of the input.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool> {
    line.clear();
    let limit = u64::try_from(LINE_BYTES_MAX + 1).unwrap_or(u64::MAX);
    let read = input.take(limit).read_until(b'\n', line);
    let length = read.context("failed to read it")?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    let is_short = line.len() <= LINE_BYTES_MAX;
    ensure!(is_short, "it is longer than {LINE_BYTES_MAX} bytes");
    Ok(length > 0)
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    changes: Vec<(u8, PastChange)>,
    numbers: BTreeSet<u8>,
}

impl Reading {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let is_room = self.changes.len() < CHANGES_MAX;
        ensure!(is_room, "more than {CHANGES_MAX} changes");
        let line = parse(bytes)?;
        self.check_time(line.t, line.wall)?;
        let number = u8::try_from(line.device).ok();
        let number = number.filter(|number| usize::from(*number) < DEVICES_MAX);
        let refused = || format!("device is {}, it must be 0 to 63", line.device);
        let number = number.with_context(refused)?;
        self.numbers.insert(number);
        let past = PastChange {
            t: line.t,
            wall: line.wall,
            // The index is known once all numbers are.
            device: 0,
            op: line.op,
            row: row(line)?,
        };
        self.changes.push((number, past));
        Ok(())
    }

    fn check_time(&self, t: i64, wall: i64) -> Result<()> {
        let is_in_range = (0..=T_MAX).contains(&t);
        ensure!(is_in_range, "t is {t}, it must lie between 1970 and 9999");
        if let (Some((_, first)), Some((_, last))) = (self.changes.first(), self.changes.last()) {
            let before = last.t;
            ensure!(before <= t, "t falls from {before} to {t}");
            let is_near = t - first.t <= SPAN_MS_MAX;
            ensure!(is_near, "t is more than 100 years after the first change");
        }
        ensure!(wall <= t, "wall is {wall}, after t, which is {t}");
        Ok(())
    }

    fn finish(self) -> Result<History> {
        let devices: Vec<u8> = self.numbers.into_iter().collect();
        match devices[..] {
            [] => bail!("there is no change in it"),
            [only] => bail!(
                "only device {only} occurs up to here, and one device alone has nobody to sync with"
            ),
            _ => {}
        }
        let index = |number| devices.binary_search(&number).unwrap_or_default();
        let changes = self.changes.into_iter();
        let changes = changes.map(|(number, past)| PastChange {
            device: index(number),
            ..past
        });
        Ok(History {
            changes: changes.collect(),
            devices,
        })
    }
}

fn parse(bytes: &[u8]) -> Result<Line<'_>> {
    let text = std::str::from_utf8(bytes).map_err(|_| anyhow!("it is not UTF-8"))?;
    // A JSON array would be read as the fields in their order.
    let is_object = text.trim_start().starts_with('{');
    ensure!(is_object, "it is not a JSON object");
    serde_json::from_str(text).map_err(|error| anyhow!(in_one_line(&error)))
}

/// The error without its line, which is always 1 and not the one of the file.
fn in_one_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(what) => format!("{what} (column {})", error.column()),
        None => text,
    }
}

fn row(line: Line<'_>) -> Result<record::Model> {
    check_length("model", &line.model, MODEL_BYTES_MAX)?;
    check_length("record", &line.record, RECORD_BYTES_MAX)?;
    let row = record::Model {
        id: ids::record(&line.model, &line.record),
        model: line.model,
        name: line.record,
        data: line.data.get().to_owned(),
    };
    let bytes = JsonText::from_serialize(&row)?.as_str().len();
    let limit = MAX_DATA_BYTES;
    ensure!(
        bytes <= limit,
        "the record has {bytes} bytes as JSON, the limit is {limit}"
    );
    Ok(row)
}

fn check_length(what: &str, text: &str, most: usize) -> Result<()> {
    let bytes = text.len();
    let fits = (1..=most).contains(&bytes);
    ensure!(fits, "{what} has {bytes} bytes, it must have 1 to {most}");
    Ok(())
}

#[cfg(test)]
mod tests;
