//! Merges changes into the versions of their records, and makes the app's tables show the result.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{StoreError, StoreFault};
use crate::model::SharedChangeEntry;

use super::facts::Models;
use super::moves::RecordWrite;
use super::port::RecordStore;
use super::record::RecordId;
use super::seen::{Seen, Wanted};
use super::settle::{OwnRows, Settling};
use super::standing::Standing;
use super::version::{Rule, Version};

/// What became of the records that were decided.
pub type Standings = BTreeMap<RecordId, Standing>;

/// Merges `entries` into the versions of their records (`X4`), and makes the app's tables show what
/// follows from the versions (`X6`). Returns what became of the records that this concerns.
///
/// The result depends on which changes were ever merged, and not on their order: a change may arrive
/// twice, and changes may arrive in any order.
///
/// # Errors
/// [`StoreError`]: roll back.
pub async fn merge<M: Models>(
    store: &mut impl RecordStore,
    models: &M,
    entries: &[SharedChangeEntry],
) -> Result<Standings, StoreError> {
    let arrived = versions_of(models, entries);
    merge_with(store, models, arrived, Seen::default()).await
}

/// Decides again what is shown of records whose versions stay as they are, after the app's models have
/// changed. Records that the older models could not read are shown now. Records that were shown before get
/// the members that the older models did not know.
pub(super) async fn show_again<M: Models>(
    store: &mut impl RecordStore,
    models: &M,
    records: impl IntoIterator<Item = RecordId>,
) -> Result<Standings, StoreError> {
    let (records, seen) = looked_up(store, records).await?;
    show(store, Settling::again(models, seen, records)).await
}

/// Decides what is shown of records that count as shown because they have rows. The rows are as the versions
/// say, so only the rows of records that cannot be shown are changed.
pub(super) async fn show_as_decided<M: Models>(
    store: &mut impl RecordStore,
    models: &M,
    records: impl IntoIterator<Item = RecordId>,
) -> Result<Standings, StoreError> {
    let (records, seen) = looked_up(store, records).await?;
    show(store, Settling::stored(models, seen, records)).await
}

async fn looked_up(
    store: &mut impl RecordStore,
    records: impl IntoIterator<Item = RecordId>,
) -> Result<(BTreeSet<RecordId>, Seen), StoreError> {
    let mut seen = Seen::default();
    let wanted = Wanted {
        records: records.into_iter().collect(),
        ties: BTreeSet::new(),
    };
    look_up(store, &mut seen, &wanted).await?;
    Ok((wanted.records, seen))
}

/// The same as [`merge()`] for versions, which may have any number of changes in them. Some records were
/// looked up before.
pub(super) async fn merge_with<M: Models>(
    store: &mut impl RecordStore,
    models: &M,
    arrived: Vec<(RecordId, Version)>,
    seen: Seen,
) -> Result<Standings, StoreError> {
    let settling = begin(store, models, arrived, seen, OwnRows::default()).await?;
    show(store, settling).await
}

/// Begins to decide what follows from versions that arrived.
///
/// `own` has the rows that the app has changed itself, in the same transaction. Such a row is left as the app
/// wrote it, unless the record is not to be shown. Records that depend on the change follow: a record that
/// was hidden for its unique key is shown when the app deletes the record that had the key.
pub(super) async fn begin<'a, M: Models>(
    store: &mut impl RecordStore,
    models: &'a M,
    arrived: Vec<(RecordId, Version)>,
    mut seen: Seen,
    own: OwnRows,
) -> Result<Settling<'a, M>, StoreError> {
    let wanted = Wanted {
        records: seen.unknown(arrived.iter().map(|(id, _)| id.clone())),
        ties: BTreeSet::new(),
    };
    look_up(store, &mut seen, &wanted).await?;
    let moved = joined(&seen, arrived);
    Ok(Settling::new(models, seen, moved, own))
}

/// The versions that move.
pub(super) fn joined(
    seen: &Seen,
    arrived: Vec<(RecordId, Version)>,
) -> BTreeMap<RecordId, Version> {
    let mut versions: BTreeMap<RecordId, Version> = BTreeMap::new();
    for (id, arriving) in arrived {
        let stored = || seen.record(&id).flatten().map(|record| &record.version);
        let version = match versions.get(&id).or_else(stored) {
            Some(known) => known.joined(&arriving),
            None => arriving,
        };
        versions.insert(id, version);
    }
    versions.retain(|id, version| {
        let stored = seen.record(id).flatten();
        stored.is_none_or(|record| record.version != *version)
    });
    versions
}

/// Each entry as the version of a record of which it is the first change.
pub(super) fn versions_of<M: Models>(
    models: &M,
    entries: &[SharedChangeEntry],
) -> Vec<(RecordId, Version)> {
    let version = |entry: &SharedChangeEntry| {
        let rule = models.rule(&entry.model_type, entry.model_version);
        let id = RecordId::of(entry);
        let version = with_members(models, &id, Version::first(entry, rule));
        (id, version)
    };
    entries.iter().map(version).collect()
}

/// The version with its members beside the whole record, where the app may need them: it merges them one
/// by one, or it does not know one of them. A newer release may merge the members one by one, and takes
/// that member from whichever change has it.
pub(super) fn with_members<M: Models>(models: &M, id: &RecordId, version: Version) -> Version {
    let model = id.model_type.as_str();
    let is_merged_by_member = models.rule(model, version.model_version) != Rule::WholeRecord;
    if version.fields.is_none()
        && (is_merged_by_member || has_unknown_member(models, model, &version))
    {
        version.by_member()
    } else {
        version
    }
}

fn has_unknown_member<M: Models>(models: &M, model: &str, version: &Version) -> bool {
    let names = version.data.member_names();
    names.iter().any(|name| !models.knows(model, name))
}

/// Shows what follows from the versions, and writes them.
async fn show<M: Models>(
    store: &mut impl RecordStore,
    settling: Settling<'_, M>,
) -> Result<Standings, StoreError> {
    let (records, standings) = settle(store, settling).await?;
    store.write(&records).await?;
    Ok(standings)
}

/// Shows what follows from the versions. Returns the records that are to be written, and what became of them.
pub(super) async fn settle<M: Models>(
    store: &mut impl RecordStore,
    mut settling: Settling<'_, M>,
) -> Result<(Vec<RecordWrite>, Standings), StoreError> {
    loop {
        let wanted = settling.go_on();
        if !wanted.is_empty() {
            let found = store.look_up(&wanted).await?;
            settling.see(&wanted, found);
            continue;
        }
        let decided = settling.moves();
        let refused = store.change(&decided.rows).await?;
        if refused.is_empty() {
            let nodes = settling.nodes.into_iter();
            let standings = nodes.map(|(id, node)| (id, node.standing)).collect();
            return Ok((decided.records, standings));
        }
        if !settling.refuse(refused, &decided) {
            let doing = "show records, of which the tables refuse the same ones again";
            return Err(StoreError::new(StoreFault::Io, doing));
        }
    }
}

/// Looks up what is wanted, and adds the result to `seen`.
pub(super) async fn look_up(
    store: &mut impl RecordStore,
    seen: &mut Seen,
    wanted: &Wanted,
) -> Result<(), StoreError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let found = store.look_up(wanted).await?;
    seen.add(wanted, found);
    Ok(())
}
