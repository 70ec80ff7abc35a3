//! Decides under the write lock whether entries may enter the log (`A1`).

use std::collections::HashMap;

use hlc::Hlc;

use super::content;
use crate::error::LogError;
use crate::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::{Altered, ChainFault, Change, LogState, SharedChangeEntry};
use crate::store::{Needs, StoredEntry, View, Writes};

/// Whether changes that are written in one step are applied in one step, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// All of them are one group.
    One,
    /// Each is a group by itself.
    Each,
}

/// Refuses changes that no log can hold, before any lock is taken.
pub(crate) fn validate_changes(
    changes: &[Change],
    grouping: Grouping,
    max_data_bytes: usize,
) -> Result<(), LogError> {
    changes
        .iter()
        .try_for_each(|change| content::validate_change(change, max_data_bytes))?;
    let length_bytes = changes.iter().map(Change::content_bytes).sum();
    match grouping {
        Grouping::One => validate_group(changes.len(), length_bytes),
        Grouping::Each => validate_size(changes.len(), length_bytes),
    }
}

/// Refuses a group that no page could hold (`R1`).
fn validate_group(count: usize, length_bytes: usize) -> Result<(), LogError> {
    if count > MAX_PAGE_ENTRIES || length_bytes > MAX_PAGE_BYTES {
        return Err(LogError::GroupTooLarge {
            count,
            length_bytes,
        });
    }
    Ok(())
}

/// Refuses a batch with a group that is too large or has no end.
fn validate_groups(batch: &[SharedChangeEntry]) -> Result<(), LogError> {
    for group in batch.split_inclusive(|entry| entry.group_end) {
        let bytes = group.iter().map(SharedChangeEntry::content_bytes).sum();
        validate_group(group.len(), bytes)?;
        if let Some(last) = group.last().filter(|last| !last.group_end) {
            return Err(LogError::GroupWithoutEnd { hlc: last.hlc });
        }
    }
    Ok(())
}

/// Refuses entries that no log of this device can hold, before any lock is taken.
pub(crate) fn validate_batch(
    batch: &[SharedChangeEntry],
    max_data_bytes: usize,
) -> Result<(), LogError> {
    batch
        .iter()
        .try_for_each(|entry| content::validate_entry(entry, max_data_bytes))?;
    validate_size(
        batch.len(),
        batch.iter().map(SharedChangeEntry::content_bytes).sum(),
    )?;
    validate_groups(batch)?;
    match batch.windows(2).find(|pair| pair[1].hlc <= pair[0].hlc) {
        Some(pair) => Err(LogError::BatchNotAscending {
            hlc: pair[1].hlc,
            previous: pair[0].hlc,
        }),
        None => Ok(()),
    }
}

fn validate_size(count: usize, length_bytes: usize) -> Result<(), LogError> {
    if count > MAX_BATCH_ENTRIES {
        return Err(LogError::TooMany {
            count,
            limit: MAX_BATCH_ENTRIES,
        });
    }
    if length_bytes > MAX_BATCH_BYTES {
        return Err(LogError::BatchTooLarge {
            length_bytes,
            limit_bytes: MAX_BATCH_BYTES,
        });
    }
    Ok(())
}

/// A batch that begins at or below the head can only be a retry: asks for its retained entries.
pub(crate) fn needs(batch: &[SharedChangeEntry], state: &LogState) -> Needs {
    let stamps = || batch.iter().map(|entry| entry.hlc).collect();
    match batch.first() {
        Some(first) if first.hlc <= state.head.hlc => Needs {
            entries: stamps(),
            marks: stamps(),
            ..Needs::default()
        },
        _ => Needs::default(),
    }
}

/// Decides a pre-stamped, validated, ascending batch. `Ok(None)` is a retry of
/// a batch that is in the log already.
pub(crate) fn decide(
    batch: &[SharedChangeEntry],
    view: &View<'_>,
    now_ms: i64,
) -> Result<Option<Writes>, LogError> {
    let state = view.state;
    let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
        return Ok(None);
    };
    if first.hlc > state.head.hlc.max(state.settled) {
        return Ok(Some(insert(batch.iter().cloned(), last.hlc, state, now_ms)));
    }
    let retained: HashMap<Hlc, &SharedChangeEntry> = view
        .entries
        .iter()
        .map(|entry| (entry.hlc, entry))
        .collect();
    if let Some(lost) = view
        .marks
        .iter()
        .find(|mark| !retained.contains_key(&mark.hlc))
    {
        let (hlc, fault) = (lost.hlc, ChainFault::Missing);
        return Err(Altered { hlc, fault }.into());
    }
    match refusal(batch, &retained, state) {
        Some(refusal) => Err(refusal),
        None => Ok(None),
    }
}

/// Why a batch that begins at or below the head is no retry; `None` if it is one. The order
/// of the checks is part of the contract.
fn refusal(
    batch: &[SharedChangeEntry],
    retained: &HashMap<Hlc, &SharedChangeEntry>,
    state: &LogState,
) -> Option<LogError> {
    let is_retained = |entry: &&SharedChangeEntry| retained.get(&entry.hlc) == Some(entry);
    let first = batch.first()?;
    // At or below the floor everything was pruned. Up to settled, the log knows retained entries
    // only.
    let below = |entry: &&SharedChangeEntry| {
        let is_settled = entry.hlc <= state.settled && !retained.contains_key(&entry.hlc);
        entry.hlc <= state.floor.hlc || is_settled
    };
    if let Some(below) = batch.iter().find(below) {
        return Some(LogError::BelowFloor {
            hlc: below.hlc,
            floor: state.floor.hlc.max(state.settled),
        });
    }
    let is_other = |entry: &&SharedChangeEntry| {
        let there = retained.get(&entry.hlc);
        there.is_some_and(|there| there != entry)
    };
    if let Some(other) = batch.iter().find(is_other) {
        return Some(LogError::OtherContent { hlc: other.hlc });
    }
    let missing = batch.iter().find(|entry| !is_retained(entry))?;
    if batch.iter().any(|entry| is_retained(&entry)) {
        return Some(LogError::BatchMixed { hlc: missing.hlc });
    }
    Some(LogError::Overtaken {
        hlc: first.hlc,
        head: state.head.hlc,
    })
}

/// Refuses a change that comes without the version of its record, if the log takes none (`W2`).
pub(crate) const fn refuse_without_record(state: &LogState) -> Result<(), LogError> {
    if state.with_records {
        return Err(LogError::WithRecords);
    }
    Ok(())
}

/// Decides own changes that a receiver stamped and committed: neither drift nor size nor a policy refuses
/// them any more.
///
/// A log that takes changes from a receiver takes all of them, in their order, and no others. So those
/// at or below the head are in the log already, or were pruned. One that is neither is a mistake, and is
/// refused: to skip it would lose it.
pub(crate) fn take_over(
    entries: &[SharedChangeEntry],
    view: &View<'_>,
    now_ms: i64,
) -> Result<Writes, LogError> {
    let state = view.state;
    let is_new = |entry: &&SharedChangeEntry| entry.hlc > state.head.hlc;
    let is_had = |entry: &SharedChangeEntry| {
        entry.hlc <= state.floor.hlc || view.entries.iter().any(|it| it.hlc == entry.hlc)
    };
    let mut known = entries.iter().filter(|entry| !is_new(entry));
    if let Some(missing) = known.find(|entry| !is_had(entry)) {
        return Err(LogError::Overtaken {
            hlc: missing.hlc,
            head: state.head.hlc,
        });
    }
    let new = entries.iter().filter(is_new);
    let last = entries.last().map_or(state.head.hlc, |last| last.hlc);
    Ok(Writes {
        with_records: (!state.with_records).then_some(true),
        ..insert(new.cloned(), last, state, now_ms)
    })
}

/// The changes that insert entries which are known to lie above the head.
pub(crate) fn insert(
    batch: impl Iterator<Item = SharedChangeEntry>,
    last: Hlc,
    state: &LogState,
    now_ms: i64,
) -> Writes {
    let mut reached = state.head;
    let chained = batch.map(|entry| {
        reached = reached.then(&entry);
        StoredEntry {
            entry,
            created_at_ms: now_ms,
            tag: Some(reached.tag),
        }
    });
    Writes {
        append: chained.collect(),
        high_water: (last > state.high_water).then_some(last),
        ..Writes::default()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::ChangeType;
    use crate::model::JsonText;
    use crate::model::LogIdentity;

    const DEVICE: Uuid = Uuid::from_u128(0xd0);

    fn entry(ms: u64) -> SharedChangeEntry {
        let change = Change {
            model_type: "tag".to_owned(),
            record_uuid: Uuid::from_u128(1),
            change_type: ChangeType::Insert,
            data: JsonText::from(serde_json::Value::Null),
            model_version: 0,
        };
        change.stamped(Hlc::new(ms, 0, DEVICE))
    }

    /// A log with an entry at 5, of which the clock is at 7.
    fn state() -> LogState {
        let mut state = LogState::new(LogIdentity {
            library_id: Uuid::from_u128(1).into(),
            device_id: DEVICE.into(),
            log_id: Uuid::from_u128(2),
        });
        (state.head.hlc, state.high_water) = (entry(5).hlc, entry(7).hlc);
        state
    }

    #[test]
    fn a_batch_may_be_as_large_as_its_limits_and_no_larger() {
        assert!(validate_size(MAX_BATCH_ENTRIES, MAX_BATCH_BYTES).is_ok());
        assert!(matches!(
            validate_size(MAX_BATCH_ENTRIES + 1, 0),
            Err(LogError::TooMany { count, .. }) if count == MAX_BATCH_ENTRIES + 1
        ));
        assert!(matches!(
            validate_size(1, MAX_BATCH_BYTES + 1),
            Err(LogError::BatchTooLarge { length_bytes, .. }) if length_bytes == MAX_BATCH_BYTES + 1
        ));
    }

    #[test]
    fn only_what_may_be_a_retry_is_looked_up() {
        let stamps = |batch: &[SharedChangeEntry]| needs(batch, &state()).entries;
        assert_eq!(stamps(&[entry(5), entry(6)]), [entry(5).hlc, entry(6).hlc]);
        assert!(stamps(&[entry(6)]).is_empty());
    }

    fn refused(
        batch: &[SharedChangeEntry],
        retained: &[SharedChangeEntry],
        state: &LogState,
    ) -> LogError {
        let view = View {
            state,
            entries: retained.to_vec(),
            marks: Vec::new(),
            peers: Vec::new(),
            oldest: Vec::new(),
        };
        decide(batch, &view, 0).unwrap_err()
    }

    #[test]
    fn what_may_be_of_an_earlier_log_is_no_news_and_not_overtaken() {
        let mut settled = state();
        (settled.floor.hlc, settled.settled) = (entry(2).hlc, entry(9).hlc);
        let expected = entry(9).hlc;
        // Above the floor and not retained: below the head, and above it.
        for (batch, first) in [
            (vec![entry(4)], 4),
            (vec![entry(5), entry(8)], 8),
            (vec![entry(8)], 8),
        ] {
            let refusal = refused(&batch, &[entry(5)], &settled);
            let LogError::BelowFloor { hlc, floor } = refusal else {
                panic!("{refusal}");
            };
            assert_eq!((hlc, floor), (entry(first).hlc, expected));
        }
        let view = View {
            state: &settled,
            entries: vec![entry(5)],
            marks: Vec::new(),
            peers: Vec::new(),
            oldest: Vec::new(),
        };
        assert!(decide(&[entry(5)], &view, 0).unwrap().is_none(), "a retry");
        assert!(decide(&[entry(10)], &view, 0).unwrap().is_some(), "news");
    }

    #[test]
    fn the_high_water_is_written_only_where_it_rises() {
        let risen = |last: u64| {
            let batch = [entry(last)].into_iter();
            insert(batch, entry(last).hlc, &state(), 0).high_water
        };
        assert_eq!(risen(6), None);
        assert_eq!(risen(7), None);
        assert_eq!(risen(8), Some(entry(8).hlc));
    }
}
