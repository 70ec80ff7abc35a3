//! Everything that a log holds, to compare it before and after a call.

use sync_log_core::{
    Extent, Hlc, LogState, LogStore, PeerRow, ReadRequest, SharedChangeEntry, Uuid,
};

/// All that a store holds, read through the store itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Identity, head, floor with its tag, high-water, solo.
    pub state: LogState,
    /// All peer rows.
    pub peers: Vec<PeerRow>,
    /// All entries.
    pub entries: Vec<SharedChangeEntry>,
    /// Their number, bytes and the age of the oldest.
    pub extent: Extent,
}

impl Snapshot {
    /// Reads everything. Nobody else writes meanwhile.
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
        Self {
            state: survey.state,
            peers: survey.peers,
            entries: view.entries,
            extent: survey.extents[0],
        }
    }

    /// The stamps of the entries.
    #[must_use]
    pub fn stamps(&self) -> Vec<Hlc> {
        self.entries.iter().map(|entry| entry.hlc).collect()
    }

    /// The row of `peer`.
    #[must_use]
    pub fn peer(&self, peer: Uuid) -> Option<&PeerRow> {
        let id = peer.hyphenated().to_string();
        self.peers.iter().find(|row| row.peer_device_id == id)
    }

    /// The same without the id of the file, to compare two files.
    #[must_use]
    pub fn of_any_file(mut self) -> Self {
        self.state.identity.log_id = Uuid::nil();
        self
    }
}
