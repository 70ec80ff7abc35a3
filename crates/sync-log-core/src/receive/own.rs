//! Own changes, in the transaction that changes the app's rows (`W1`, `W2`).

use std::collections::BTreeMap;

use hlc::{Clock, Hlc, ResumeError, WallClock};

use super::facts::{Models, Reading, Tie};
use super::merge::{begin, settle, versions_of};
use super::port::OwnStore;
use super::record::RecordId;
use super::seen::{Seen, Wanted};
use super::settle::OwnRows;
use super::version::{Rule, Version};
use crate::error::StoreError;
use crate::limits::{MAX_DATA_BYTES, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::judge::{self, EntryFault};
use crate::model::{Change, ChangeType, JsonText, SharedChangeEntry};

/// Why own changes were not written. Roll back.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// No log can hold a change: fix the call.
    #[error("failed to write {record}: {fault}")]
    Content {
        /// The record.
        record: RecordId,
        /// The fault of the change.
        fault: EntryFault,
    },
    /// This app cannot read the change, so no app of its release could show it: fix the call. A change of a
    /// model that does not merge member by member has the whole record.
    #[error("failed to write {record}: this app cannot read the change: {reason}")]
    Unreadable {
        /// The record.
        record: RecordId,
        /// Why the change cannot be read.
        reason: String,
    },
    /// The changes are more than one group can hold: write them in several calls.
    #[error(
        "failed to write {entries} changes of {bytes} bytes as one group: a group has at most \
         {MAX_PAGE_ENTRIES} entries and {MAX_PAGE_BYTES} bytes"
    )]
    GroupTooLarge {
        /// How many changes.
        entries: usize,
        /// How many content bytes they have.
        bytes: usize,
    },
    /// No clock can continue from the stored mark: the database is damaged.
    #[error(transparent)]
    Clock(#[from] ResumeError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stamps own changes, puts them out for the log as one group, and moves the versions of their records.
/// The app has changed its rows before this call, in the same transaction. Returns the entries.
///
/// The stamps are drawn under the write lock, above every stamp that was given out or received, so the
/// order of commits is the order of stamps.
///
/// The members of a record that this app does not know are added to the payload, so that an older app
/// does not remove what a newer app wrote. The references that the row shows empty because the other record
/// is not shown are added, too: the app has not seen them, so an update that leaves them empty does not
/// remove them. If the payload would exceed its limit, these members are left out, and a warning is logged.
///
/// # Errors
/// Nothing may be committed. [`WriteError::Content`], [`WriteError::Unreadable`],
/// [`WriteError::GroupTooLarge`]: fix the call.
/// [`WriteError::Clock`]: restore the database. [`WriteError::Store`]: try again.
pub async fn write<M: Models, W: WallClock>(
    store: &mut impl OwnStore,
    models: &M,
    clock: &Clock<W>,
    changes: &[Change],
) -> Result<Vec<SharedChangeEntry>, WriteError> {
    let wanted = Wanted {
        records: changes.iter().map(record_of).collect(),
        ties: changes.iter().filter_map(reference).collect(),
    };
    let (mark, found) = store.mark_and_look_up(&wanted).await?;
    let mut seen = Seen::default();
    seen.add(&wanted, found);
    let known = wanted.records.iter().filter_map(|id| seen.record(id)?);
    let known = known.map(|record| record.version.source.hlc);
    clock.resume(known.fold(mark, Hlc::max))?;
    let mut entries: Vec<SharedChangeEntry> = Vec::with_capacity(changes.len());
    let mut emptied = emptied(&seen, &wanted);
    for change in changes {
        refuse_unreadable(models, change)?;
        let id = record_of(change);
        let version = seen.record(&id).flatten().map(|record| &record.version);
        let unseen = emptied.entry(id.clone()).or_default();
        retain_unseen(unseen, change);
        let change = completed(change, version, unseen, models);
        let judged = judge::content(&change.model_type, &change.data, MAX_DATA_BYTES);
        judged.map_err(|fault| WriteError::Content { record: id, fault })?;
        entries.push(SharedChangeEntry {
            group_end: false,
            ..change.stamped(clock.tick())
        });
    }
    if let Some(last) = entries.last_mut() {
        last.group_end = true;
    }
    refuse_too_large(&entries)?;
    let own = OwnRows::of(models, &entries).with_emptied(emptied);
    let arrived = versions_of(models, &entries);
    let settling = begin(store, models, arrived, seen, own).await?;
    let (records, _) = settle(store, settling).await?;
    store.write_and_put_out(&records, &entries).await?;
    Ok(entries)
}

/// The tie of the records that refer to the record of a change, if its row is replaced. These records are
/// decided with the changed record, so they are looked up with it.
fn reference(change: &Change) -> Option<Tie> {
    let is_replaced = change.change_type != ChangeType::Update;
    is_replaced.then(|| Tie::Reference(record_of(change)))
}

fn record_of(change: &Change) -> RecordId {
    RecordId::new(change.model_type.clone(), change.record_uuid)
}

/// Refuses what every device would refuse to show, this one included once it decides again. A part of a
/// record cannot be read by itself.
fn refuse_unreadable<M: Models>(models: &M, change: &Change) -> Result<(), WriteError> {
    let (model, version) = (change.model_type.as_str(), change.model_version);
    let reason = match models.rule(model, version) {
        Rule::PerField { .. } => return Ok(()),
        _ if change.change_type == ChangeType::Delete => return Ok(()),
        Rule::WholeRecord | Rule::Unknown => match models.read(model, version, &change.data) {
            Reading::Readable(_) => return Ok(()),
            Reading::UnknownModel => "its model is not registered".to_owned(),
            Reading::NewerModel => format!("version {version} of its model is not registered"),
            Reading::Refused(reason) => reason,
        },
    };
    Err(WriteError::Unreadable {
        record: record_of(change),
        reason,
    })
}

fn refuse_too_large(entries: &[SharedChangeEntry]) -> Result<(), WriteError> {
    let bytes = entries.iter().map(SharedChangeEntry::content_bytes).sum();
    if entries.len() <= MAX_PAGE_ENTRIES && bytes <= MAX_PAGE_BYTES {
        return Ok(());
    }
    Err(WriteError::GroupTooLarge {
        entries: entries.len(),
        bytes,
    })
}

/// The references that the rows of these records show empty, because the other record is not shown.
fn emptied(seen: &Seen, wanted: &Wanted) -> BTreeMap<RecordId, Vec<String>> {
    let emptied = wanted.records.iter().filter_map(|id| {
        let members = seen.record(id)??.standing.emptied()?;
        Some((id.clone(), members.to_vec()))
    });
    emptied.collect()
}

/// Retains the references that the app still has not seen when it makes this change. A deletion or an
/// insertion concerns the whole row, and a reference that an update sets replaces the one that is not seen.
fn retain_unseen(unseen: &mut Vec<String>, change: &Change) {
    if change.change_type != ChangeType::Update {
        unseen.clear();
    }
    if unseen.is_empty() {
        return;
    }
    let members = change.data.members();
    let is_empty = |name: &String| {
        let value = members.get(name);
        value.is_none_or(|value| value.as_str() == "null")
    };
    unseen.retain(is_empty);
}

/// The change with what the app has not seen of the record: the members that this app does not know, and
/// these references.
fn completed<M: Models>(
    change: &Change,
    version: Option<&Version>,
    unseen: &[String],
    models: &M,
) -> Change {
    let model = change.model_type.as_str();
    let rule = models.rule(model, change.model_version);
    let payload = version.and_then(|version| version.payload(rule));
    let (Rule::WholeRecord, Some(payload), true) =
        (rule, payload, change.change_type != ChangeType::Delete)
    else {
        return change.clone();
    };
    let of_app = change.data.members();
    let mut whole = of_app.clone();
    for (name, value) in payload.members() {
        if unseen.contains(&name) {
            whole.insert(name, value);
        } else if !models.knows(model, &name) {
            whole.entry(name).or_insert(value);
        }
    }
    if whole == of_app {
        return change.clone();
    }
    let data = JsonText::object(&whole);
    if data.len_bytes() > MAX_DATA_BYTES {
        tracing::warn!(model, record = %change.record_uuid, "members that the app has not seen were left out: the payload would be too large");
        return change.clone();
    }
    Change {
        data,
        ..change.clone()
    }
}
