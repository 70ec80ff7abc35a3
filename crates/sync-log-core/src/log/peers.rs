//! The peers: registered, retired, admitted again, and what they acknowledge.

use std::sync::Arc;

use hlc::Hlc;
use uuid::Uuid;

use super::SyncLog;
use crate::ack::{self, Ack, AckOutcome, Claim, repaired};
use crate::cursor::Cursor;
use crate::error::LogError;
use crate::peer::{FIRST_ADMISSION, Peer, PeerState, RegisteredBy, RetireReason, UntrustedRow};
use crate::state::LogState;
use crate::store::{Changes, Needs, PeersNeeded, View};

/// What registering a peer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Registration {
    /// The peer counts from now on.
    New,
    /// The peer was registered already; nothing changed.
    Known,
}

impl SyncLog {
    /// Registers `peer`: from now on no entry is pruned that it has not
    /// acknowledged (`K1`). Ends solo.
    ///
    /// # Errors
    /// [`LogError::NilId`], [`LogError::OwnPeer`]: fix the call.
    /// [`LogError::PeerRetired`]: it was retired, and may lack entries.
    /// [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.register_peer", skip_all, fields(%peer))]
    pub async fn register_peer(&self, peer: Uuid) -> Result<Registration, LogError> {
        let shared = Arc::clone(&self.shared);
        self.commit(one_peer(peer), move |view| {
            ack::refuse_own(peer, view.state)?;
            let row = view.peers.first();
            let known = ack::known_peer(peer, row, view.state)?;
            let is_own = row.is_some_and(|row| row.own.is_some());
            match known.filter(|_| is_own) {
                Some(known) => Ok((repaired(known, view), Registration::Known)),
                None => {
                    let new = Peer::new(peer, RegisteredBy::App, shared.clock.now_ms());
                    Ok((ack::registration(new, view.state), Registration::New))
                }
            }
        })
        .await
    }

    /// Retires `peer`: it no longer blocks pruning, and its reads and acks are refused. This only
    /// writes the marker; a later prune deletes what the peer lacked. Retiring again changes
    /// nothing.
    ///
    /// # Errors
    /// [`LogError::UnknownPeer`], [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.retire", skip_all, fields(%peer))]
    pub async fn retire(&self, peer: Uuid) -> Result<(), LogError> {
        let shared = Arc::clone(&self.shared);
        self.commit(one_peer(peer), move |view| {
            let mut row = any_peer(peer, view)?;
            if !row.is_active() {
                return Ok((repaired(row, view), ()));
            }
            let since_ms = shared.clock.now_ms();
            row.facts.state = PeerState::Retired {
                since_ms,
                reason: RetireReason::Operator,
            };
            Ok((
                Changes {
                    peer: Some(row),
                    ..Changes::default()
                },
                (),
            ))
        })
        .await
    }

    /// Admits a retired peer again: it counts from now on, under the next admission number,
    /// which is returned, and has acknowledged nothing. Entries that it lacked may have been
    /// pruned, so it needs a snapshot. From then on its acks carry the number, see
    /// [`record_ack_under`](Self::record_ack_under), and acks under older numbers are refused
    /// (`K6`). Admitting an active peer changes nothing and returns its number. Ends solo.
    ///
    /// # Errors
    /// [`LogError::UnknownPeer`]: register it. [`LogError::AdmittedTooOften`],
    /// [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.admit", skip_all, fields(%peer))]
    pub async fn admit(&self, peer: Uuid) -> Result<u32, LogError> {
        let shared = Arc::clone(&self.shared);
        self.commit(one_peer(peer), move |view| {
            let row = any_peer(peer, view)?;
            if row.is_active() {
                return Ok((repaired(row, view), row.facts.admission));
            }
            let admitted = row.admitted(shared.clock.now_ms())?;
            let admission = admitted.facts.admission;
            Ok((ack::registration(admitted, view.state), admission))
        })
        .await
    }

    /// Declares that no other device needs this library's changes: everything
    /// may be pruned (`P2`). Stored, and ended by the first registration; the
    /// peer that registers then needs a snapshot.
    ///
    /// # Errors
    /// [`LogError::NotSolo`] while a peer is active, [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.declare_solo", skip_all)]
    pub async fn declare_solo(&self) -> Result<(), LogError> {
        let all = |_: &LogState| Needs {
            peers: PeersNeeded::All,
            ..Needs::default()
        };
        self.commit(all, |view| {
            let peers = view.peers.iter().filter_map(|row| row.peer(view.state));
            match peers.filter(Peer::is_active).count() {
                0 => {
                    let solo = (!view.state.solo).then_some(true);
                    let peers_declared = (!view.state.peers_declared).then_some(true);
                    Ok((
                        Changes {
                            solo,
                            peers_declared,
                            ..Changes::default()
                        },
                        (),
                    ))
                }
                active => Err(LogError::NotSolo { active }),
            }
        })
        .await
    }

    /// All peers, including retired ones, ordered by id. A peer whose rows have a fault is an
    /// error that names it.
    ///
    /// # Errors
    /// [`LogError::Store`].
    #[tracing::instrument(level = "debug", name = "sync_log.peers", skip_all)]
    pub async fn peers(&self) -> Result<Vec<Result<Peer, UntrustedRow>>, LogError> {
        let survey = self.survey(|_, _| Vec::new()).await?;
        let judged = survey.peers.iter().map(|row| row.judge(&survey.state));
        Ok(judged.collect())
    }

    /// Records that `peer` has durably applied every entry up to and including `hlc`. Code that
    /// serves peers uses [`record_ack_at`](Self::record_ack_at), which also checks that both mean
    /// the same log.
    ///
    /// # Errors
    /// As for [`record_ack_at`](Self::record_ack_at), without
    /// [`LogError::OtherLog`].
    #[tracing::instrument(level = "debug", name = "sync_log.record_ack", skip_all, fields(%peer, %hlc))]
    pub async fn record_ack(&self, peer: Uuid, hlc: Hlc) -> Result<AckOutcome, LogError> {
        let claim = Claim::Stamp(hlc);
        self.take_ack(Ack {
            peer,
            admission: FIRST_ADMISSION,
            claim,
        })
        .await
    }

    /// Records that `peer` has durably applied every entry up to and including `cursor`, which it
    /// got from a [`Page`](crate::Page). `peer` is the device that the transport authenticated,
    /// never an id from a message (`K5`).
    ///
    /// Do not pass on an ack that was sent before this log's file, or the peer's records, were
    /// restored from a backup: the log cannot tell it from a current ack.
    ///
    /// # Errors
    /// In this order: [`LogError::NilId`], [`LogError::OwnPeer`],
    /// [`LogError::PeerRetired`], [`LogError::UnknownPeer`] under [`UnknownPeers::Refuse`](crate::UnknownPeers),
    /// [`LogError::AdmissionAhead`] or [`LogError::OtherAdmission`], [`LogError::OtherLog`], [`LogError::ForeignOrigin`],
    /// [`LogError::AckBeyondHead`], [`LogError::UnknownStamp`]; or
    /// [`LogError::Store`].
    pub async fn record_ack_at(&self, peer: Uuid, cursor: Cursor) -> Result<AckOutcome, LogError> {
        self.record_ack_under(peer, FIRST_ADMISSION, cursor).await
    }

    /// As [`record_ack_at`](Self::record_ack_at), of a peer that sends its admission number with
    /// the ack. The other calls stand for number 1, so for a peer that was retired and admitted
    /// again this is the only one.
    ///
    /// ```
    /// use sync_log_core::{Cursor, LogError, SyncLog, Uuid};
    ///
    /// /// The number and the place go to the peer together with a copy of the records.
    /// async fn let_back(log: &SyncLog, peer: Uuid) -> Result<(u32, Cursor), LogError> {
    ///     let admission = log.admit(peer).await?;
    ///     Ok((admission, log.head_cursor().await?))
    /// }
    ///
    /// /// It says the number with each ack, from its first one on, which is of that place.
    /// async fn ack(log: &SyncLog, peer: Uuid, said: (u32, Cursor)) -> Result<(), LogError> {
    ///     let (admission, cursor) = said;
    ///     log.record_ack_under(peer, admission, cursor).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`record_ack_at`](Self::record_ack_at).
    #[tracing::instrument(level = "debug", name = "sync_log.record_ack_under", skip_all, fields(%peer, admission, hlc = %cursor.hlc()))]
    pub async fn record_ack_under(
        &self,
        peer: Uuid,
        admission: u32,
        cursor: Cursor,
    ) -> Result<AckOutcome, LogError> {
        let claim = Claim::Cursor(cursor);
        self.take_ack(Ack {
            peer,
            admission,
            claim,
        })
        .await
    }

    async fn take_ack(&self, ack: Ack) -> Result<AckOutcome, LogError> {
        let shared = Arc::clone(&self.shared);
        let taken = self.commit(
            move |_| ack::needs(ack.peer, ack.claim),
            move |view| {
                let (unknown, now_ms) = (shared.options.unknown_peers, shared.clock.now_ms());
                ack::decide(ack, unknown, view, now_ms)
            },
        );
        self.noting_verdict(Some(ack.peer), taken.await).await
    }

    /// Makes pruning hold at `place`, because `peer` read there, below its own
    /// ack (`K2`).
    pub(super) async fn hold(&self, peer: Uuid, place: Hlc) -> Result<(), LogError> {
        self.commit(one_peer(peer), move |view| {
            Ok((held(peer, place, view)?, ()))
        })
        .await
    }
}

fn held(peer: Uuid, place: Hlc, view: &View<'_>) -> Result<Changes, LogError> {
    let (floor, head) = (view.state.floor.hlc, view.state.head.hlc);
    if place < floor {
        return Err(LogError::Compacted {
            requested: place,
            floor,
            head,
        });
    }
    let known = ack::known_peer(peer, view.peers.first(), view.state)?;
    let mut row = known.ok_or(LogError::UnknownPeer { peer })?;
    if place >= row.position() {
        return Ok(Changes::default());
    }
    row.facts.hold = Some(place);
    Ok(Changes {
        peer: Some(row),
        ..Changes::default()
    })
}

pub(super) fn one_peer(peer: Uuid) -> impl Fn(&LogState) -> Needs + Send + 'static {
    move |_| Needs {
        peers: PeersNeeded::One(peer),
        ..Needs::default()
    }
}

/// The peer by its rows, retired or not.
fn any_peer(peer: Uuid, view: &View<'_>) -> Result<Peer, LogError> {
    let row = view.peers.first();
    let known = row.and_then(|row| row.peer(view.state));
    known.ok_or(LogError::UnknownPeer { peer })
}
