//! The whole contents of a log, to compare them before and after a call.

use sync_log_core::{
    Extent, Hlc, LogState, LogStore, Peer, PeerRow, ReadRequest, SharedChangeEntry, Tag, Uuid,
};

/// The whole contents of a store, read through the store itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Identity, head and floor with their tags, high-water, solo.
    pub state: LogState,
    /// All peer rows.
    pub peers: Vec<PeerRow>,
    /// All entries.
    pub entries: Vec<SharedChangeEntry>,
    /// The tag that is stored for each of them.
    pub tags: Vec<Option<Tag>>,
    /// Their number, bytes and the age of the oldest.
    pub extent: Extent,
}

impl Snapshot {
    /// Reads everything. No other handle writes meanwhile.
    pub async fn of(store: &dyn LogStore) -> Self {
        let survey = store.survey(|_, _| vec![Hlc::ZERO]).await.unwrap();
        let everything = ReadRequest {
            after: Hlc::ZERO,
            max_entries: usize::MAX,
            max_bytes: usize::MAX,
            peer: None,
        };
        let view = store.read(everything).await.unwrap();
        assert_eq!(
            view.state, survey.state,
            "read and survey show the same state"
        );
        assert!(view.reached_end, "nothing is stored above everything");
        let found = view.entries.into_iter();
        let (entries, tags) = found.map(|found| (found.entry, found.tag)).unzip();
        Self {
            state: survey.state,
            peers: survey.peers,
            entries,
            tags,
            extent: survey.extents[0],
        }
    }

    /// The stamps of the entries.
    pub fn stamps(&self) -> Vec<Hlc> {
        self.entries.iter().map(|entry| entry.hlc).collect()
    }

    /// The row of `peer`.
    pub fn peer(&self, peer: Uuid) -> Option<&PeerRow> {
        let id = peer.to_string();
        self.peers.iter().find(|row| row.peer_device_id == id)
    }

    /// The peer, whose rows are sound.
    pub fn sound_peer(&self, peer: Uuid) -> Peer {
        let row = self.peer(peer).unwrap();
        row.judge(&self.state).unwrap()
    }

    /// The same contents without the id of the file, to compare two files.
    pub fn of_any_file(mut self) -> Self {
        self.state.identity.log_id = Uuid::nil();
        self
    }
}
