//! What must hold on a device after each step.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::receive::{Need, RecordId, Standing};
use sync_log_core::{Change, ChangeType, DeviceId, Hlc, SharedChangeEntry};

use super::device::{Found, Written};
use super::history::{Committed, History};
use super::oracle::{Expected, expected};
use super::release::{Release, members as members_of, references};
use crate::invariants::Violation;

/// What every device ever committed, by its id.
pub(crate) type Histories = BTreeMap<DeviceId, History>;

/// Everything that can be checked on one device.
pub(crate) fn device(device: &Found, histories: &Histories) -> Result<(), Violation> {
    tables_are_sound(device)?;
    watermarks_are_true(device, histories)?;
    groups_wait_whole(device, histories)?;
    let expected = what_it_has(device, histories);
    records_follow_from_what_it_has(device, &expected)?;
    rows_follow_from_what_it_has(device, &expected)?;
    deletions_are_forgotten_late(device, histories, &expected)?;
    log_is_what_was_committed(device, &histories[&device.id])
}

/// A database refuses nothing of what is done to the tables.
fn tables_are_sound(device: &Found) -> Result<(), Violation> {
    match &device.unsound {
        Some(unsound) => Err(Violation::new("tables_are_sound", unsound.as_str())),
        None => Ok(()),
    }
}

/// A watermark is the end of a group in the log of its origin, with the tag that belongs to it.
fn watermarks_are_true(device: &Found, histories: &Histories) -> Result<(), Violation> {
    for (origin, watermark) in &device.watermarks {
        if !histories[origin].has(watermark.mark()) {
            let what = format!("{} is at {watermark} of {origin}", device.id);
            return Err(Violation::new("watermarks_are_true", what));
        }
    }
    Ok(())
}

/// What waits was received, as whole groups.
fn groups_wait_whole(device: &Found, histories: &Histories) -> Result<(), Violation> {
    let waiting = &device.waiting;
    for hlc in waiting {
        let origin = DeviceId::from(hlc.device_id);
        let group = histories[&origin].group_of(*hlc);
        let is_received = *hlc <= device.watermark(origin).hlc();
        if !is_received || !group.iter().all(|it| waiting.contains(&it.entry.hlc)) {
            let what = format!("{} lets {hlc} wait without its group", device.id);
            return Err(Violation::new("groups_wait_whole", what));
        }
    }
    Ok(())
}

/// After a page, a group waits only for a record that it needs and of which no change was applied, and only
/// until every other device is past the group.
pub(crate) fn groups_wait_for_a_record(
    device: &Found,
    histories: &Histories,
) -> Result<(), Violation> {
    let past = past(device, histories);
    for hlc in &device.waiting {
        let group = histories[&DeviceId::from(hlc.device_id)].group_of(*hlc);
        let is_past = group.last().is_none_or(|last| last.entry.hlc <= past);
        let mut needs = needs(group, device.release).into_iter();
        if is_past || !needs.any(|needed| !device.standings.contains_key(&needed)) {
            let what = format!("{} lets {hlc} wait for nothing", device.id);
            return Err(Violation::new("groups_wait_for_a_record", what));
        }
    }
    Ok(())
}

/// The records to which a group must refer, as far as this release can read it.
fn needs(group: &[Committed], release: Release) -> Vec<RecordId> {
    let can_read = |it: &&Committed| {
        let version = release.version(&it.id.model_type);
        version.is_some_and(|version| it.entry.model_version <= version)
    };
    let live = group.iter().filter(can_read);
    let live = live.filter(|it| it.entry.change_type != ChangeType::Delete);
    let references = live.flat_map(|it| references(&it.id.model_type, &it.members));
    let needed = references.filter(|it| it.need != Need::May);
    let needed = needed.map(|it| it.to);
    needed
        .filter(|to| group.iter().all(|it| it.id != *to))
        .collect()
}

/// The stamp up to which a device has the changes of every other one.
fn past(device: &Found, histories: &Histories) -> Hlc {
    let others = histories.keys().filter(|origin| **origin != device.id);
    let past = others.map(|origin| device.watermark(*origin).hlc()).min();
    past.unwrap_or(Hlc::ZERO)
}

/// The own changes of a device, and those of others up to its watermarks that do not wait. A device that
/// has taken a snapshot has what was there before a log began.
fn changes_of<'a>(
    device: &'a Found,
    histories: &'a Histories,
) -> impl Iterator<Item = &'a Committed> {
    let waiting = &device.waiting;
    let received = histories.iter().flat_map(move |(origin, history)| {
        let up_to = if *origin == device.id {
            history.head()
        } else {
            device.watermark(*origin).hlc()
        };
        history.past_at(up_to).iter().chain(history.up_to(up_to))
    });
    received.filter(move |it| !waiting.contains(&it.entry.hlc))
}

fn what_it_has(device: &Found, histories: &Histories) -> BTreeMap<RecordId, Expected> {
    expected(changes_of(device, histories), device.release)
}

/// The watermarks and the records move together, and what is not shown is there, with its reason.
fn records_follow_from_what_it_has(
    device: &Found,
    expected: &BTreeMap<RecordId, Expected>,
) -> Result<(), Violation> {
    let broken = |what| Err(Violation::new("records_follow_from_what_it_has", what));
    for (id, standing) in &device.standings {
        let Some(expected) = expected.get(id) else {
            return broken(format!("{} has {id}, which never came", device.id));
        };
        if *standing != expected.standing {
            return broken(format!(
                "{} has {id} as {:?} instead of {:?}",
                device.id, standing, expected.standing
            ));
        }
    }
    let is_lost = |(id, it): &(&RecordId, &Expected)| {
        let is_known = device.standings.contains_key(*id);
        !is_known && it.standing != Standing::Deleted
    };
    match expected.iter().find(is_lost) {
        Some((id, _)) => broken(format!("{} lost {id}", device.id)),
        None => Ok(()),
    }
}

fn rows_follow_from_what_it_has(
    device: &Found,
    expected: &BTreeMap<RecordId, Expected>,
) -> Result<(), Violation> {
    let rows = &device.rows;
    let with_row = expected.iter().filter(|(_, it)| it.row.is_some());
    let there: BTreeSet<_> = rows.keys().chain(with_row.map(|(id, _)| id)).collect();
    for id in there {
        let to_be = expected.get(id).and_then(|it| it.row.as_ref());
        let is = rows.get(id);
        if is != to_be {
            let what = format!("{} shows {id} as {is:?} instead of {to_be:?}", device.id);
            return Err(Violation::new("rows_follow_from_what_it_has", what));
        }
    }
    Ok(())
}

/// A deletion is forgotten only when every other device is past it.
fn deletions_are_forgotten_late(
    device: &Found,
    histories: &Histories,
    expected: &BTreeMap<RecordId, Expected>,
) -> Result<(), Violation> {
    let past = past(device, histories);
    for (id, it) in expected {
        if !device.standings.contains_key(id) && it.newest > past {
            let what = format!("{} forgot {id}, which may still come", device.id);
            return Err(Violation::new("deletions_are_forgotten_late", what));
        }
    }
    Ok(())
}

/// No change is without an entry, and no entry without a change: what the log retains, and what is still
/// to be appended, is what the app committed.
fn log_is_what_was_committed(device: &Found, history: &History) -> Result<(), Violation> {
    let broken = |what| Err(Violation::new("log_is_what_was_committed", what));
    let log = &device.log;
    let committed = history.above(log.floor).iter().map(|it| &it.entry);
    let to_be = committed.filter(|entry| entry.hlc <= log.head);
    // A log that got a new id may retain entries from before that.
    let entries = log.entries.iter().filter(|it| it.hlc > history.start());
    if !entries.eq(to_be) {
        return broken(format!("the log of {} is not what its app did", device.id));
    }
    let pending = device.outbox.iter().filter(|it| it.hlc > log.head);
    let unlogged = history.above(log.head).iter().map(|it| &it.entry);
    if !pending.eq(unlogged) {
        return broken(format!("{} does not log what its app did", device.id));
    }
    Ok(())
}

/// The entries of a write are those of all its changes, or of none.
pub(crate) fn writes_are_whole(
    written: &Written,
    entries: &[SharedChangeEntry],
) -> Result<(), Violation> {
    let changes: &[Change] = match written {
        Written::Nothing | Written::RolledBack => &[],
        Written::Killed(_) if entries.is_empty() => &[],
        Written::Killed(changes)
        | Written::KilledAfterCommit(changes)
        | Written::Committed(changes) => changes,
    };
    let of_change = |it: &Change| (it.change_type, it.model_type.clone(), it.record_uuid);
    let of_entry = |it: &SharedChangeEntry| (it.change_type, it.model_type.clone(), it.record_uuid);
    if changes
        .iter()
        .map(of_change)
        .eq(entries.iter().map(of_entry))
    {
        return Ok(());
    }
    let what = format!("{changes:?} became {entries:?}");
    Err(Violation::new("writes_are_whole", what))
}

/// An own change is stamped above all that the device has, and is the end of a group with the others
/// of its transaction.
pub(crate) fn own_write_is_above(
    device: &Found,
    histories: &Histories,
    written: &[SharedChangeEntry],
) -> Result<(), Violation> {
    let highest = changes_of(device, histories).map(|it| it.entry.hlc).max();
    let highest = highest.max(device.waiting.last().copied());
    let mut below = written.iter().filter(|it| Some(it.hlc) <= highest);
    if let Some(below) = below.next() {
        let what = format!("{} stamped {} below what it has", device.id, below.hlc);
        return Err(Violation::new("own_write_is_above", what));
    }
    Ok(())
}

/// An older app puts back the members that it does not know, unless it has forgotten the record.
pub(crate) fn members_are_kept(
    device: &Found,
    histories: &Histories,
    written: &[SharedChangeEntry],
) -> Result<(), Violation> {
    let mut members = BTreeMap::new();
    let mut changes: Vec<_> = changes_of(device, histories).collect();
    changes.sort_by_key(|it| it.entry.hlc);
    for change in changes {
        members.insert(&change.id, &change.members);
    }
    for entry in written.iter().filter(|it| is_whole(it, device.release)) {
        let id = RecordId::of(entry);
        if !device.standings.contains_key(&id) {
            continue;
        }
        let known = device.release.members(&id.model_type);
        let kept = members_of(&entry.data);
        let before = members
            .get(&id)
            .into_iter()
            .flat_map(|before| before.iter());
        let unknown = before.filter(|(name, _)| !known.contains(&name.as_str()));
        if let Some((name, _)) = unknown
            .into_iter()
            .find(|(name, it)| kept.get(*name) != Some(it))
        {
            let what = format!("{} dropped `{name}` of {id}", device.id);
            return Err(Violation::new("members_are_kept", what));
        }
    }
    Ok(())
}

fn is_whole(entry: &SharedChangeEntry, release: Release) -> bool {
    let is_delete = entry.change_type == ChangeType::Delete;
    !is_delete && !release.is_per_field(&entry.model_type)
}

/// An origin has no ack of a reader above what the reader has committed.
pub(crate) fn ack_is_applied(origin: &Found, reader: &Found) -> Result<(), Violation> {
    let acked = origin.log.acked.get(&reader.id);
    let acked = acked.copied().unwrap_or(Hlc::ZERO);
    if acked > reader.watermark(origin.id).hlc() {
        let what = format!(
            "{} acknowledged {acked} of {}, and lacks it",
            reader.id, origin.id
        );
        return Err(Violation::new("ack_is_applied", what));
    }
    Ok(())
}
