//! What the version of each record has to be, from the changes that a device has.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::{Change, ChangeType, Hlc};

use super::files::Entry;

/// The one model of the gallery that is merged member by member.
const PER_FIELD: &str = "album";

/// The one model whose records are deleted with an album.
const FOLLOWS: &str = "link";

/// What is left of the changes of one record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    /// The stamp of the highest change.
    pub(super) hlc: Hlc,
    pub(super) change_type: ChangeType,
    pub(super) data: Value,
    /// The stamp of the highest deletion, or zero.
    deleted: Hlc,
    is_live: bool,
    members: Map<String, Value>,
}

impl Expected {
    /// The payload, if the record is live.
    pub(super) fn payload(&self) -> Option<&Map<String, Value>> {
        self.is_live.then_some(&self.members)
    }

    fn add(&mut self, model: &str, hlc: Hlc, change: &Change) {
        let data: Value = change.data.parse_as().unwrap();
        let members = data.as_object().cloned().unwrap_or_default();
        self.hlc = hlc;
        self.change_type = change.change_type;
        self.data = data;
        if change.change_type == ChangeType::Delete {
            self.deleted = hlc;
        }
        if model != PER_FIELD {
            self.is_live = change.change_type != ChangeType::Delete;
            self.members = members;
            return;
        }
        match change.change_type {
            ChangeType::Insert => self.is_live = true,
            // An update does not bring a record back of which it is a part.
            ChangeType::Update => {}
            ChangeType::Delete => {
                self.is_live = false;
                self.members.clear();
            }
        }
        self.members.extend(members);
    }
}

/// The versions after these entries, which ascend by their stamps: the highest change wins.
pub(super) fn expected<'a>(
    entries: impl IntoIterator<Item = (&'a Hlc, &'a Entry)>,
) -> BTreeMap<RecordId, Expected> {
    let mut versions = BTreeMap::<RecordId, Expected>::new();
    for (hlc, Entry { change, .. }) in entries {
        let id = RecordId::new(change.model_type.clone(), change.record_uuid);
        let version = versions.entry(id).or_insert_with(|| Expected {
            hlc: *hlc,
            change_type: change.change_type,
            data: Value::Null,
            deleted: Hlc::ZERO,
            is_live: false,
            members: Map::new(),
        });
        version.add(&change.model_type, *hlc, change);
    }
    follow(&mut versions);
    versions
}

/// A link is deleted with its album, unless it was changed after that.
fn follow(versions: &mut BTreeMap<RecordId, Expected>) {
    let deletions = versions
        .iter()
        .map(|(id, version)| (id.clone(), version.deleted));
    let deletions: BTreeMap<_, _> = deletions.collect();
    for (_, link) in versions
        .iter_mut()
        .filter(|(id, _)| id.model_type == FOLLOWS)
    {
        let album = link.members.get(PER_FIELD).and_then(Value::as_str);
        let album = album.and_then(|album| album.parse().ok());
        let album = album.map(|album| RecordId::new(PER_FIELD, album));
        let outlived = album.and_then(|album| deletions.get(&album));
        link.is_live &= outlived.is_none_or(|deleted| *deleted < link.hlc);
    }
}
