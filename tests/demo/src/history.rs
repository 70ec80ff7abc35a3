//! The history that is replayed: changes with the time they landed, read and
//! checked line by line.

use std::collections::BTreeSet;
use std::io::{BufRead, Read};

use serde::Deserialize;
use serde_json::value::RawValue;
use sync_log_core::{Change, ChangeType, JsonText, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES};
use uuid::Uuid;

use crate::ids;

/// The real changes that the program brings along.
const BUILT_IN: &str = include_str!("../data/history.ndjson");

/// Most devices, numbered from 0.
pub(crate) const DEVICES_MAX: usize = 64;
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
    /// What it was.
    pub(crate) change: Change,
}

/// All changes, in the order they landed.
#[derive(Debug)]
pub(crate) struct History {
    /// Never empty.
    pub(crate) changes: Vec<PastChange>,
    /// The devices' numbers in the file, ascending; at least two.
    pub(crate) devices: Vec<u8>,
}

/// What is wrong with a history, and where.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
pub(crate) struct InputError {
    /// Counted from 1.
    line: usize,
    fault: Fault,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("there is no change in it")]
    Empty,
    #[error("only device {0} occurs up to here, and one device alone has nobody to sync with")]
    OneDevice(u8),
    #[error("failed to read it: {0}")]
    Io(std::io::Error),
    #[error("it is longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    #[error("more than {CHANGES_MAX} changes")]
    TooMany,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it is not a JSON object")]
    NotAnObject,
    #[error("{0}")]
    Json(String),
    #[error("t falls from {before} to {t}")]
    TimeFalls { before: i64, t: i64 },
    #[error("t is {0}, it must lie between 1970 and 9999")]
    TimeOutOfRange(i64),
    #[error("t is more than 100 years after the first change")]
    SpanTooLong,
    #[error("wall is {wall}, after t, which is {t}")]
    WallAhead { wall: i64, t: i64 },
    #[error("device is {0}, it must be 0 to 63")]
    Device(u64),
    #[error("model has {0} bytes, it must have 1 to {MAX_MODEL_TYPE_BYTES}")]
    Model(usize),
    #[error("record has {0} bytes, it must have 1 to {RECORD_BYTES_MAX}")]
    Record(usize),
    #[error("data has {0} bytes, the limit is {MAX_DATA_BYTES}")]
    Data(usize),
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
    pub(crate) fn built_in() -> Result<Self, InputError> {
        Self::read(BUILT_IN.as_bytes())
    }

    /// Reads a history. Nothing of it is used before all of it is read.
    pub(crate) fn read(mut input: impl BufRead) -> Result<Self, InputError> {
        let mut reading = Reading::default();
        let mut bytes = Vec::new();
        for line in 1.. {
            let at_line = |fault| InputError { line, fault };
            if !next_line(&mut input, &mut bytes).map_err(at_line)? {
                return reading.finish().map_err(at_line);
            }
            reading.push(&bytes).map_err(at_line)?;
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
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, Fault> {
    line.clear();
    let limit = u64::try_from(LINE_BYTES_MAX + 1).unwrap_or(u64::MAX);
    let read = input.take(limit).read_until(b'\n', line);
    let length = read.map_err(Fault::Io)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.len() > LINE_BYTES_MAX {
        return Err(Fault::LineTooLong);
    }
    Ok(length > 0)
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    changes: Vec<(u8, PastChange)>,
    numbers: BTreeSet<u8>,
}

impl Reading {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if self.changes.len() == CHANGES_MAX {
            return Err(Fault::TooMany);
        }
        let line = parse(bytes)?;
        self.check_time(line.t, line.wall)?;
        let number = u8::try_from(line.device).map_err(|_| Fault::Device(line.device))?;
        if usize::from(number) >= DEVICES_MAX {
            return Err(Fault::Device(line.device));
        }
        self.numbers.insert(number);
        let (t, wall) = (line.t, line.wall);
        let change = change(line)?;
        // The index is known once all numbers are.
        let past = PastChange {
            t,
            wall,
            device: 0,
            change,
        };
        self.changes.push((number, past));
        Ok(())
    }

    fn check_time(&self, t: i64, wall: i64) -> Result<(), Fault> {
        if !(0..=T_MAX).contains(&t) {
            return Err(Fault::TimeOutOfRange(t));
        }
        if let (Some((_, first)), Some((_, last))) = (self.changes.first(), self.changes.last()) {
            if t < last.t {
                return Err(Fault::TimeFalls { before: last.t, t });
            }
            if t - first.t > SPAN_MS_MAX {
                return Err(Fault::SpanTooLong);
            }
        }
        if wall > t {
            return Err(Fault::WallAhead { wall, t });
        }
        Ok(())
    }

    fn finish(self) -> Result<History, Fault> {
        let devices: Vec<u8> = self.numbers.into_iter().collect();
        match devices[..] {
            [] => return Err(Fault::Empty),
            [only] => return Err(Fault::OneDevice(only)),
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

fn parse(bytes: &[u8]) -> Result<Line<'_>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
    // A JSON array would be read as the fields in their order.
    if !text.trim_start().starts_with('{') {
        return Err(Fault::NotAnObject);
    }
    serde_json::from_str(text).map_err(|error| Fault::Json(in_one_line(&error)))
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

fn change(line: Line<'_>) -> Result<Change, Fault> {
    if !(1..=MAX_MODEL_TYPE_BYTES).contains(&line.model.len()) {
        return Err(Fault::Model(line.model.len()));
    }
    if !(1..=RECORD_BYTES_MAX).contains(&line.record.len()) {
        return Err(Fault::Record(line.record.len()));
    }
    let data = line.data.get();
    if data.len() > MAX_DATA_BYTES {
        return Err(Fault::Data(data.len()));
    }
    let record_uuid: Uuid = ids::record(&line.model, &line.record);
    Ok(Change {
        model_type: line.model,
        record_uuid,
        change_type: line.op,
        data: JsonText::new(data).map_err(|error| Fault::Json(error.to_string()))?,
        model_version: 0,
    })
}

#[cfg(test)]
mod tests;
