//! The damage that another program, or a bad repair, does to stored rows.

use sync_log_core::{
    Contents, Hlc, JsonText, OwnRow, PeerRow, SharedChangeEntry, StoredEntry, Tag,
};

/// One change of the stored entries, or of their stored tags, that the storage itself does not
/// notice: only the chain shows it (`R4`).
#[derive(Debug, Clone)]
pub enum Damage {
    /// The entry has other data.
    DataChanged(Hlc, JsonText),
    /// The entry is deleted, and its tag stays, as after a delete by a program that knows only the
    /// original tables.
    EntryDeleted(Hlc),
    /// The entry is deleted with its tag, as in a rebuilt file that lost some rows.
    EntryAndTagDeleted(Hlc),
    /// Every entry is deleted, and every tag stays.
    AllDeleted,
    /// An entry is inserted, without a tag.
    Inserted(SharedChangeEntry),
    /// The entry has another tag.
    TagChanged(Hlc, Tag),
    /// The entry has no tag any more.
    TagDeleted(Hlc),
}

impl Damage {
    /// Applies the damage to a storage that is kept as [`Contents`].
    ///
    /// # Panics
    /// If the named entry is not there.
    pub fn to(self, contents: &mut Contents) {
        let entries = &mut contents.entries;
        match self {
            Self::DataChanged(hlc, data) => entries.get_mut(&hlc).unwrap().entry.data = data,
            Self::EntryDeleted(hlc) => {
                let tag = entries.remove(&hlc).unwrap().tag;
                contents.lost.extend(tag.map(|tag| (hlc, tag)));
            }
            Self::EntryAndTagDeleted(hlc) => drop(entries.remove(&hlc).unwrap()),
            Self::AllDeleted => {
                let all = std::mem::take(entries).into_iter();
                let lost = all.filter_map(|(hlc, stored)| Some((hlc, stored.tag?)));
                contents.lost.extend(lost);
            }
            Self::Inserted(entry) => {
                let (hlc, created_at_ms, tag) = (entry.hlc, 0, None);
                let stored = StoredEntry {
                    entry,
                    created_at_ms,
                    tag,
                };
                entries.insert(hlc, stored);
            }
            Self::TagChanged(hlc, tag) => entries.get_mut(&hlc).unwrap().tag = Some(tag),
            Self::TagDeleted(hlc) => entries.get_mut(&hlc).unwrap().tag = None,
        }
    }
}

/// One change of a peer's rows (`P5`): of the row of `peer_acks`, which is the mirror, or of
/// the store's own row.
#[derive(Debug, Clone)]
pub enum RowDamage {
    /// The mirror gets this text, whether there was a mirror or not.
    Mirror(String),
    /// The mirror is deleted.
    MirrorDeleted,
    /// The own row has another ack.
    Acked(Hlc),
    /// The own row cannot be read, except the number of the admission.
    Spoiled,
    /// The own row cannot be read, nor can the number of the admission.
    SpoiledWhole,
    /// The own row is deleted.
    Deleted,
}

impl RowDamage {
    /// Applies the damage to a storage that is kept as [`Contents`].
    ///
    /// # Panics
    /// If the own row that it changes is not there, or was spoiled before.
    pub fn to(self, contents: &mut Contents, peer_device_id: &str) {
        let empty = PeerRow {
            peer_device_id: peer_device_id.to_owned(),
            own: None,
            mirror: None,
        };
        let id = peer_device_id.to_owned();
        let row = contents.peers.entry(id).or_insert(empty);
        match self {
            Self::Mirror(text) => row.mirror = Some(text),
            Self::MirrorDeleted => row.mirror = None,
            Self::Deleted => row.own = None,
            Self::Acked(hlc) => {
                let Some(OwnRow::Known { acked, .. }) = &mut row.own else {
                    panic!("{peer_device_id} has no own row that can be read");
                };
                *acked = hlc;
            }
            Self::Spoiled => {
                let Some(OwnRow::Known { facts, .. }) = row.own else {
                    panic!("{peer_device_id} has no own row that can be read");
                };
                let admission = Some(facts.admission);
                row.own = Some(OwnRow::Unreadable { admission });
            }
            Self::SpoiledWhole => row.own = Some(OwnRow::Unreadable { admission: None }),
        }
        let is_gone = row.own.is_none() && row.mirror.is_none();
        if is_gone {
            contents.peers.remove(peer_device_id);
        }
    }
}

/// Does to a storage that is kept as [`Contents`] what
/// [`Tampering::adopt`](crate::Tampering::adopt) requires.
pub fn adopt(contents: &mut Contents) {
    contents.state.peers_declared = false;
    contents.state.settled = contents.state.high_water;
    for row in contents.peers.values_mut() {
        if let Some(OwnRow::Known { facts, .. }) = &mut row.own {
            facts.verified = false;
        }
    }
}
