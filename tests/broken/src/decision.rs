//! One decision of core, open to lies.

use sync_log_core::{
    EntrySummary, Hlc, LogError, LogState, Mark, Needs, PeerRow, PeersNeeded, SharedChangeEntry,
    Uuid, View, WriteJob, Writes,
};

/// Which decision it is, as far as a store can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `record`, `tick`, `observe_all` of other devices, or an append above the head.
    Stamp,
    /// `observe_all`, of this device too.
    Echo,
    /// An append that begins at or below the head.
    LateAppend,
    /// An ack of that peer, at that place.
    Ack(Uuid, Hlc),
    /// A registration, a retirement or a hold of that peer.
    Peer(Uuid),
    /// One chunk of a prune.
    Prune,
    /// `declare_solo`.
    Solo,
}

impl Kind {
    pub(crate) fn of(needs: &Needs) -> Self {
        match (needs.peers, needs.marks.first()) {
            (PeersNeeded::One(peer), Some(hlc)) => Self::Ack(peer.into(), *hlc),
            (PeersNeeded::One(peer), None) => Self::Peer(peer.into()),
            (PeersNeeded::All, _) if needs.oldest > 0 => Self::Prune,
            (PeersNeeded::All, _) => Self::Solo,
            (PeersNeeded::None, Some(_)) if needs.entries.is_empty() => Self::Echo,
            (PeersNeeded::None, Some(_)) => Self::LateAppend,
            (PeersNeeded::None, None) => Self::Stamp,
        }
    }
}

/// What core is shown.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) state: LogState,
    pub(crate) entries: Vec<SharedChangeEntry>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) peers: Vec<PeerRow>,
    pub(crate) oldest: Vec<EntrySummary>,
}

/// One decision, under the lock.
pub(crate) struct Decision<'a> {
    pub(crate) kind: Kind,
    pub(crate) shown: Shown,
    /// The stamps of the marks that core asked for.
    pub(crate) asked: Vec<Hlc>,
    /// Every peer row, whatever core asked for.
    pub(crate) all_peers: Vec<PeerRow>,
    /// Every entry, whatever core asked for.
    pub(crate) all_entries: Vec<EntrySummary>,
    job: &'a mut WriteJob,
}

impl<'a> Decision<'a> {
    /// `view` has all rows and all entries; core is shown what it asked for.
    pub(crate) fn new(
        job: &'a mut WriteJob,
        needs: &Needs,
        state: LogState,
        view: &View<'_>,
    ) -> Self {
        let asked_for = |row: &&PeerRow| match needs.peers {
            PeersNeeded::None => false,
            PeersNeeded::One(peer) => row.peer_device_id == peer.to_string(),
            PeersNeeded::All => true,
        };
        Self {
            kind: Kind::of(needs),
            shown: Shown {
                state,
                entries: view.entries.clone(),
                marks: view.marks.clone(),
                peers: view.peers.iter().filter(asked_for).cloned().collect(),
                oldest: view.oldest.iter().take(needs.oldest).copied().collect(),
            },
            asked: needs.marks.clone(),
            all_peers: view.peers.clone(),
            all_entries: view.oldest.clone(),
            job,
        }
    }

    /// Lets core decide on what is shown.
    pub(crate) fn take(&mut self) -> Result<Writes, LogError> {
        self.job.decide(&View {
            state: &self.shown.state,
            entries: self.shown.entries.clone(),
            marks: self.shown.marks.clone(),
            peers: self.shown.peers.clone(),
            oldest: self.shown.oldest.clone(),
        })
    }

    /// Lets core decide on something else, for this once.
    pub(crate) fn take_showing(
        &mut self,
        alter: impl FnOnce(&mut Shown),
    ) -> Result<Writes, LogError> {
        let truth = self.shown.clone();
        alter(&mut self.shown);
        let decided = self.take();
        self.shown = truth;
        decided
    }
}
